"""Child: a running program, with the last of what it complained about."""

from __future__ import annotations

import asyncio
import subprocess
from asyncio.subprocess import SubprocessStreamProtocol
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from operators._kernel.hosts.cleanups import Unbroken
from operators.connectors.processes.settings import SinkSettings, SourceSettings

AT_ONCE = 65_536
_TOLD = 2_000
_START = 1.0
"""Seconds in which a program that is given up has started; most take a few milliseconds."""


class ProcessError(RuntimeError):
    """A program has failed: `code` is what it ended with, `complaint` the end of its standard error."""

    def __init__(self, program: str, code: int, complaint: str) -> None:
        super().__init__(
            f"{program} ended with code {code}" + (f": {complaint}" if complaint else "")
        )
        self.code: int = code
        self.complaint: str = complaint


class _Protocol(SubprocessStreamProtocol):
    """Tells of the end of the program itself: its pipes may be held by others, or be full, for longer."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(AT_ONCE, loop)
        self.exited: asyncio.Future[None] = loop.create_future()

    def process_exited(self) -> None:
        super().process_exited()
        if not self.exited.done():
            self.exited.set_result(None)


class Child:
    """A running program; all of it is of one event loop."""

    def __init__(
        self, program: str, protocol: _Protocol, transport: asyncio.SubprocessTransport
    ) -> None:
        self._program = program
        self._protocol = protocol
        self._transport = transport
        self._told = b""
        self._listening = asyncio.ensure_future(self._listen())

    @property
    def stdin(self) -> asyncio.StreamWriter:
        """What it reads."""
        assert self._protocol.stdin is not None
        return self._protocol.stdin

    @property
    def stdout(self) -> asyncio.StreamReader:
        """What it prints."""
        assert self._protocol.stdout is not None
        return self._protocol.stdout

    async def _listen(self) -> None:
        stderr = self._protocol.stderr
        assert stderr is not None
        while data := await stderr.read(AT_ONCE):
            self._told = (self._told + data)[-_TOLD:]

    async def ended(self) -> None:
        """Wait for the end; raise ProcessError where it is a failure."""
        await asyncio.shield(self._protocol.exited)
        code = self._transport.get_returncode()
        if code:
            # All that it has complained of is in the pipe; what it has started may hold that open.
            await asyncio.wait([self._listening], timeout=1.0)
            raise ProcessError(self._program, code, self._told.decode(errors="replace").strip())

    async def end(self, grace: float) -> None:
        """Have it end, and leave nothing of it."""
        exited, transport = self._protocol.exited, self._transport
        try:
            if not exited.done():
                with suppress(ProcessLookupError):
                    transport.terminate()
                await asyncio.wait([exited], timeout=grace)
        finally:
            if not exited.done():
                with suppress(ProcessLookupError):
                    transport.kill()
                await asyncio.wait([exited])
            self._listening.cancel()
            transport.close()
            await asyncio.wait([self._listening])


async def _started(
    command: Sequence[str], settings: SourceSettings | SinkSettings, pipes: dict[str, Any]
) -> tuple[Child, asyncio.CancelledError | None]:
    """Return the program once it runs, and the cancel that has come meanwhile, if one has.

    What breaks off asyncio's start waits there for an end that never comes: pipes that are not connected
    are not closed. So the start, which takes a few turns of the loop, is waited for.
    """
    loop = asyncio.get_running_loop()
    starting = loop.create_task(
        loop.subprocess_exec(
            lambda: _Protocol(loop),
            *command,
            stderr=subprocess.PIPE,
            cwd=settings.cwd,
            env=settings.env,
            **pipes,
        )
    )
    cancelled: asyncio.CancelledError | None = None
    while not starting.done():
        try:
            await asyncio.wait([starting], timeout=None if cancelled is None else _START)
        except asyncio.CancelledError as error:
            cancelled = error
            continue
        if not starting.done():  # its loop is being closed, which has cancelled what it waits for
            starting.cancel()
    if cancelled is not None and (starting.cancelled() or starting.exception() is not None):
        raise cancelled
    transport, protocol = starting.result()
    return Child(command[0], protocol, transport), cancelled


@asynccontextmanager
async def running(
    command: Sequence[str], settings: SourceSettings | SinkSettings, **pipes: Any
) -> AsyncGenerator[Child]:
    """Run a program; at the end of the block it has ended, by itself or not."""
    child, cancelled = await _started(command, settings, pipes)
    try:
        if cancelled is not None:
            raise cancelled
        yield child
    finally:
        with Unbroken():
            await child.end(settings.grace)
