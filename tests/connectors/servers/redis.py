"""Redis, which keeps what it is told on disk before it answers."""

from __future__ import annotations

import socket
from typing import ClassVar

from tests.connectors.servers.base import Server, program


class Redis(Server):
    """A redis-server; `on_disk` is "no" where it need not survive."""

    name: ClassVar[str] = "redis"
    on_disk: ClassVar[str] = "yes"

    def command(self) -> list[str]:
        found = program("redis-server", package="redis-server")
        settings = {
            "bind": self.host,
            "port": str(self.port),
            "dir": str(self.folder),
            "save": "",
            "appendonly": self.on_disk,
            "appendfsync": "always",
        }
        return [
            found,
            *(word for name, value in settings.items() for word in (f"--{name}", value)),
        ]

    def ready(self) -> bool:
        with socket.create_connection((self.host, self.port), 1.0) as client:
            client.settimeout(1.0)
            client.sendall(b"PING\r\n")
            return client.recv(16).startswith(b"+PONG")  # not while it reads its file

    @property
    def url(self) -> str:
        return f"redis://{self.host}:{self.port}"
