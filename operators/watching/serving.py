"""Serving: a Unix socket, for its user alone, on which a process tells what its watched flows do.

What `python -m operators top` attaches to. A line of JSON goes to everybody who is connected, a few times
a second: the readings of all runs. Nothing that comes in is read.
"""

from __future__ import annotations

import atexit
import json
import logging
import os
import socket
import stat
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

from operators._kernel.running.explain import explain
from operators._kernel.subscription.scope import Everywhere
from operators.schedulers import thread
from operators.watching.meters import Reading, StageReading, read
from operators.watching.runs import Run, Watch, runs

__all__ = ["Serving", "serve", "socket_of"]

_TICK = 0.25  # seconds between two lines
_STALL = 5.0
_MOST = 20  # runs that are told of, the last begun of all
VARIABLE = "OPERATORS_TOP"
"""The environment variable that has a process serve from its start: 1, or the path of the socket."""


def _folder() -> Path:
    import tempfile  # which brings much that most programs do without

    return Path(tempfile.gettempdir()) / f"operators-{os.getuid()}"


def socket_of(pid: int) -> Path:
    """Return where the process with this id has its socket, unless it was given another path."""
    return _folder() / f"{pid}.sock"


def _own_folder() -> Path:
    """Return the folder of this user's sockets; raises PermissionError where others could be in it."""
    folder = _folder()
    with suppress(FileExistsError):
        folder.mkdir(0o700)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise PermissionError(
            f"{folder} is to be a folder of this user's, which nobody else may enter (mode 0700)"
        )
    return folder


class Serving:
    """The socket of this process; a `with` closes it, and so does `close`."""

    def __init__(self, path: Path) -> None:
        self.path: Path = path
        """Where it is: to be given to `python -m operators top`, as the process's id may be."""
        self._before = Everywhere.begin
        self._listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._listening.bind(str(path))
            path.chmod(0o600)  # nobody can connect before `listen`
            self._listening.listen(8)
        except BaseException:
            self._listening.close()
            raise
        self._listening.setblocking(False)
        self._clients: list[socket.socket] = []
        if self._before is None:
            Everywhere.begin = Watch("serve", _STALL, "queue", None, None)
        self._worker = thread("operators-top").worker()
        self._worker.schedule(self._tick)
        self._open = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Take the socket away, and watch no more of the flows that are run from now on."""
        if not self._open:
            return
        self._open = False
        Everywhere.begin = self._before
        self._worker.close()
        with suppress(FileNotFoundError):
            self.path.unlink()
        self._listening.close()
        for client in list(self._clients):
            client.close()

    def _tick(self) -> None:
        with suppress(OSError):  # nobody has come, or it was closed
            while True:
                client, _ = self._listening.accept()
                client.setblocking(False)
                self._clients.append(client)
        if self._clients:
            line = (json.dumps(told(), separators=(",", ":")) + "\n").encode()
            self._clients = [client for client in self._clients if _sent(client, line)]
        if self._open:
            self._worker.schedule(self._tick, _TICK)


def _sent(client: socket.socket, line: bytes) -> bool:
    """Send a line; one who is too slow for it, or gone, is left."""
    try:
        if client.send(line) == len(line):
            return True
    except OSError:
        pass
    client.close()
    return False


def told() -> dict[str, Any]:
    """Return what is told of the process: plain data."""
    return {"pid": os.getpid(), "runs": [_run(run) for run in runs()[-_MOST:]]}


def _run(run: Run) -> dict[str, Any]:
    reading = read(run.metering)
    stages = [
        asdict(stage)
        for stage, count in zip(reading.stages, list(run.metering.counts), strict=False)
        if count.begun
    ]
    most = max(run.most_in_flight, reading.in_flight)
    run.most_in_flight = most
    return {
        "number": run.number, "title": run.metering.last.node.title, "where": run.where,
        "seconds": run.seconds, "bound": explain(run.node).in_flight, "at": reading.at,
        "in_flight": reading.in_flight, "most_in_flight": most, "waited_for": reading.waited_for,
        "stages": stages,
    }  # fmt: skip


def reading_of(told_run: dict[str, Any]) -> Reading:
    """Return the reading that was told of a run."""
    stages = tuple([StageReading(**stage) for stage in told_run["stages"]])
    return Reading(
        told_run["at"],
        stages,
        told_run["in_flight"],
        told_run["most_in_flight"],
        told_run["waited_for"],
    )


def serve(path: str | os.PathLike[str] | None = None) -> Serving:
    """Return the socket on which this process tells what its flows do, for `python -m operators top`.

    Only its user may open it (mode 0600). The flows that are run from now on are watched by their queues,
    unless `watch_all` is in effect, until it is closed. `path` is where the socket is made; None: in a
    folder of the user's own, by the process's id. Raises FileExistsError where there is one already, and
    RuntimeError where the system has none.

    >>> from operators.watching import serve
    >>> with serve() as serving:
    ...     oct(serving.path.stat().st_mode & 0o777)
    '0o600'
    """
    if not hasattr(socket, "AF_UNIX"):
        raise RuntimeError("serve: this system has no Unix sockets")
    at = Path(path) if path is not None else _own_folder() / f"{os.getpid()}.sock"
    if path is None:
        with suppress(FileNotFoundError):
            at.unlink()  # of a process that had this id before
    elif at.exists():
        raise FileExistsError(f"serve: there is something at {at} already")
    return Serving(at)


_kept: list[Serving] = []


def serve_where_asked() -> None:
    """Serve until the program ends, where the environment variable asks for it."""
    value = os.environ.get(VARIABLE, "")
    if value and value != "0" and not _kept:
        try:
            serving = serve(None if value == "1" else value)
        except OSError as error:  # a child of the process that has the path already, say
            logging.getLogger("operators.watching").warning("%s=%s: %s", VARIABLE, value, error)
            return
        _kept.append(serving)
        atexit.register(serving.close)
