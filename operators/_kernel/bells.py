"""Bells: what a consumer that pulls waits for, on a thread or on an event loop."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from contextlib import suppress

from operators._kernel.feed import Run
from operators._kernel.loops import running_loop
from operators._kernel.scope import Scope


class ThreadBell:
    """Wakes a thread, which blocks while it waits."""

    __slots__ = ("_gate", "_rung", "_scope", "_waits")

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        # Marks: who takes one off decides, and so nothing rests on two looks at once.
        self._rung: deque[None] = deque(maxlen=1)
        self._waits: deque[None] = deque(maxlen=1)
        self._gate: threading.Lock | None = None

    def ring(self) -> None:
        """Have the thread look again."""
        self._rung.append(None)
        if self._waits and self._taken():
            gate = self._gate
            if gate is not None:
                gate.release()

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
                self._gate = gate = threading.Lock()
                gate.acquire()
            self._waits.append(None)
            if not self._rung or not self._taken():
                acquire = gate.acquire
                self._scope.pending.block(lambda seconds: acquire(timeout=seconds))
        self._rung.clear()


class LoopBell:
    """Wakes a task, which awaits."""

    __slots__ = ("_lock", "_loop", "_rung", "_waiter")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None  # known once it is waited for
        self._rung = False
        self._waiter: asyncio.Future[None] | None = None

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
        else:
            with suppress(RuntimeError):  # a loop that is closed has nobody who waits
                loop.call_soon_threadsafe(_wake, waiter)

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
                self._loop = loop = asyncio.get_running_loop()
                self._waiter = waiter = loop.create_future()
        if waiter is None:
            await asyncio.sleep(0)
            return
        await waiter
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


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
