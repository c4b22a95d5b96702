"""Delivery: where the results of map_async go on from."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from contextvars import Context

from operators._kernel.hosts.loops import LoopLease
from operators._kernel.hosts.runtimes import Loop
from operators.schedulers import LossyWorker, Worker, thread

Lost = Callable[[Exception], object]


class Delivery:
    """Runs the drain on an event loop, or on a thread of its own, begun when there is something to run.

    Never on the threads that make the calls: a slow consumer would keep them from working. And never at
    once: what ends a call may be in the midst of its task.
    """

    __slots__ = ("_context", "_lease", "_lost", "_worker")

    def __init__(self, loop: Loop | None, context: Context, lost: Lost) -> None:
        self._lease: LoopLease | None = None if loop is None else LoopLease(loop)
        self._context = context
        self._lost = lost
        self._worker: Worker | None = None

    def __call__(self, run: Callable[[], object]) -> None:
        """Have `run` run soon; `lost` is called, here or later, where that cannot be."""
        if self._lease is not None:
            self._context.copy().run(self._lease.post, run, lost=self._lost)
            return
        try:
            if self._worker is None:
                self._worker = worker = thread("operators-map_async").worker()
                if isinstance(worker, LossyWorker):
                    worker.on_lost(self._lost)
            self._worker.schedule(lambda: self._context.copy().run(run))
        except Exception as error:
            self._lost(error)

    def trouble(self) -> Exception | None:
        """Return why nothing will be delivered any more, or None."""
        return None if self._lease is None else self._lease.trouble()

    def close(self) -> None:
        """End the thread, where there is one."""
        if self._lease is not None:
            self._lease.release()
        if self._worker is not None:
            with suppress(Exception):
                self._worker.close()
