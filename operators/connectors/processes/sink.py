"""A program's standard input as a sink."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from operators.connectors.arguments import need_arguments
from operators.connectors.message import value_of
from operators.connectors.processes.child import running
from operators.connectors.processes.settings import SinkSettings
from operators.custom import Sink

_WHY = 1.0
"""Seconds in which a program that reads no more may end, to say why."""


class _Sink(Sink[Any]):
    name = "processes.sink"

    def __init__(self, command: Sequence[str], settings: SinkSettings) -> None:
        self._command = command
        self._settings = settings
        self.details: str = command[0]
        self.batch: int = settings.batch

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[Callable[[list[Any]], Awaitable[None]]]:
        drops = self._settings.stdout == "drop"
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.DEVNULL if drops else None}
        async with running(self._command, self._settings, **pipes) as child:
            stdin = child.stdin

            async def write(items: list[Any]) -> None:
                stdin.writelines([self._bytes(value_of(item)) for item in items])
                try:
                    await stdin.drain()
                except (BrokenPipeError, ConnectionResetError) as error:
                    with suppress(TimeoutError):
                        async with asyncio.timeout(_WHY):
                            await child.ended()  # which says why, where it has failed
                    raise BrokenPipeError(
                        f"{self._command[0]} reads no more, and has not read all"
                    ) from error

            yield write
            stdin.close()
            await child.ended()

    def _bytes(self, value: Any) -> bytes:
        if isinstance(value, bytes):
            return value
        return (str(value) + "\n").encode(self._settings.encoding)


def sink(
    command: Sequence[str],
    settings: SinkSettings = SinkSettings(),  # noqa: B008 - frozen
) -> Sink[Any]:
    """Return a sink that a program reads, started anew for each run: a str as a line, bytes as they are.

    It waits while the pipe is full: some 128 KiB, with what waits in this process; `settings.batch` items
    wait besides, and as many are in hand. The flow completes when all was read and the program has ended
    with code 0. Fails with a ProcessError where it ends with another, and with a BrokenPipeError where it
    ends before it has read all.

    >>> import sys
    >>> from operators import Flow
    >>> from operators.connectors import processes
    >>> check = "import sys; sys.exit(len(sys.stdin.readlines()) != 2)"
    >>> Flow.of("a", "b").apply(processes.sink([sys.executable, "-c", check])).run()
    'b'
    """
    need_arguments("processes.sink", SinkSettings, settings, command=command)
    return _Sink(tuple(command), settings)
