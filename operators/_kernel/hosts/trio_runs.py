"""Trio's runs: each gets a loop that is spelt like one of asyncio, and ends with the run.

What is to be called soon, or later by the run's own clock, a system task calls: one for each run that
uses flows. A task is a system task as well, in a cancel scope of its own: flows have no nursery, since
none may be held open by a generator, but whoever leaves a flow waits for what runs for it.

It is imported where trio is, and not before.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import AbstractContextManager, suppress
from contextvars import Context, copy_context
from heapq import heapify, heappop, heappush
from itertools import count
from math import inf
from threading import Timer
from typing import Any

import trio
from trio import lowlevel

from operators._kernel.hosts import exits
from operators._kernel.hosts.trio_tasks import Handle, Kept, TrioTask, Waiter, close

__all__ = [
    "CANCELLATIONS",
    "Kept",
    "TrioLoop",
    "checkpoint",
    "current_loop",
    "in_run",
    "in_task",
    "shield",
    "sleep",
]

CANCELLATIONS: tuple[type[BaseException], ...] = (asyncio.CancelledError, trio.Cancelled)
"""Of either: the library's own loop may run in another thread."""
_FAR = 1e7  # seconds of real time after which nobody looks: only the end of the run is watched for

_MOST_IDLE = 64
_OVER = "the run of trio is over"

in_task = lowlevel.in_trio_task
in_run = lowlevel.in_trio_run
checkpoint = lowlevel.checkpoint
sleep = trio.sleep

_loops: lowlevel.RunVar[TrioLoop] = lowlevel.RunVar("operators_loop")


def current_loop() -> TrioLoop:
    """Return the loop of the run in this thread."""
    try:
        return _loops.get()
    except LookupError:
        loop = TrioLoop()
        _loops.set(loop)
        loop.begin()
        return loop


def shield() -> AbstractContextManager[object]:
    """Return what keeps a cancel off those who await inside."""
    return trio.CancelScope(shield=True)


