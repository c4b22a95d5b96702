"""What all real servers have: a program that is found or installed, a folder, and an address."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, ClassVar, NoReturn, TypeVar

import pytest

S = TypeVar("S", bound="Server")

SECONDS_TO_START = 90.0
KEPT: set[int] = set()
"""The processes of servers that go on to the end of the tests; no test has left them behind."""
_SHARED: dict[type[Server], Server] = {}
_BEGINNING = threading.Lock()  # several threads may be the first to need it
_POLICY = Path("/usr/sbin/policy-rc.d")


class Server(ABC):
    """One server on loopback, in a folder of its own; `begin` it, and `end` it, as often as you like."""

    name: ClassVar[str]

    def __init__(self) -> None:
        self.host = "127.0.0.1"
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix=f"{self.name}-"))
        self._process: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None

    # What each says -----------------------------------------------------------------------------

    @abstractmethod
    def command(self) -> list[str]:
        """Return what starts it in the foreground; what has to be installed or set up is, here."""

    def ready(self) -> bool:
        """Whether it answers; asked again and again, and may raise an OSError."""
        with socket.create_connection((self.host, self.port), 1.0):
            return True

    def environment(self) -> dict[str, str]:
        """Return what there is beside the environment of the tests."""
        return {}

    # What all do --------------------------------------------------------------------------------

    @property
    def log(self) -> Path:
        return self.folder / "log"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def begin(self) -> None:
        """Start it, with what is in its folder, and wait until it answers."""
        command = self.command()
        self._log = self.log.open("ab")
        self._process = process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            cwd=self.folder,
            env={**os.environ, **self.environment()},
            start_new_session=True,
        )
        deadline = time.monotonic() + SECONDS_TO_START
        while process.poll() is None and time.monotonic() < deadline:
            with suppress(OSError):
                if self.ready():
                    return
            time.sleep(0.02)
        self.kill()
        said = self.log.read_text(errors="replace")[-2_000:]
        unavailable(self.name, f"it did not answer in {SECONDS_TO_START:g} s; it said:\n{said}")

    def kill(self) -> None:
        """Kill it (SIGKILL), and all that it has started."""
        self._signal(signal.SIGKILL)
        self._over()

    def hang(self) -> None:
        """Stop it as it stands: what connects is accepted by the kernel, and never answered."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let one that hangs go on."""
        self._signal(signal.SIGCONT)

    def end(self) -> None:
        """End it, for good: its folder is removed."""
        self._signal(signal.SIGCONT)
        self._signal(signal.SIGTERM)
        self._over()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _signal(self, number: int) -> None:
        if self._process is not None and self._process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)

    def _over(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        if self._log is not None:
            self._log.close()


def shared(kind: type[S]) -> S:
    """Return the one server of its kind that goes on to the end of the tests; begun when it is needed first.

    For tests that leave it as it is: each has names of its own in it.
    """
    with _BEGINNING:
        found = _SHARED.get(kind)
        if found is None:
            found = kind()
            found.begin()
            _SHARED[kind] = found
            KEPT.add(found.pid)
    assert isinstance(found, kind)
    return found


@contextmanager
def own(kind: type[S]) -> Any:
    """Have a server for one test alone, which may kill it, have it hang, and begin it again."""
    server = kind()
    try:
        server.begin()
        yield server
    finally:
        server.end()


def end_all() -> None:
    """End the servers that are shared."""
    for server in _SHARED.values():
        server.end()
    _SHARED.clear()


def free_port() -> int:
    """Return a port of loopback that nobody has now."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port: int = sock.getsockname()[1]
    return port


# Programs ---------------------------------------------------------------------------------------


def program(name: str, *, package: str, folders: tuple[str, ...] = ()) -> str:
    """Return a program, from the path or one of the folders (patterns); else install Debian's package."""

    def look() -> str | None:
        places = [str(place) for folder in folders for place in sorted(Path("/").glob(folder))]
        return shutil.which(name, path=os.pathsep.join([*os.get_exec_path(), *places]))

    found = look()
    if found is None:
        with once(f"apt-{package}"):
            found = look()
            if found is None:
                _install(package)
                found = look()
    if found is None:
        unavailable(name, f"Debian's package {package} has no such program")
    return found


def _install(package: str) -> None:
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        unavailable(
            package, "not installed, and only root can install it, where there is an apt-get"
        )
    # What a package brings must not be started by it: the tests start their own.
    policy = not _POLICY.exists()
    if policy:
        _POLICY.write_text("#!/bin/sh\nexit 101\n")
        _POLICY.chmod(0o755)
    try:
        _run(package, ["apt-get", "update", "-qq"])
        install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", package]
        _run(package, install)
    finally:
        if policy:
            _POLICY.unlink()


def _run(name: str, command: list[str]) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        unavailable(name, f"{' '.join(command)} failed:\n{(done.stdout + done.stderr)[-2_000:]}")


def built(name: str, build: Callable[[Path], object]) -> Path:
    """Return the folder that was built once for all runs of the tests; `build` is given an empty one."""
    cache = (
        Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "reactive-streams-tests"
    )
    place = cache / name
    with once(f"built-{name}"):
        if not place.exists():
            cache.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=cache) as making:
                folder = Path(making) / "made"
                folder.mkdir()
                try:
                    build(folder)
                except (OSError, subprocess.CalledProcessError) as error:
                    said = getattr(error, "stderr", None) or b""
                    text = said if isinstance(said, str) else said.decode(errors="replace")
                    unavailable(name, f"it could not be built: {error}\n{text[-2_000:]}")
                folder.rename(place)
    return place


@contextmanager
def once(name: str) -> Any:
    """Keep other processes of the tests from doing the same at the same time."""
    import fcntl

    with open(Path(tempfile.gettempdir()) / f"reactive-streams-{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def unavailable(name: str, why: str) -> NoReturn:
    """Fail in CI, else skip, by name: this server cannot be had."""
    if os.environ.get("CI"):
        pytest.fail(f"{name}: {why}", pytrace=False)
    pytest.skip(f"{name}: {why}")
