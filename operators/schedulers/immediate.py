"""The scheduler that does not change the thread."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from operators._kernel.drain import Drain
from operators._kernel.failure import drop_error


class _ImmediateWorker:
    def __init__(self) -> None:
        self._tasks: deque[tuple[Callable[[], object], float]] = deque()
        self._drain = Drain()
        self._closed = False

    def schedule(self, fn: Callable[[], object], delay: float = 0.0) -> None:
        self._tasks.append((fn, time.monotonic() + delay))
        if not self._drain.enter():
            return
        while True:
            while self._tasks:
                task, at = self._tasks.popleft()
                if (left := at - time.monotonic()) > 0:
                    time.sleep(left)
                if self._closed:
                    continue
                try:
                    task()
                except Exception as error:
                    drop_error(error, "raised by a task that was run at once")
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
