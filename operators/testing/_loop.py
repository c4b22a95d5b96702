"""An event loop on virtual time."""

from __future__ import annotations

import asyncio
import contextvars
import math
import selectors
import threading
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import suppress
from time import monotonic
from typing import Any, Self, TypeVar

from typing_extensions import TypeVarTuple

from operators._kernel.hosts.loops import running_loop
from operators.testing._timeline import TICKS, Timeline, ticks
from operators.testing._waiting import idle, who_waits

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
_Events = list[tuple[selectors.SelectorKey, int]]

_LOOK = 0.002
"""Real seconds between two looks at whether work that is done elsewhere is done."""
_STRANGER = 1.0
"""Real seconds for which time stands still, at most, for a thread of which nothing is known."""

_DAY = 86_400 * TICKS
"""For so long nobody asks how much real time the virtual one takes."""


class _Timer(asyncio.TimerHandle):
    """A timer that is on a timeline, as the only thing that there is of its owner: itself."""

    def __init__(
        self,
        timeline: Timeline,
        at: int,
        callback: Callable[..., object],
        args: tuple[Any, ...],
        loop: asyncio.AbstractEventLoop,
        context: contextvars.Context | None,
    ) -> None:
        super().__init__(at / TICKS, callback, args, loop, context)
        self.timeline: Timeline = timeline
        self.loop: asyncio.AbstractEventLoop | None = loop
        self.closed: bool = False
        self.waiting: int = 0

    def cancel(self) -> None:
        super().cancel()
        self.timeline.close(self)

    def due(self) -> None:
        if not self.cancelled():
            self._run()


class _Guard(asyncio.TimerHandle):
    """A timer for real seconds."""

    def __init__(
        self, when: float, callback: Callable[..., object], args: tuple[Any, ...], loop: VirtualLoop
    ) -> None:
        super().__init__(when, callback, args, loop)
        self.loop: VirtualLoop = loop

    def cancel(self) -> None:
        super().cancel()
        self.loop.forget_guard(self)

    def due(self) -> None:
        if not self.cancelled():
            self._run()


