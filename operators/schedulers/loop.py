"""The scheduler over an asyncio event loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

from operators._kernel.failures.failure import drop_error
from operators._kernel.hosts.loops import LoopLease, running_loop
from operators._kernel.hosts.timers import Timers


class _LoopWorker:
    elsewhere: ClassVar[bool] = True  # what is scheduled never runs inside of `schedule`

    def __init__(self, loop: asyncio.AbstractEventLoop | None) -> None:
        self._lease = LoopLease(loop)
        self._closed = False
        self._tell: Callable[[Exception], object] | None = _drop_loss
        self._timers = Timers()

    def on_lost(self, tell: Callable[[Exception], object]) -> None:
        """Have `tell` called, on some thread, if the loop is closed before it has run something."""
        self._tell = tell

    def trouble(self) -> Exception | None:
        """Return why nothing will run here any more, or None."""
        return self._lease.trouble()

    @property
    def at_rest(self) -> bool:
        """Whether its loop is somebody's who does not run it now."""
        return self._lease.at_rest

    def now(self) -> float:
        """Return the seconds of the loop's clock, whichever thread asks."""
        seconds: float = self._lease.loop.time()
        return seconds

    def schedule(self, fn: Callable[[], object], delay: float = 0.0) -> None:
        if self._closed:
            return
        error = self._lease.trouble()
        if error is not None:
            raise error
        if delay > 0:
            self._timers.add(self._lease, delay, partial(self._run, fn), self._lost)
        else:
            self._lease.post(self._run, fn, lost=self._lost)

    def _run(self, fn: Callable[[], object]) -> None:
        if self._closed:
            return
        try:
            fn()
        except Exception as error:
            drop_error(error, "raised by a task on an event loop")

    def _lost(self, error: Exception) -> None:
        tell, self._tell = self._tell, None
        if tell is not None and not self._closed:
            tell(error)

    def close(self) -> None:
        self._closed = True
        self._tell = None
        self._timers.close()
        self._lease.release()


def _drop_loss(error: Exception) -> None:
    drop_error(error, "on an event loop, where tasks were scheduled")


class LoopScheduler:
    """Runs tasks on an event loop, each in a turn of its own."""

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self._loop = loop

    def now(self) -> float:
        """Return the seconds of the loop's clock: the monotonic one, unless it is a loop with another."""
        loop = self._loop or running_loop()
        return time.monotonic() if loop is None else loop.time()

    def worker(self) -> _LoopWorker:
        """Return a new worker on the loop."""
        return _LoopWorker(self._loop)


def event_loop(loop: asyncio.AbstractEventLoop | None = None) -> LoopScheduler:
    """Return a scheduler on `loop`; None: the loop that runs where the flow is subscribed to.

    Where none runs there, the library's own loop on a background thread is used. Raises TypeError where
    `loop` is no event loop. A flow that is subscribed to when `loop` is closed, or runs on it when it is
    closed, ends with a RuntimeError that says so.

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
