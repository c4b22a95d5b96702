"""The scheduler with a thread for each worker."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable

from operators._kernel.failure import drop_error


class _ThreadWorker:
    """One daemon thread, begun with the first task, which ends at `close`."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._wake = threading.Condition()
        self._tasks: list[tuple[float, int, Callable[[], object]]] = []
        self._order = itertools.count()
        self._thread: threading.Thread | None = None
        self._closed = False

    def schedule(self, fn: Callable[[], object], delay: float = 0.0) -> None:
        with self._wake:
            if self._closed:
                return
            # All that is due at once keeps its order, whatever the clock says.
            at = time.monotonic() + delay if delay > 0 else 0.0
            heapq.heappush(self._tasks, (at, next(self._order), fn))
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name=self._name, daemon=True)
                self._thread.start()
            else:
                self._wake.notify()

    def close(self) -> None:
        with self._wake:
            self._closed = True
            self._tasks.clear()
            self._wake.notify()

    def _serve(self) -> None:
        while (task := self._next()) is not None:
            try:
                task()
            except Exception as error:
                drop_error(error, f"raised by a task on the thread {self._name!r}")

    def _next(self) -> Callable[[], object] | None:
        with self._wake:
            while not self._closed:
                if not self._tasks:
                    self._wake.wait()
                    continue
                left = self._tasks[0][0] - time.monotonic()
                if left <= 0:
                    return heapq.heappop(self._tasks)[2]
                self._wake.wait(left)
            return None


class ThreadScheduler:
    """Gives each worker a daemon thread of its own."""

    def __init__(self, name: str = "operators-worker") -> None:
        self._name = name
        self._numbers = itertools.count(1)

    def now(self) -> float:
        """Return the seconds of the monotonic clock."""
        return time.monotonic()

    def worker(self) -> _ThreadWorker:
        """Return a new worker; its thread starts with the first task and ends at `close`."""
        return _ThreadWorker(f"{self._name}-{next(self._numbers)}")


def thread(name: str = "operators-worker") -> ThreadScheduler:
    """Return a scheduler that gives each subscription a daemon thread of its own.

    The threads are named `name`-1, `name`-2, ...; each ends with its subscription.

    >>> from operators import Flow
    >>> from operators.schedulers import thread
    >>> list(Flow.range(3).publish_on(thread()))
    [0, 1, 2]
    """
    return ThreadScheduler(name)
