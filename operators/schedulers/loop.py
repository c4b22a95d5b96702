"""The scheduler over an asyncio event loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from operators._kernel.failure import drop_error
from operators._kernel.loops import LoopLease


class _LoopWorker:
    def __init__(self, loop: asyncio.AbstractEventLoop | None) -> None:
        self._lease = LoopLease(loop)
        self._closed = False

    def schedule(self, fn: Callable[[], object], delay: float = 0.0) -> None:
        if self._closed:
            return

        def due() -> None:
            if self._closed:
                return
            try:
                fn()
            except Exception as error:
                drop_error(error, "raised by a task on an event loop")

        if delay > 0:
            self._lease.post(self._lease.loop.call_later, delay, due)
        else:
            self._lease.post(due)

    def close(self) -> None:
        self._closed = True
        self._lease.release()


class LoopScheduler:
    """Runs tasks on an event loop, each in a turn of its own."""

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self._loop = loop

    def now(self) -> float:
        """Return the seconds of the monotonic clock."""
        return time.monotonic()

    def worker(self) -> _LoopWorker:
        """Return a new worker on the loop."""
        return _LoopWorker(self._loop)


def event_loop(loop: asyncio.AbstractEventLoop | None = None) -> LoopScheduler:
    """Return a scheduler on `loop`; None: the loop that runs where the flow is subscribed to.

    Where none runs there, the library's own loop on a background thread is used. Raises RuntimeError,
    when a flow is subscribed to, if `loop` is closed by then, and TypeError where it is no event loop.

    >>> from operators import Flow
    >>> from operators.schedulers import event_loop
    >>> list(Flow.range(3).publish_on(event_loop()))
    [0, 1, 2]
    """
    _need_loop(loop)
    return LoopScheduler(loop)


def _need_loop(value: Any) -> None:
    if value is not None and not isinstance(value, asyncio.AbstractEventLoop):
        raise TypeError(f"event_loop: loop must be an event loop or None, got {value!r}")
