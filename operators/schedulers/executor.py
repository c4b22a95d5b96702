"""The scheduler over a concurrent.futures.Executor."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future

from operators._kernel.drain import Drain
from operators._kernel.failure import brief, drop_error


class _ExecutorWorker:
    """Serial over a pool: one task of the pool at a time runs what is scheduled here."""

    def __init__(self, pool: Executor) -> None:
        self._pool = pool
        self._tasks: deque[Callable[[], object]] = deque()
        self._drain = Drain()
        self._timers: set[threading.Timer] = set()
        self._lock = threading.Lock()
        self._closed = False
        self._broken: Exception | None = None
        self._tell: Callable[[Exception], object] = _drop_loss

    def on_lost(self, tell: Callable[[Exception], object]) -> None:
        """Have `tell` called, on some thread, if the pool drops what it has accepted."""
        self._tell = tell

    def schedule(self, fn: Callable[[], object], delay: float = 0.0) -> None:
        if self._closed:
            return
        if delay > 0:
            self._later(fn, delay)
            return
        with self._lock:  # a task is either refused here, or counted among those that are lost
            if self._broken is not None:
                raise RuntimeError(str(self._broken)) from self._broken
            self._tasks.append(fn)
        if self._drain.enter():
            try:
                future = self._pool.submit(self._serve)
            except Exception as error:
                self._break(error)
                raise
            future.add_done_callback(self._served)

    def _break(self, error: Exception) -> bool:
        """Take no more tasks; return whether some were lost. The drain is never given back."""
        with self._lock:
            self._broken = error
            lost = bool(self._tasks) and not self._closed
            self._tasks.clear()
        return lost

    def _served(self, future: Future[None]) -> None:
        if future.cancelled():
            error: Exception = RuntimeError("the executor cancelled its work; was it shut down?")
        elif (raised := future.exception()) is None:
            return
        else:
            error = RuntimeError(f"the executor gave up its work: {brief(raised)}")
            error.__cause__ = raised
        if self._break(error):
            # The pool may hold its locks just now, and what is told may go on to use it.
            threading.Thread(target=self._tell, args=(error,), daemon=True).start()

    def _later(self, fn: Callable[[], object], delay: float) -> None:
        def due() -> None:
            with self._lock:
                self._timers.discard(timer)
            try:
                self.schedule(fn)
            except RuntimeError as error:  # the pool was shut down meanwhile
                self._tell(error)

        timer = threading.Timer(delay, due)
        timer.daemon = True
        with self._lock:
            self._timers.add(timer)
        timer.start()

    def close(self) -> None:
        self._closed = True
        with self._lock:
            timers, self._timers = self._timers, set()
        for timer in timers:
            timer.cancel()

    def _serve(self) -> None:
        while True:
            while self._tasks:
                task = self._tasks.popleft()
                if self._closed:
                    continue
                try:
                    task()
                except Exception as error:
                    drop_error(error, "raised by a task on an executor")
            if not self._drain.again():
                return


def _drop_loss(error: Exception) -> None:
    drop_error(error, "on an executor, where tasks were scheduled")


class ExecutorScheduler:
    """Runs each worker's tasks one after another, on whichever thread of the pool is free."""

    def __init__(self, pool: Executor) -> None:
        self._pool = pool

    def now(self) -> float:
        """Return the seconds of the monotonic clock."""
        return time.monotonic()

    def worker(self) -> _ExecutorWorker:
        """Return a new worker; it takes at most one thread of the pool at a time."""
        return _ExecutorWorker(self._pool)


def executor(pool: Executor) -> ExecutorScheduler:
    """Return a scheduler over a pool of threads, which stays its owner's to shut down.

    Raises TypeError where `pool` is no Executor. A process pool will not do: what is scheduled are
    stages of the running pipeline, not data; for work on processes see `map_async(executor=)`.

    >>> from concurrent.futures import ThreadPoolExecutor
    >>> from operators import Flow
    >>> from operators.schedulers import executor
    >>> with ThreadPoolExecutor() as pool:
    ...     list(Flow.range(3).publish_on(executor(pool)))
    [0, 1, 2]
    """
    if not callable(getattr(pool, "submit", None)):
        raise TypeError(f"executor: pool must be a concurrent.futures.Executor, got {pool!r}")
    if type(pool).__name__ == "ProcessPoolExecutor":
        raise TypeError(
            "executor: stages cannot run on a process pool; use map_async(fn, executor=pool)"
        )
    return ExecutorScheduler(pool)
