"""Delivery: where the results of map_async go on from, and how it is told that they never will."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from contextlib import suppress
from contextvars import Context

from operators._kernel.loops import running_loop
from operators.schedulers import Worker, thread


class Errand:
    """A function left with an event loop; `lost` is called where the loop has gone without running it."""

    __slots__ = ("_lost", "_run")

    def __init__(self, run: Callable[[], object], lost: Callable[[Exception], object]) -> None:
        self._run: Callable[[], object] | None = run
        self._lost = lost

    def __call__(self) -> None:
        run, self._run = self._run, None
        if run is not None:
            run()

    def revoke(self) -> None:
        """Have it neither run nor lost."""
        self._run = None

    def __del__(self) -> None:
        # A loop that is closed forgets what it was to run.
        if self._run is not None and not sys.is_finalizing():
            self._lost(RuntimeError("the event loop was closed"))


def leave(
    loop: asyncio.AbstractEventLoop,
    context: Context,
    run: Callable[[], object],
    lost: Callable[[Exception], object],
) -> None:
    """Have the loop run the function in a turn of its own; raises where it takes nothing any more."""
    errand = Errand(run, lost)
    try:
        if running_loop() is loop:
            loop.call_soon(errand, context=context.copy())
        else:
            loop.call_soon_threadsafe(errand, context=context.copy())
    except BaseException:
        errand.revoke()
        raise


class Delivery:
    """Runs the drain on an event loop, or on a thread of its own, begun when there is something to run.

    Never on the threads that make the calls: a slow consumer would keep them from working.
    """

    __slots__ = ("_context", "_loop", "_lost", "_worker")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop | None,
        context: Context,
        lost: Callable[[Exception], object],
    ) -> None:
        self._loop = loop
        self._context = context
        self._lost = lost
        self._worker: Worker | None = None

    def __call__(self, run: Callable[[], object]) -> None:
        """Have `run` run soon; `lost` is called, here or later, where that cannot be."""
        try:
            if self._loop is not None:
                leave(self._loop, self._context, run, self._lost)
                return
            if self._worker is None:
                self._worker = thread("operators-map_async").worker()
            self._worker.schedule(lambda: self._context.copy().run(run))
        except Exception as error:
            self._lost(error)

    def close(self) -> None:
        """End the thread, where there is one."""
        if self._worker is not None:
            with suppress(Exception):
                self._worker.close()
