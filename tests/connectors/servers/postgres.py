"""PostgreSQL, as another user than root where need be; a role with a password, over TCP on loopback."""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

import psycopg

from tests.connectors.servers.base import Server, program, unavailable

_FOLDERS = ("usr/lib/postgresql/*/bin",)
PASSWORD = "secret"
LOOKS_ON = "looks on"
"""What the connections of tests call themselves: the server may be a while in ending one that was closed."""


class Postgres(Server):
    """A server with one role, "tester", and one database."""

    name: ClassVar[str] = "postgres"

    @property
    def conninfo(self) -> str:
        return self.at(self.host, self.port)

    def at(self, host: str, port: int, password: str = PASSWORD) -> str:
        return f"postgresql://tester:{password}@{host}:{port}/postgres?sslmode=disable"

    def command(self) -> list[str]:
        initdb = program("initdb", package="postgresql", folders=_FOLDERS)
        data = self.folder / "data"
        if not data.exists():
            self._set_up(initdb, data)
        server = program("postgres", package="postgresql", folders=_FOLDERS)
        # A test is over before a disk is asked whether it has it: SIGKILL loses nothing all the same.
        options = {
            "listen_addresses": self.host,
            "port": self.port,
            "unix_socket_directories": "",
            "fsync": "off",
            "max_connections": 60,
            "shared_buffers": "32MB",
            "dynamic_shared_memory_type": "mmap",
        }
        settings = [part for key, value in options.items() for part in ("-c", f"{key}={value}")]
        return [*self._other_user(), server, "-D", str(data), *settings]

    def ready(self) -> bool:
        try:
            with psycopg.connect(self.conninfo, connect_timeout=5):
                return True
        except psycopg.OperationalError:
            return False

    def _set_up(self, initdb: str, data: Path) -> None:
        password = self.folder / "password"
        password.write_text(PASSWORD)
        if self._other_user():
            for path in (self.folder, password):
                os.chown(path, *self._ids())
        made = subprocess.run(
            [
                *self._other_user(), initdb, "-D", str(data), "-U", "tester", "--no-sync",
                "--no-locale", "-E", "UTF8", "-A", "scram-sha-256", "--pwfile", str(password),
            ],
            capture_output=True, text=True, check=False, cwd=self.folder,
        )  # fmt: skip
        if made.returncode:
            unavailable(self.name, f"initdb failed:\n{made.stdout}{made.stderr}")

    def _other_user(self) -> list[str]:
        """Return what is put before a command: the server refuses to be root's."""
        if os.geteuid() != 0:
            return []
        user, group = self._ids()
        return ["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups", "--"]

    def _ids(self) -> tuple[int, int]:
        known = {entry.pw_name: (entry.pw_uid, entry.pw_gid) for entry in pwd.getpwall()}
        return known.get("postgres") or known["nobody"]

    def _signal(self, number: int) -> None:
        if self._process is None or self._process.poll() is not None:
            return
        if number == signal.SIGTERM:
            number = signal.SIGINT  # which does not wait for those who are still connected
        # Each of its processes is a group of its own.
        children = [] if number == signal.SIGINT else _children(self.pid)
        for pid in (self.pid, *children):
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    # What tests ask of it -----------------------------------------------------------------------

    def sql(self, statement: str, parameters: Any = None) -> list[Any]:
        """Run a statement, on a connection of its own; return its rows."""
        with psycopg.connect(
            self.conninfo, autocommit=True, application_name=LOOKS_ON
        ) as connection:
            cursor = connection.execute(statement.encode(), parameters)
            return cursor.fetchall() if cursor.description else []


def _children(parent: int) -> list[int]:
    found: list[int] = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = path.read_text().rpartition(")")[2].split()
            if int(fields[1]) == parent:
                found.append(int(path.parent.name))
    return found
