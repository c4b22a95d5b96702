"""The scheduler that does not change the thread."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable

from operators._kernel.failures.failure import drop_error
from operators._kernel.subscription.drain import Drain


class _ImmediateWorker:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tasks: list[tuple[float, int, Callable[[], object]]] = []
        self._order = itertools.count()
        self._drain = Drain()
        self._closed = False

    def schedule(self, fn: Callable[[], object], delay: float = 0.0) -> None:
        # All that is due at once keeps its order, whatever the clock says.
        at = time.monotonic() + delay if delay > 0 else 0.0
        with self._lock:
            heapq.heappush(self._tasks, (at, next(self._order), fn))
        if not self._drain.enter():
            return
        while True:
            while self._tasks:
                if (left := self._tasks[0][0] - time.monotonic()) > 0 and not self._closed:
                    time.sleep(left)
                    continue  # another thread may have scheduled what is due before that
                with self._lock:
                    _, _, task = heapq.heappop(self._tasks)
                if self._closed:
                    continue
                try:
                    task()
                except Exception as error:
                    drop_error(error, "raised by a task that was run at once")
                except BaseException:
                    while self._drain.again():  # what was left runs with the next task
                        pass
                    raise
            if not self._drain.again():
                return

    def close(self) -> None:
        self._closed = True


class ImmediateScheduler:
    """Runs everything on the thread that schedules it; a delay blocks that thread."""

    def now(self) -> float:
        """Return the seconds of the monotonic clock."""
        return time.monotonic()

    def worker(self) -> _ImmediateWorker:
        """Return a new worker; what is scheduled from inside a task runs after it."""
        return _ImmediateWorker()


def immediate() -> ImmediateScheduler:
    """Return a scheduler that runs everything at once, on the thread that asks for it.

    >>> from operators.schedulers import immediate
    >>> immediate().worker().schedule(lambda: print("ran"))
    ran
    """
    return ImmediateScheduler()
