"""Directions: which of the two directions of a connection were begun, and which are under way."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from operators._kernel.hosts.loops import running_loop

_HANDED_OVER = 5.0
"""Seconds in which whoever has got a connection, on a thread elsewhere, begins to use it."""


class Directions:
    """The directions of one connection; each can be used once, on the event loop that it came from."""

    __slots__ = ("_begun", "_loop", "_used", "open")

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._begun = asyncio.Event()
        self._used: set[str] = set()
        self.open: set[str] = set()
        """Those that are under way."""

    @property
    def used(self) -> bool:
        """Whether one was begun."""
        return bool(self._used)

    def begin(self, direction: str, connection: object) -> None:
        """Begin a direction; raise RuntimeError, which names the connection, where that is not possible."""
        if direction in self._used:
            raise RuntimeError(
                f"the {direction} of {connection!r} was used before; each can be used once"
            )
        if running_loop() is not self._loop:
            raise RuntimeError(
                f"{connection!r} belongs to another event loop: run its flows where it came from"
            )
        self._used.add(direction)
        self.open.add(direction)
        self._begun.set()

    async def handed_over(self) -> None:
        """Wait until one was begun, for five seconds at most: of a connection that is closed.

        What has come may still be read, by somebody who has got the connection and has not begun. The event
        loop has to be there until then.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(_HANDED_OVER):
                await self._begun.wait()
