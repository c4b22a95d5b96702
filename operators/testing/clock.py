"""Time that passes when a test says so."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from typing import Any, TypeVar

from operators._kernel.hosts.loops import running_loop
from operators.testing._loop import VirtualLoop
from operators.testing._timeline import TICKS, Timeline, VirtualWorker, ticks

T = TypeVar("T")


class VirtualClock:
    """A scheduler whose time stands still until `advance`, which runs all that is due.

    What is due runs on the thread that advances, in the order of time, and of scheduling where the times
    are equal, over all workers. `now()` is meanwhile the very time for which it was scheduled. Scheduling
    is allowed from any thread, and runs nothing by itself, a delay of 0 neither.

    >>> from operators.testing import VirtualClock
    >>> clock = VirtualClock()
    >>> worker = clock.worker()
    >>> worker.schedule(lambda: print("ran at", clock.now()), 5)
    >>> clock.advance(4.999)
    >>> clock.advance(1)
    ran at 5.0
    >>> clock.now()
    5.999
    """

    def __init__(self, start: float = 0.0, *, patience: float = 10.0) -> None:
        self._timeline = Timeline(ticks("start", start))
        ticks("patience", patience)
        self.patience: float = patience
        """Real seconds for which whoever moves the clock on waits at most where nothing comes."""
        self._loop: VirtualLoop | None = None
        self._turn = threading.RLock()  # held by who advances
        self._moving = False

    def now(self) -> float:
        """Return the time in seconds; it never goes back."""
        return self._timeline.now / TICKS

    def worker(self) -> VirtualWorker:
        """Return a new serial worker of this clock."""
        return VirtualWorker(self._timeline)

    def advance(self, seconds: float) -> None:
        """Move the time on by `seconds`, and run all that is due until then, what is scheduled meanwhile too.

        0 runs what is due now. What a task raises is raised here, at once: the time is then that task's,
        and the next `advance` goes on after it. A second thread that advances waits for the first.
        Raises ValueError where seconds are negative or not finite, RuntimeError inside of a task.
        """
        self._advance(lambda: self._timeline.now + ticks("seconds", seconds))

    def advance_to(self, time: float) -> None:
        """Move the time on to `time`, in seconds of `now()`, and run all that is due until then.

        Raises ValueError where that has passed, and else what `advance` raises.
        """

        def until() -> int:
            end = ticks("time", time)
            if end < self._timeline.now:
                raise ValueError(f"time {time!r} has passed: it is {self.now()}")
            return end

        self._advance(until)

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on an event loop of virtual time, and return what it returns.

        As soon as nothing is ready there the clock moves on by itself to what is due next: `asyncio.sleep`,
        `wait_for`, `timeout` and `call_later` take no real time. It stands still while a thread works for
        the loop (`asyncio.to_thread`, `map_async` on an executor, `publish_on(thread())`), or anybody
        within `hold()`; for a thread of which nothing is known, for one real second. Afterwards all tasks
        that are left are cancelled, as by `asyncio.run`. Raises TimeoutError, which says who waits for
        what, where nothing comes for `patience` real seconds; RuntimeError in a running event loop.

        >>> import asyncio
        >>> from operators import Flow
        >>> from operators.testing import VirtualClock
        >>> async def slow(n):
        ...     await asyncio.sleep(3600)
        ...     return n
        >>> async def main():
        ...     return [n async for n in Flow.range(3).map_async(slow, concurrency=1)]
        >>> clock = VirtualClock()
        >>> clock.run(main()), clock.now()
        ([0, 1, 2], 10800.0)
        """
        try:
            loop = self._loop_that_may_run()
            if loop is not None:
                return loop.run_until_complete(main)
            with asyncio.Runner(loop_factory=self.loop) as runner:
                return runner.run(main)
        finally:
            main.close()

    def loop(self) -> VirtualLoop:
        """Return the clock's event loop, a new one where none is open; to be closed after use.

        By itself it runs as with `run`. While it does not run, `advance` runs what is due on it, no
        more. At the end of a `with` what is left on it is cancelled, and it is closed.

        >>> import asyncio
        >>> from operators.testing import VirtualClock
        >>> clock = VirtualClock()
        >>> with clock.loop() as loop:
        ...     task = loop.create_task(asyncio.sleep(5, "slept"))
        ...     clock.advance(4)
        ...     print(task.done())
        ...     clock.advance(1)
        ...     print(task.result())
        False
        slept
        """
        if self._loop is None or not self.has_loop:
            self._loop = VirtualLoop(self._timeline, self.patience)
        return self._loop

    @property
    def has_loop(self) -> bool:
        """Whether there is an event loop of this clock that is open."""
        return self._loop is not None and not self._loop.is_closed()

    @contextmanager
    def hold(self) -> Generator[None]:
        """Have time not go on by itself inside of the `with`, in which a thread works for the event loop."""
        release = self._timeline.hold()
        try:
            yield
        finally:
            release()

    @property
    def pending(self) -> int:
        """How many tasks wait for their time, those of closed workers left out."""
        return self._timeline.pending

    @property
    def next_due(self) -> float | None:
        """The time of the next task, in seconds of `now()`; None where none is scheduled."""
        due = self._timeline.next_due
        return None if due is None else due / TICKS

    def _advance(self, until: Callable[[], int]) -> None:
        with self._turn:
            loop = self._loop_that_may_run()
            if self._moving:
                raise RuntimeError(
                    "the clock is moved on already, and a task of its own cannot do so as well; "
                    "schedule what is to come later"
                )
            end = until()
            self._moving = True
            try:
                if loop is not None:
                    loop.run_until(end)
                    return
                while (task := self._timeline.take(end)) is not None:
                    task()
                self._timeline.now = end
            finally:
                self._moving = False

    def _loop_that_may_run(self) -> VirtualLoop | None:
        loop = self._loop
        if loop is None or not self.has_loop:
            return None
        if loop.is_running():
            raise RuntimeError(
                "the clock's event loop runs, and its time goes on by itself; "
                "use `await asyncio.sleep(seconds)` there"
            )
        if running_loop() is not None:
            raise RuntimeError(
                "another event loop runs in this thread, and the clock's cannot run inside of it; "
                "use a plain function, and clock.run(coroutine) in it"
            )
        return loop
