"""Hop: one stage's way to a worker."""

from __future__ import annotations

import contextvars
from collections.abc import Callable
from functools import partial
from typing import Any

from operators._kernel.failures.failure import drop_error
from operators._kernel.hosts.loops import running_loop
from operators._kernel.hosts.virtual import Elsewhere
from operators._kernel.subscription.home import HOME
from operators._kernel.subscription.scope import Scope


def nobody(_: Exception) -> None:
    """Tell nobody: it is over."""


class Hop:
    """A worker, and the context in which it runs things: that of whoever subscribed.

    Whatever keeps the worker from running what it was given is told to `lost`, by whichever thread
    finds out. At the end of the program `stop` is called: what runs there is to end soon.
    """

    __slots__ = ("_context", "_elsewhere", "_entered", "_lost", "_pending", "worker")

    def __init__(
        self,
        worker: Any,
        scope: Scope,
        lost: Callable[[Exception], object],
        stop: Callable[[Exception], object],
    ) -> None:
        self.worker: Any = worker
        self._elsewhere = Elsewhere(running_loop())
        self._lost: Callable[[Exception], object] = lost
        self._context = contextvars.copy_context()
        self._context.run(HOME.set, scope.home.mark)
        self._entered = False
        self._pending = scope.pending
        for method, listener in (("on_lost", lost), ("on_exit", stop)):
            listen = getattr(worker, method, None)
            if listen is not None:
                listen(listener)
        self._pending.carry(worker)

    @property
    def elsewhere(self) -> bool:
        """Whether the worker is known never to run a task inside of the call that schedules it."""
        return bool(getattr(self.worker, "elsewhere", False))

    def run(self, task: Callable[[], object], delay: float = 0.0) -> None:
        """Have the worker run the task, in the context; raises nothing that is an Exception."""
        if delay > 0:
            self._hand_over(partial(self.here, task), delay)
            return
        self._elsewhere.begin()
        if not self._hand_over(partial(self._there, task)):
            self._elsewhere.end()

    def _hand_over(self, task: Callable[[], object], *delay: float) -> bool:
        try:
            self.worker.schedule(task, *delay)
        except Exception as error:
            self._lost(error)
            return False
        return True

    def _there(self, task: Callable[[], object]) -> None:
        try:
            self.here(task)
        finally:
            self._elsewhere.end()

    def here(self, task: Callable[[], object]) -> None:
        """Run the task here, in the context."""
        if self._entered:  # by a task that schedules on a worker which runs everything at once
            task()
            return
        self._entered = True
        try:
            self._context.run(task)
        finally:
            self._entered = False

    def close(self) -> None:
        """Close the worker, which the run depends on no longer."""
        try:
            self._lost = nobody
            self._pending.drop(self.worker)
            self._elsewhere.give_up()
        finally:  # also where a Ctrl-C comes in between
            try:
                self.worker.close()
            except Exception as error:
                drop_error(error, "raised by the close of a worker")
