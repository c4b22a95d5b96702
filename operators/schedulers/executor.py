"""The scheduler over a concurrent.futures.Executor."""

from __future__ import annotations

import contextvars
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any

from operators._kernel.failures.failure import brief, drop_error
from operators._kernel.hosts import exits
from operators._kernel.hosts.background import forked
from operators._kernel.hosts.loops import LoopLease
from operators._kernel.hosts.pending import starved
from operators._kernel.hosts.threads import aside
from operators._kernel.hosts.timers import Timers
from operators._kernel.subscription.drain import Drain


class _ExecutorWorker:
    """Serial over a pool: one task of the pool at a time runs what is scheduled here."""

    def __init__(self, pool: Executor) -> None:
        self.forked: bool = False
        self.closing: bool = False
        # Somebody's own may run what it is given at once.
        self.elsewhere: bool = isinstance(pool, ThreadPoolExecutor)
        self._pool = pool
        self._tasks: deque[Callable[[], object]] = deque()
        self._drain = Drain()
        # The times of all workers are kept by one event loop, which runs nothing of theirs.
        self._timers = Timers()
        self._lease: LoopLease | None = None
        self._lock = threading.RLock()
        self._waiting = False  # for the pool to begin what it was given
        self._serving = False
        self._broken: Exception | None = None
        self._tell: Callable[[Exception], object] = _drop_loss
        self._stops: list[Callable[[Exception], object]] = []

    def on_lost(self, tell: Callable[[Exception], object]) -> None:
        """Have `tell` called, on some thread, if the pool drops what it has accepted."""
        self._tell = tell

    def on_exit(self, stop: Callable[[Exception], object]) -> None:
        """Have `stop` called, on some thread, if the program ends while something runs here."""
        self._stops.append(stop)

    def trouble(self) -> Exception | None:
        """Return why nothing will run here any more, or not as long as the pool's threads wait."""
        if self.forked:
            return forked()
        return starved(self._pool) if self._waiting else None

    @property
    def at_rest(self) -> bool:
        """Whether nothing will run here as long as the pool's threads wait."""
        return self.trouble() is not None

    def threads(self) -> set[int]:
        """Return the idents of the threads that may run what is scheduled here, as far as is known."""
        try:
            return {thread.ident for thread in list(getattr(self._pool, "_threads", ()))}
        except (AttributeError, TypeError):  # some other pool's own idea of them
            return set()

    def schedule(self, fn: Callable[[], object], delay: float = 0.0) -> None:
        if self.closing:
            return
        if self.forked:
            raise forked()
        task = partial(contextvars.copy_context().run, fn)
        if delay > 0:
            self._later(task, delay)
        else:
            self._add(task)

    def _add(self, task: Callable[[], object]) -> None:
        with self._lock:  # a task is either refused here, or counted among those that are lost
            if self._broken is not None:
                raise RuntimeError(str(self._broken)) from self._broken
            self._tasks.append(task)
        if self._drain.enter():
            self._submit()

    def _submit(self) -> None:
        self._waiting = True
        exits.enlist(self, pooled=True)
        errand = _Errand(self)
        try:
            future = self._pool.submit(errand)
        except BaseException as error:
            # The pool may have it all the same; there will be nothing left to do.
            errand.worker = None
            if not isinstance(error, Exception):
                raise
            if self._break(error):  # otherwise somebody else has told of it already
                if exits.of_the_end(error):
                    raise exits.ended() from error
                raise
            return
        # Whoever implements the protocol in part may give back anything.
        watch = getattr(future, "add_done_callback", None)
        if watch is not None:
            watch(self._served)

    def _break(self, error: Exception) -> bool:
        """Take no more tasks; return whether some were lost, which is to be told. The drain stays taken."""
        with self._lock:
            if self._broken is None:
                self._broken = error
            lost = bool(self._tasks)
            self._tasks.clear()
            self._waiting = False
        exits.discharge(self)
        return lost

    def _served(self, future: Any) -> None:
        if future.cancelled():
            error: Exception = RuntimeError("the executor cancelled its work; was it shut down?")
        elif (raised := future.exception()) is None:
            return
        else:
            error = RuntimeError(f"the executor gave up its work: {brief(raised)}")
            error.__cause__ = raised
        self.lost(error)

    def lost(self, error: Exception) -> None:
        """Take note that the pool will not run what it was given."""
        if self._break(error) and not self.closing:
            # The pool may hold its locks just now, and what is told may go on to use it.
            aside(lambda: self._tell(error))

    def _later(self, task: Callable[[], object], delay: float) -> None:
        with self._lock:
            if self._lease is None:
                self._lease = LoopLease()
            lease = self._lease
        self._timers.add(lease, delay, partial(self._due, task), self._tell)

    def _due(self, task: Callable[[], object]) -> None:
        if self.closing:
            return
        try:
            self._add(task)
        except Exception as error:  # the pool was shut down meanwhile
            self._tell(error)

    def close(self) -> None:
        self.closing = True
        self._timers.close()
        with self._lock:
            lease, self._lease = self._lease, None
        if lease is not None:
            lease.release()

    def serve(self) -> None:
        """Run what is scheduled, on a thread of the pool, until there is nothing more."""
        with self._lock:
            self._waiting = False
            self._serving = True
        while True:
            while self._tasks:
                try:
                    task = self._tasks.popleft()
                except IndexError:  # lost just now
                    break
                if self.closing:
                    continue
                try:
                    task()
                except Exception as error:
                    drop_error(error, "raised by a task on an executor")
            self._serving = False
            exits.discharge(self)
            if not self._drain.again():
                return
            exits.enlist(self, pooled=True)
            self._serving = True

    # At the end of the program -------------------------------------------------------------------

    def stop(self) -> None:
        """Have what runs end soon, and nothing else run."""
        error = exits.ended()
        if self._serving:
            for stop in self._stops:
                stop(error)
        if self._break(error) and not self.closing:
            self._tell(error)

    def join(self, seconds: float) -> bool:
        """Return at once: the interpreter itself waits for pools."""
        return True


class _Errand:
    """What the pool is given; where it lets go of it without having run it, the worker hears of that."""

    def __init__(self, worker: _ExecutorWorker) -> None:
        self.worker: _ExecutorWorker | None = worker

    def __call__(self) -> None:
        worker, self.worker = self.worker, None
        if worker is not None:
            worker.serve()

    def __del__(self) -> None:
        if self.worker is not None:
            with suppress(Exception):
                self.worker.lost(RuntimeError("the executor dropped its work"))


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
    stages of the running pipeline, not data; for work on processes see `map_async(executor=)`. Whatever
    the pool raises when it is given work, or does with it but run it, ends the flow with an error. A
    thread that waits for a flow which only itself could carry on gets a RuntimeError: a producer and its
    consumer need two threads. What still runs when the main thread ends is stopped, since the
    interpreter waits for the threads of pools.

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
