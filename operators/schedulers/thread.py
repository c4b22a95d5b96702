"""The scheduler with a thread for each worker."""

from __future__ import annotations

import contextvars
import heapq
import itertools
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from typing import ClassVar

from operators._kernel.failures.failure import drop_error
from operators._kernel.hosts import exits
from operators._kernel.hosts.background import forked
from operators._kernel.hosts.threads import begin, ended, report

_Entry = tuple[float, int, Callable[[], object] | None]


class _Tasks:
    """What a worker has to do, and the thread that does it, which holds this and not the worker."""

    def __init__(self, name: str) -> None:
        self.forked: bool = False
        self.closing: bool = False
        self.stops: list[Callable[[Exception], object]] = []
        self._name = name
        self._abandoned = False
        # Its `put` may come in the midst of any other call, as it does where the collector closes a run.
        self._came: SimpleQueue[_Entry] = SimpleQueue()
        self._order = itertools.count()
        self._due: list[_Entry] = []  # the thread's own
        self._thread: threading.Thread | None = None
        self._beginning = threading.RLock()

    def add(self, task: Callable[[], object], at: float) -> None:
        """Have the task run; raises what keeps the thread from being begun, and has then taken nothing."""
        if self._thread is None:
            self._begin()
        self._came.put((at, next(self._order), task))

    def _begin(self) -> None:
        with self._beginning:
            if self._thread is not None:
                return
            thread = threading.Thread(target=self._serve, name=self._name, daemon=True)
            self._thread = thread
            exits.enlist(self)
            try:
                begin(thread)
            finally:
                if not thread.is_alive() and not self.closing:
                    self._thread = None
                    exits.discharge(self)

    @property
    def ident(self) -> int | None:
        """The ident of its thread; None: it was not begun."""
        return None if self._thread is None else self._thread.ident

    def close(self) -> None:
        """Have the thread end when it has done what it is at."""
        self.closing = True
        self._wake()

    def abandon(self) -> None:
        """Have the thread end when it has done everything."""
        self._abandoned = True
        self._wake()

    def _wake(self) -> None:
        self._came.put((0.0, next(self._order), None))

    def _serve(self) -> None:
        try:
            while (task := self._next()) is not None:
                try:
                    task()
                except Exception as error:
                    drop_error(error, f"raised by a task on the thread {self._name!r}")
                except BaseException:
                    report()
                del task  # while it waits for the next one it keeps nothing
        finally:
            exits.discharge(self)

    def _next(self) -> Callable[[], object] | None:
        came, due = self._came, self._due
        while True:
            while not came.empty():
                self._sort_in(came.get())
            if self.closing or (self._abandoned and not due):
                return None
            if not due:
                self._sort_in(came.get())
                continue
            left = due[0][0] - time.monotonic()
            if left <= 0:
                return heapq.heappop(due)[2]
            with suppress(Empty):
                self._sort_in(came.get(timeout=left))

    def _sort_in(self, entry: _Entry) -> None:
        if entry[2] is not None:
            heapq.heappush(self._due, entry)

    # At the end of the program -------------------------------------------------------------------

    def stop(self) -> None:
        """Have what runs end soon, and nothing else run."""
        error = exits.ended()
        for stop in self.stops:
            stop(error)
        self.close()

    def join(self, seconds: float) -> bool:
        """Wait for the end of the thread; False: not in time."""
        return self._thread is None or ended(self._thread, seconds)


class _ThreadWorker:
    """One daemon thread, begun with the first task, which ends at `close`."""

    elsewhere: ClassVar[bool] = True  # what is scheduled never runs inside of `schedule`

    def __init__(self, name: str) -> None:
        self._tasks = _Tasks(name)

    def schedule(self, fn: Callable[[], object], delay: float = 0.0) -> None:
        tasks = self._tasks
        if tasks.closing:
            return
        if tasks.forked:
            raise forked()
        # All that is due at once keeps its order, whatever the clock says.
        at = time.monotonic() + delay if delay > 0 else 0.0
        tasks.add(partial(contextvars.copy_context().run, fn), at)

    def on_exit(self, stop: Callable[[Exception], object]) -> None:
        """Have `stop` called, on some thread, if the program ends before this is closed."""
        self._tasks.stops.append(stop)

    def trouble(self) -> Exception | None:
        """Return why nothing will run here any more, or None."""
        return forked() if self._tasks.forked else None

    def threads(self) -> set[int]:
        """Return the ident of its thread, where there is one."""
        ident = self._tasks.ident
        return set() if ident is None else {ident}

    def close(self) -> None:
        self._tasks.close()

    def __del__(self) -> None:
        with suppress(AttributeError):  # a Ctrl-C came before there was anything
            self._tasks.abandon()


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

    The threads are named `name`-1, `name`-2, ...; each ends with its subscription. Where no thread can
    be had the flow ends with the RuntimeError that says so. What is scheduled sees the context variables
    of whoever scheduled it. At the end of the program what runs is stopped, and waited for, ten seconds
    at most.

    >>> from operators import Flow
    >>> from operators.schedulers import thread
    >>> list(Flow.range(3).publish_on(thread()))
    [0, 1, 2]
    """
    return ThreadScheduler(name)