class TrioLoop:
    """A run of trio, spelt as a loop of asyncio."""

    def __init__(self) -> None:
        self._token = lowlevel.current_trio_token()
        self._clock = lowlevel.current_clock()
        self._ready: deque[Handle] = deque()
        self._timers: list[tuple[float, int, Handle]] = []
        self._order = count()
        self._idle = 0  # timers that were cancelled, and are still there
        self._far: set[Handle] = set()
        self._parked: Any = None
        self._limit: trio.CancelScope | None = None
        self._closed = False
        self._held = 0
        self._threshold = inf
        self.ending: bool = False
        """Whether the run ends: main has, and what runs here is cancelled."""
        self._last = False
        self._waiting: set[Waiter] = set()
        self.tasks: dict[Any, TrioTask] = {}
        """Those that are to run, or do, by the task of trio that each is."""

    def begin(self) -> None:
        """Begin to serve; where the run is about to end nothing will, and it is closed."""
        try:
            lowlevel.spawn_system_task(self._serve, name="operators-event-loop")
        except RuntimeError:  # its nursery is closed: only finalizers run now
            self._close()

    # What loops of asyncio have ---------------------------------------------------------------------

    def time(self) -> float:
        return self._clock.current_time()

    def is_closed(self) -> bool:
        return self._closed

    def is_running(self) -> bool:
        return not self._closed

    def call_soon(self, callback: Callable[..., object], *args: Any) -> Handle:
        handle = Handle(callback, args)
        self._ready.append(handle)
        if in_task() and not self._closed:
            self.stir()
        else:
            self._wake()
        return handle

    def call_soon_threadsafe(self, callback: Callable[..., object], *args: Any) -> Handle:
        handle = Handle(callback, args)
        self._ready.append(handle)
        self._wake()
        return handle

    def _wake(self) -> None:
        try:
            self._token.run_sync_soon(self.stir, idempotent=True)
        except trio.RunFinishedError:
            self._close()
        if self._closed:
            self._ready.clear()
            raise exits.loop_gone(_OVER)

    def call_later(self, delay: float, callback: Callable[..., object], *args: Any) -> Handle:
        if self._closed:
            raise exits.loop_gone(_OVER)
        when = self.time() + delay
        handle = Handle(callback, args, self._one_less)
        heappush(self._timers, (when, next(self._order), handle))
        if self._limit is not None and when < self._limit.deadline:
            self._limit.deadline = when
        return handle

    def _one_less(self, _: Handle) -> None:
        # A clock that jumps is to jump to nothing that is not there any more.
        timers = self._timers
        self._idle += 1
        if self._idle > _MOST_IDLE and self._idle > len(timers) // 2:
            timers[:] = [timer for timer in timers if not timer[2].over]
            heapify(timers)
            self._idle = 0
        if self._limit is not None:
            self._limit.deadline = self._due()

    def _due(self) -> float:
        """Return when the next timer is due."""
        timers = self._timers
        while timers and timers[0][2].over:
            heappop(timers)
            self._idle = max(0, self._idle - 1)
        return timers[0][0] if timers else inf

    def create_task(
        self, coro: Coroutine[Any, Any, Any], *, context: Context | None = None
    ) -> TrioTask:
        if self._last:
            raise exits.loop_gone(_OVER)
        return self._begun(coro, context)

    def _begun(self, coro: Coroutine[Any, Any, Any], context: Context | None = None) -> TrioTask:
        task = TrioTask(self, coro)
        name = getattr(coro, "__qualname__", "operators")
        begun = lowlevel.spawn_system_task(task.run, name=name, context=context or copy_context())
        self.tasks[begun] = task
        return task

    def create_future(self) -> Waiter:
        return Waiter(self)

    def close_later(self, items: AsyncGenerator[Any, None]) -> None:
        """Close an async generator, with whatever its cleanup awaits."""
        closing = close(items)
        try:
            self._begun(closing)
        except RuntimeError:  # the run is over
            closing.close()

    # What else is asked of a loop, where it has it ----------------------------------------------------

    def begin_wait(self, waiter: Waiter) -> None:
        """Have the run not end before whoever awaits this goes on: what is called here may set it."""
        self._waiting.add(waiter)

    def end_wait(self, waiter: Waiter) -> None:
        """Wait for it no longer."""
        self._waiting.discard(waiter)
        if self.ending:
            self.stir()

    def current_task(self) -> TrioTask | None:
        """Return the task that runs, where it is one of ours."""
        return self.tasks.get(lowlevel.current_task()) if in_task() else None

    def call_later_in_earnest(
        self, seconds: float, callback: Callable[..., object], *args: Any
    ) -> Any:
        """Call it in `seconds` of real time; of what is years away only the end of the run is seen."""
        if seconds >= _FAR:
            handle = Handle(callback, args, self._far.discard)
            self._far.add(handle)
            return handle
        if type(self._clock).__name__ == "SystemClock":
            return self.call_later(seconds, callback, *args)
        timer = Timer(seconds, self._from_thread, (callback, args))
        timer.daemon = True
        timer.start()
        return timer

    def _from_thread(self, callback: Callable[..., object], args: Any) -> None:
        with suppress(RuntimeError):  # the run is over, and nobody waits
            self.call_soon_threadsafe(callback, *args)

    def hold(self) -> Callable[[], None]:
        """Have a clock that jumps stand still until what is returned is called, from any thread."""
        if not hasattr(self._clock, "autojump_threshold"):
            return _nothing
        if in_task():
            self._stand_still()
        else:
            self._soon(self._stand_still)
        return lambda: self._soon(self._go_on)

    def _soon(self, function: Callable[[], object]) -> None:
        with suppress(trio.RunFinishedError):
            self._token.run_sync_soon(function)

    def _stand_still(self) -> None:
        clock: Any = self._clock
        if not self._held:
            self._threshold = clock.autojump_threshold
            clock.autojump_threshold = inf
        self._held += 1

    def _go_on(self) -> None:
        clock: Any = self._clock
        self._held -= 1
        if not self._held:
            clock.autojump_threshold = self._threshold

    # The system task ----------------------------------------------------------------------------------

    def stir(self) -> None:
        """Have it look at what there is to do; in the run's thread."""
        task, self._parked = self._parked, None
        if task is not None:
            lowlevel.reschedule(task)
        elif self._closed:
            self._close()

    async def _serve(self) -> None:
        try:
            try:
                while True:
                    self._call()
                    await self._park()
            finally:
                with trio.CancelScope(shield=True):
                    await self._serve_the_rest()
        finally:
            self._close()

    async def _serve_the_rest(self) -> None:
        """Serve those that are cancelled, too, and may need it for their cleanup.

        That is the tasks, and whoever else awaits something of ours. What nobody needs is dropped: a flow
        that begins task after task, or call after call, may do so for ever.
        """
        self.ending = True
        self._call()
        before = set(self.tasks)
        while not before.isdisjoint(self.tasks):
            await self._park()
            self._call()
        self._last = True
        while self.tasks or self._waiting:
            await self._park()
            self._call()

    def _call(self) -> None:
        """Make the calls that are due; those that they give are for the next time."""
        ready, timers = self._ready, self._timers
        for _ in range(len(ready)):
            ready.popleft()()
        if timers:
            now = self.time()
            while self._due() <= now:
                heappop(timers)[2]()

    async def _park(self) -> None:
        """Wait until there is something to call, or a task has ended."""
        if self._ready:
            await checkpoint()
            return
        self._parked = lowlevel.current_task()
        try:
            with trio.CancelScope(deadline=self._due()) as self._limit:
                await lowlevel.wait_task_rescheduled(self._abort)
        finally:
            self._limit = None

    def _abort(self, _: object) -> lowlevel.Abort:
        self._parked = None
        return lowlevel.Abort.SUCCEEDED

    def _close(self) -> None:
        # Whoever waits for what is dropped here is told, as by a loop of asyncio.
        self._closed = True
        self._ready.clear()
        self._timers.clear()
        self._far.clear()


def _nothing() -> None:
    pass
