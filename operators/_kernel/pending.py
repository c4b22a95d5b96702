"""Pending: what one run has still to clean up, and who waits for it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial


class Pending:
    """The account of one run: what has begun and not ended, cleanup included.

    It takes no lock. The collector may close an abandoned run at any moment, and so call `end` in the
    midst of any other call made here by the same thread; a lock would be that thread's deadlock.
    """

    __slots__ = ("__weakref__", "_bells", "_open")

    def __init__(self) -> None:
        self._open: deque[None] = deque()  # one mark for each that has begun
        self._bells: deque[Callable[[], object]] = deque()

    @property
    def idle(self) -> bool:
        """Whether all that has begun has ended."""
        return not self._open

    def begin(self) -> None:
        """Count one more that is to be waited for."""
        self._open.append(None)

    def end(self) -> None:
        """Count one less; to be called once for each `begin`, from any thread."""
        self._open.pop()
        # A bell is hung up before its owner looks at the marks, and a mark is taken off before the
        # bells are looked at: so one of the two sees the other.
        while not self._open:
            try:
                ring = self._bells.popleft()
            except IndexError:
                return
            ring()

    def wait(self, timeout: float | None = None) -> bool:
        """Block this thread, which must run no event loop, until all is idle; False: not in time.

        `timeout` is in seconds; None waits for as long as it takes.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while not self.idle:
            bell = threading.Lock()
            bell.acquire()
            self._bells.append(bell.release)
            if not self._open:
                return True
            left = -1 if deadline is None else max(0.0, deadline - time.monotonic())
            if not bell.acquire(timeout=left):
                return self.idle
        return True

    async def settled(self) -> None:
        """Wait until all is idle; a task that is cancelled meanwhile leaves nothing behind."""
        loop = asyncio.get_running_loop()
        while not self.idle:
            waiter: asyncio.Future[None] = loop.create_future()
            self._bells.append(partial(_ring, loop, waiter))
            if not self._open:
                return
            await waiter


def _ring(loop: asyncio.AbstractEventLoop, waiter: asyncio.Future[None]) -> None:
    with suppress(RuntimeError):  # the loop is closed, and nobody waits there any more
        loop.call_soon_threadsafe(_wake, waiter)


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
