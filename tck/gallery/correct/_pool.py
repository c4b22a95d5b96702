"""A pool of threads that end when there is nothing to do, so that nobody has to shut it down."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from tck.gallery.broken._base import Outlet


class Pool:
    """Runs tasks in the order in which they come, on so many threads at once; on one: serially."""

    idle: float = 0.05
    """How long a thread waits for its next task, in seconds."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._changed = threading.Condition()
        self._tasks: deque[Callable[[], None]] = deque()
        self._threads = 0
        self._waiting = 0

    def submit(self, task: Callable[[], None]) -> None:
        """Returns None at once; the task is run by a thread of the pool."""
        with self._changed:
            self._tasks.append(task)
            # One that waits may have been woken already, for an earlier task.
            if len(self._tasks) <= self._waiting or self._threads >= self.size:
                self._changed.notify()
                return
            self._threads += 1
        self._start()

    def _work(self) -> None:
        while (task := self._next()) is not None:
            try:
                task()
            except BaseException:
                self._replace()
                raise
            # Not to hold on to a Subscriber while it waits.
            del task

    def _replace(self) -> None:
        """Has another thread do what is left, before this one dies of an exception."""
        with self._changed:
            if not self._tasks:
                self._threads -= 1
                return
        self._start()

    def _start(self) -> None:
        threading.Thread(target=self._work, name="tck pool", daemon=True).start()

    def _next(self) -> Callable[[], None] | None:
        with self._changed:
            if not self._tasks:
                self._waiting += 1
                self._changed.wait(self.idle)
                self._waiting -= 1
            if self._tasks:
                return self._tasks.popleft()
            # In one step with the look at the tasks: one that comes now starts a thread.
            self._threads -= 1
            return None


class OnPool(Outlet):
    """An outlet that sends all its signals from a pool; to be mixed in before another."""

    pool: Pool

    def start(self) -> None:
        self.pool.submit(super().start)

    def drain(self) -> None:
        with self.lock:
            if self.emitting:
                return
            self.emitting = True
        self.pool.submit(self.run)
