"""Bells: what a consumer that pulls waits for, on a thread or on an event loop."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, ClassVar

from operators._kernel.fusing.feed import PAUSE, Run
from operators._kernel.hosts.runtimes import need_loop, running_loop, turn
from operators._kernel.hosts.seat import LOOK, Gate
from operators._kernel.subscription.relay import is_coupled, uncoupled
from operators._kernel.subscription.scope import Scope


class ThreadBell:
    """Wakes a thread, which blocks while it waits."""

    __slots__ = ("_gate", "_rung", "_scope", "_waits")
    blocks: ClassVar[bool] = True

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        # Marks: who takes one off decides, and so nothing rests on two looks at once.
        self._rung: deque[None] = deque(maxlen=1)
        self._waits: deque[None] = deque(maxlen=1)
        self._gate: Gate | None = None

    def ring(self) -> None:
        """Have the thread look again."""
        self._rung.append(None)
        if self._waits and self._taken():
            gate = self._gate
            if gate is not None:
                gate.open()

    def _taken(self) -> bool:
        try:
            self._waits.popleft()
        except IndexError:
            return False
        return True

    def wait(self) -> None:
        """Block until it is rung; a ring since the last wait counts."""
        if not self._rung:
            gate = self._gate
            if gate is None:
                self._gate = gate = Gate()
            self._waits.append(None)
            if not self._rung or not self._taken():
                # What the loop calls that it may run meanwhile is not to wait for what is under way here.
                uncoupled(self._block) if is_coupled() else self._block()
        self._rung.clear()

    def _block(self) -> None:
        pending, gate = self._scope.pending, self._gate
        assert gate is not None
        seat = pending.seat()
        if seat is None or not gate.wait(LOOK, pending, seat):
            pending.block(lambda seconds: gate.wait(seconds, pending, pending.seat()))


def settle(scope: Scope) -> None:
    """Wait until all is cleaned up that a run has begun to, unless this thread runs an event loop."""
    if not scope.settled and running_loop() is None:
        scope.pending.wait()


def cleaning(scope: Scope, run: Run) -> Iterator[Any]:
    """Give PAUSE until all is cleaned up that a run, or this part of it, has begun to; then ring the bell."""
    scope.pending.then(run.bell.ring)
    while not scope.settled:
        yield PAUSE


_BRIEFLY = 0.0002
"""Seconds that a task stands back for the thread that has woken it, at most: it takes a tenth of that."""


class LoopBell:
    """Wakes a task, which awaits.

    To wake an event loop, a thread leaves Python for a moment, and mostly the loop is quicker to come back:
    the task found one item, waited for the next, and was woken for that, at thirty times what an item costs.
    So the task lets the thread that rang go on first, which then brings all that it has.
    """

    __slots__ = ("_lock", "_loop", "_ringing", "_rung", "_waiter")
    blocks: ClassVar[bool] = False

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: Any = None  # known once it is waited for
        self._rung = False
        self._waiter: Any = None
        self._ringing: Any = None  # held by the thread that rings, until it is back

    def ring(self) -> None:
        """Have the task look again."""
        if self._rung:
            return
        with self._lock:
            self._rung = True
            waiter, self._waiter = self._waiter, None
            loop = self._loop
        if waiter is None or loop is None:
            return
        if running_loop() is loop:
            _wake(waiter)
            return
        ringing = threading.Lock()
        ringing.acquire()
        self._ringing = ringing
        try:
            with suppress(RuntimeError):  # a loop that is closed has nobody who waits
                loop.call_soon_threadsafe(_wake, waiter)
        finally:
            ringing.release()

    def wait(self) -> None:
        """Refuse: a task awaits `rung`."""
        raise RuntimeError("the bell of a task cannot be waited for on a thread")

    async def rung(self) -> None:
        """Wait until it is rung; a ring since the last wait counts, and still gives the loop its turn."""
        with self._lock:
            if self._rung:
                self._rung = False
                waiter = None
            else:
                self._loop = loop = need_loop()
                self._waiter = waiter = loop.create_future()
        if waiter is None:
            await turn()
            return
        await waiter
        ringing, self._ringing = self._ringing, None
        if ringing is not None:
            ringing.acquire(timeout=_BRIEFLY)
        self._rung = False


class TaskRun(Run):
    """The run of a task, which gives the event loop its turn by itself."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(LoopBell)
        self.begin_slice()

    async def turn(self) -> None:
        """Give the event loop its turn, and wait until the bell is rung."""
        await self.bell.rung()
        self.begin_slice()


def _wake(waiter: Any) -> None:
    if not waiter.done():
        waiter.set_result(None)