class _Selector(selectors.DefaultSelector):
    """Where the loop, with nothing ready, would wait."""

    loop: VirtualLoop | None = None

    def select(self, timeout: float | None = None) -> _Events:
        if timeout is None and self.loop is not None:
            return self.loop.nothing_ready(super().select)
        events = super().select(timeout)
        if events and self.loop is not None:
            self.loop.guarded = False
        return events


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time jumps to the next timer as soon as nothing is ready.

    It has no timers by itself: they are on the timeline of its clock, in one order with those of others.
    """

    def __init__(self, timeline: Timeline, patience: float) -> None:
        self._timeline = timeline
        self._patience = patience
        self._guards: list[_Guard] = []
        self.guarded: bool = False  # whether only a guard has woken it
        self._since = self._started = 0.0  # real seconds
        self._began = 0
        self._until: float = math.inf
        self._before: set[threading.Thread] = set()
        self._strangers: dict[threading.Thread, float] = {}
        self._raised: BaseException | None = None
        selector = _Selector()
        super().__init__(selector)
        selector.loop = self

    # Time ----------------------------------------------------------------------------------------

    def time(self) -> float:
        """Return the time of the clock, in seconds."""
        return self._timeline.now / TICKS

    def call_later(
        self,
        delay: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: contextvars.Context | None = None,
    ) -> asyncio.TimerHandle:
        """Call the function when the clock has moved on by `delay` seconds."""
        wait = ticks("delay", delay) if delay > 0 else 0
        return self._call_in(wait, callback, args, context)

    def call_at(
        self,
        when: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: contextvars.Context | None = None,
    ) -> asyncio.TimerHandle:
        """Call the function at the time `when` of the clock."""
        wait = max(0, ticks("when", when) - self._timeline.now) if when > 0 else 0
        return self._call_in(wait, callback, args, context)

    def _call_in(
        self,
        wait: int,
        callback: Callable[..., object],
        args: tuple[Any, ...],
        context: contextvars.Context | None,
    ) -> asyncio.TimerHandle:
        if self.is_closed():
            raise RuntimeError("Event loop is closed")
        at = self._timeline.now + wait
        timer = _Timer(self._timeline, at, callback, args, self, context)
        self._timeline.add(timer, timer.due, wait)
        return timer

    def call_later_in_earnest(
        self, seconds: float, callback: Callable[..., object], *args: Any
    ) -> asyncio.TimerHandle:
        """Call the function in so many real seconds; no time of the clock passes for it."""
        guard = _Guard(monotonic() + seconds, callback, args, self)
        self._guards.append(guard)
        return guard

    # While which time stands still ---------------------------------------------------------------

    def hold(self) -> Callable[[], None]:
        """Have time stand still until what is returned is called, from any thread."""
        return self._timeline.hold()

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """Call the function on a thread, while which time stands still."""
        future = super().run_in_executor(executor, func, *args)
        release = self.hold()
        future.add_done_callback(lambda _: release())
        return future

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Wait for the threads of the executor, in real time, however long."""
        release = self.hold()
        try:
            await super().shutdown_default_executor()
        finally:
            release()

    # With nothing ready --------------------------------------------------------------------------

    def nothing_ready(self, look: Callable[[float], _Events]) -> _Events:
        """Let time jump, or wait for other threads; return what has come meanwhile."""
        if not self.guarded:
            self._since = monotonic()
        self.guarded = False
        while True:
            busy = self._busy()  # first: who is done has posted what there is to come of it
            events = look(0)
            if events or self._jumps(busy) or self._stopped_at_the_end(busy):
                return events
            left = self._since + self._patience - monotonic()
            if left <= 0:
                raise TimeoutError(self._nothing_comes())
            guard = min((it.when() for it in self._guards), default=math.inf) - monotonic()
            events = look(max(0.0, min(left, guard, _LOOK if busy else left)))
            if events or self._guards_are_due():
                return events

    def _jumps(self, busy: bool) -> bool:
        due = self._timeline.next_due
        if due is None or due > self._until or (busy and due > self._timeline.now):
            return False
        if due - self._began > _DAY and monotonic() - self._started > self._patience:
            raise TimeoutError(self._why("only timers have gone on, for more than a day"))
        while (task := self._timeline.take(due)) is not None:
            self.call_soon(self._run_due, task)
        return True

    def _run_due(self, task: Callable[[], object]) -> None:
        try:
            task()
        except Exception as error:  # a task's of the clock: who moves the clock on is to see it
            self._raised = error
            self.stop()

    def _stopped_at_the_end(self, busy: bool) -> bool:
        if busy or self._until == math.inf:
            return False
        self._timeline.now = int(self._until)
        self.stop()
        return True

    def _guards_are_due(self) -> bool:
        now = monotonic()
        due = [it for it in self._guards if it.when() <= now]
        for guard in due:
            self._guards.remove(guard)
            self.call_soon(guard.due)
        self.guarded = bool(due)
        return bool(due)

    def forget_guard(self, guard: _Guard) -> None:
        """Take off a timer for real seconds."""
        if guard in self._guards:
            self._guards.remove(guard)

    def _busy(self) -> bool:
        if self._timeline.held:
            return True
        return threading.active_count() > len(self._before) and bool(self._threads_at_work())

    def _threads_at_work(self) -> list[threading.Thread]:
        now = monotonic()
        return [
            it
            for it in set(threading.enumerate()) - self._before
            if not idle(it) and now < self._strangers.setdefault(it, now + _STRANGER)
        ]

    def _nothing_comes(self) -> str:
        held = self._timeline.held
        what = f"time is held, {held} times over" if held else "no timer is left"
        return self._why(f"nothing has happened: {what}, and no thread has posted anything")

    def _why(self, text: str) -> str:
        return (
            f"for {self._patience:g} real seconds, up to {self.time():g} of the virtual clock, {text}.\n"
            f"{who_waits(self)}"
        )

    # Running -------------------------------------------------------------------------------------

    def run_until(self, end: int) -> None:
        """Run everything that is due until `end`, in ticks of the clock."""
        self._until = end
        try:
            self.run_forever()
        finally:
            self._until = math.inf

    def run_forever(self) -> None:
        """Run until `stop`; raises what a task of the clock has raised."""
        self._before = set(threading.enumerate())
        self._strangers.clear()
        self._raised = None
        self._began, self._started = self._timeline.now, monotonic()
        self._timeline.wake = self._wake
        try:
            super().run_forever()
        finally:
            self._timeline.wake = None
            self._before = set()
        raised, self._raised = self._raised, None
        if raised is not None:
            raise raised

    def _wake(self) -> None:
        if running_loop() is not self:
            with suppress(RuntimeError):  # it has been closed meanwhile
                self.call_soon_threadsafe(_nothing)

    def wind_up(self) -> None:
        """Cancel what is left, let it clean up, and close the loop."""
        if self.is_closed():
            return
        try:
            tasks = asyncio.all_tasks(self)
            for task in tasks:
                task.cancel()
            if tasks:
                self.run_until_complete(asyncio.wait(tasks))
            self.run_until_complete(self.shutdown_asyncgens())
            self.run_until_complete(self.shutdown_default_executor())
        finally:
            self.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.wind_up()

    def close(self) -> None:
        """Close the loop; its timers are forgotten."""
        if not self.is_closed() and not self.is_running():
            self._timeline.forget(self)
            self._guards.clear()
        super().close()


def _nothing() -> None:
    pass
