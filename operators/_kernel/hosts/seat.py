"""Seat: who runs the background loop, its own thread or the one that waits for what comes of it.

A loop over what comes from an event loop would cross to another thread and back for each item, or batch of
items: some ten times what an item costs. So whoever waits runs the loop meanwhile, on its own thread, and
crosses nowhere. While it does something else for longer than a moment, the loop's own thread takes over:
heartbeats, timers and answers go on whatever a consumer does. Where the loop serves several runs its own
thread runs it all the time, for nobody is to wait for another's consumer.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from functools import partial
from typing import Any

from operators._kernel.hosts.runtimes import running_loop
from operators._kernel.hosts.threads import handled, undisturbed

MOMENT = 0.005
"""Seconds for which nobody runs the loop, at most: as long as Python itself has a thread wait for another."""
LOOK = 0.05
"""Seconds after which one who runs it is to look at whether what it waits for can still come."""


class Seat:
    """Held by the thread that runs a loop; made by the loop's own."""

    def __init__(self, loop: Any) -> None:
        self.loop: Any = loop
        self.movable: bool = type(loop) is getattr(asyncio, "SelectorEventLoop", None)
        """Whether another thread may run it: of other kinds of loops it is not known."""
        self.run: int = 0
        """Whose threads that wait may have it, as the identity of an account; 0: none."""
        self._taken = threading.Lock()
        self._lent = threading.Lock()  # held as well by one to whom it does not belong
        self._owner = threading.get_ident()
        self._call = threading.Lock()
        self._call.acquire()
        self._turns = 0
        self._asleep = False
        self._needed = False
        self._away = False
        self._closing = False
        self._asked: Callable[[], object] | None = None

    # For the loop's own thread -------------------------------------------------------------------

    def serve(self, over: Callable[[], bool]) -> None:
        """Run the loop, until it is stopped; where somebody has asked, let that one have it meanwhile.

        Not where all is `over`: what said so may have stopped the one who ran the loop until now.
        """
        with self._taken:
            if over():
                return
            self._needed = self._away = False
            self._run()
            asked, self._asked = self._asked, None
        if asked is not None:
            leaves = self._away = not self._needed
            asked()  # either way: who asks looks round once more
            if leaves:
                self._stand_by()

    def _stand_by(self) -> None:
        """Wait until nobody has run the loop for a moment, or its own thread has to."""
        seen = -1
        while not self._needed:
            if self._call.acquire(timeout=LOOK if self._asleep else MOMENT):
                self._asleep = False
                continue
            turns = self._turns
            if self.free:
                if turns == seen:
                    break
            else:
                if self._asleep:
                    self.hurry()
                self._asleep = turns == seen
            seen = turns
        self._asleep = False

    def close(self, ending: Callable[[Any], Coroutine[Any, Any, object]]) -> None:
        """Run what `ending` gives to its end, and then the loop's own cleanup; nobody else runs it again."""
        with self._taken:
            self._closing = True
            self.loop.run_until_complete(ending(self.loop))
            self.loop.run_until_complete(self.loop.shutdown_asyncgens())
            self.loop.close()

    # For who waits -------------------------------------------------------------------------------

    def ask(self, lent: Callable[[], object]) -> None:
        """Have `lent` be called once the loop's own thread has left it to whoever asks; or never."""
        self._asked = lent
        with suppress(RuntimeError):  # it is closed
            self.loop.call_soon_threadsafe(self._leave)

    def _leave(self) -> None:
        if threading.get_ident() == self._owner:
            self._stop()

    def drive(self, run: int, signals: Iterable[int]) -> bool:
        """Run the loop on this thread, for that run, until it is stopped; False: another one runs it.

        What handlers of these signals raise, a Ctrl-C say, would take along what a callback had to do for
        others: the loop is stopped, and it is raised then.
        """
        ran = undisturbed(partial(self._drive, run), self._halt, signals)
        if self._asleep:
            self._ring()
        return ran

    def _drive(self, run: int) -> bool:
        if self._needed or not self._lent.acquire(blocking=False):
            return False
        try:
            # Once more: whoever comes, and needs its own thread, waits for this one if it did not see that.
            if self.run != run or not self._taken.acquire(blocking=False):
                return False
            try:
                if self._closing:
                    return False
                self._turns += 1
                self._run()
            finally:
                self._taken.release()
        finally:
            self._lent.release()
        return True

    def _run(self) -> None:
        # A SystemExit is one task's, which has it as its outcome; the loop serves others too.
        with suppress(SystemExit, KeyboardInterrupt):
            self.loop.run_forever()

    # For anybody ---------------------------------------------------------------------------------

    @property
    def free(self) -> bool:
        """Whether nobody runs the loop: who is the next to do so sees at once what it is given."""
        return not self._taken.locked()

    def need(self) -> None:
        """Have the loop's own thread run it from now on, and no other one when this returns."""
        self._needed = True
        if self._away:
            self.call()
            if running_loop() is not self.loop:
                with self._lent:
                    pass

    def call(self) -> None:
        """Have the loop's own thread look up from whatever it does."""
        self._needed = True
        self.hurry()
        self._ring()

    def hurry(self) -> None:
        """Have whoever runs the loop look up from it."""
        if running_loop() is self.loop:
            self._stop()
        else:
            self._halt()

    def wake(self) -> None:
        """Have whoever runs the loop look at what it was given."""
        with suppress(RuntimeError):
            self.loop.call_soon_threadsafe(_nothing)

    def _halt(self) -> None:
        with suppress(RuntimeError):  # it is closed
            self.loop.call_soon_threadsafe(self._stop)

    def _stop(self) -> None:
        if not self._closing:
            self.loop.stop()

    def _ring(self) -> None:
        with suppress(RuntimeError):  # it was rung already
            self._call.release()


def _nothing() -> None:
    pass


class Gate:
    """Where one thread waits for another, and runs the loop of a seat meanwhile, if that may be had."""

    __slots__ = ("_lent", "_lock", "_opened", "_seat", "_signals")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lock.acquire()
        self._opened: deque[None] = deque(maxlen=1)
        self._lent = False
        self._seat: Seat | None = None
        self._signals = handled()

    def open(self) -> None:
        """Have the thread go on; from any thread."""
        self._opened.append(None)
        seat = self._seat
        if seat is not None:
            seat.hurry()
        self._wake()

    def _lend(self) -> None:
        self._lent = True
        self._wake()

    def _wake(self) -> None:
        if self._lock.locked():
            with suppress(RuntimeError):  # somebody else has
                self._lock.release()

    def wait(self, timeout: float, run: object, seat: Seat | None) -> bool:
        """Wait for `timeout` seconds at most, or until it is opened; False: it was not, or not yet.

        `run` is the account of the run that is waited for, and the seat its own, if it has one. Who runs a
        loop meanwhile is back after `LOOK` seconds or so.
        """
        if seat is None or timeout < LOOK:
            if not self._opened:
                self._lock.acquire(timeout=timeout)
        else:
            self._seat = seat  # first: who opens it is seen here, or has the loop stop
            try:
                while not (self._opened or seat.drive(id(run), self._signals)):
                    if seat.run != id(run):
                        break
                    seat.ask(self._lend)
                    if self._opened or not (self._lock.acquire(timeout=timeout) and self._lent):
                        break
                    self._lent = False
            finally:
                self._seat = None
        if not self._opened:
            return False
        self._opened.clear()
        self._lock.acquire(blocking=False)
        return True
