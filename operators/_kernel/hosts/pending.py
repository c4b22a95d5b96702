"""Pending: what one run has still to clean up, what carries it, and how to wait for either."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, Protocol

from operators._kernel.hosts.runtimes import Loop, need_loop, shielded
from operators._kernel.hosts.seat import LOOK, Gate, Seat
from operators._kernel.hosts.threads import aside
from operators._kernel.hosts.virtual import later_in_earnest

_waiting: dict[int, None] = {}  # the threads that wait in `block`, and have for a while


def all_wait(threads: set[int]) -> bool:
    """Whether each of the threads, by their idents, waits here for a run to go on."""
    return threads <= set(_waiting)


def starved(pool: Any) -> Exception | None:
    """Return the error for work that the pool will not come to, since all its threads wait here; or None."""
    # What is known of a ThreadPoolExecutor; of others nothing is.
    most = getattr(pool, "_max_workers", None)
    try:
        idents = {thread.ident for thread in list(pool._threads)}
    except (AttributeError, TypeError):
        return None
    if not isinstance(most, int) or len(idents) < most or not all_wait(idents):
        return None
    return RuntimeError(
        "this would wait for ever: every thread of the executor waits for work that the same executor is "
        "to do; give it more threads, or one of the two another executor"
    )


class Carrier(Protocol):
    """What carries a run on: a worker, or a lease on an event loop."""

    def trouble(self) -> Exception | None:
        """Return why it will not go on again, or not as long as the waiting threads wait; else None."""
        ...


class Pending:
    """The account of one run: what has begun and not ended, cleanup included, and what carries it.

    It takes no lock. The collector may close an abandoned run at any moment, and so call `end` in the
    midst of any other call made here by the same thread; a lock would be that thread's deadlock.
    """

    __slots__ = ("__weakref__", "_bells", "_carriers", "_open")

    def __init__(self) -> None:
        # By identity. What is done to them here is one step for all other threads.
        self._open: dict[int, Carrier] = {}
        self._carriers: dict[int, Carrier] = {}
        self._bells: deque[Callable[[], object]] = deque()

    # Cleanup -------------------------------------------------------------------------------------

    @property
    def whole(self) -> Pending:
        """The account of the whole run."""
        return self

    @property
    def idle(self) -> bool:
        """Whether all that has begun has ended."""
        return not self._open

    def begin(self, what: Carrier) -> None:
        """Have `what` be waited for, from now until `end`."""
        self._open[id(what)] = what

    def end(self, what: Carrier, *, lost: bool = False) -> None:
        """Have `what` be waited for no longer; from any thread, and a second call has no effect.

        `lost` says that nobody has ended it: it is gone, as the collector may find in the midst of anything.
        """
        self._open.pop(id(what), None)
        self._ring(lost=lost)

    def end_part(self, what: Carrier, *, lost: bool = False) -> None:
        """Do no more than what `end` does for the part of the run that `what` belongs to."""

    def _ring(self, *, lost: bool) -> None:
        # A bell is hung up before its owner looks at what is open, and that is taken off before the
        # bells are looked at: so one of the two sees the other.
        while not self._open:
            try:
                ring = self._bells.popleft()
            except IndexError:
                return
            if isinstance(ring, Sequel) and lost:
                aside(ring)
            else:
                ring()

    def then(self, function: Callable[[], object]) -> None:
        """Call the function as soon as all is idle: now, or where the last of it ends."""
        sequel = Sequel(function)
        self._bells.append(sequel)
        if not self._open:
            with suppress(ValueError):  # meanwhile somebody has rung it
                self._bells.remove(sequel)
                sequel()

    def follow(self, other: Pending) -> None:
        """Have all that another run has still to clean up be waited for here as well."""
        if other.idle:
            return
        self.begin(other)
        other._bells.append(partial(self.end, other))
        if not other._open:  # meanwhile
            self.end(other)

    def wait(self, timeout: float | None = None) -> bool:
        """Block this thread, which must run no event loop, until all is idle; False: not in time.

        `timeout` is in seconds; None waits for as long as it takes. What can never end, its loop being
        closed, is given up.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while self._open:
            bell = Gate()
            self._bells.append(bell.open)
            left = LOOK if deadline is None else min(LOOK, deadline - time.monotonic())
            if self._open and not bell.wait(max(0.0, left), self, self.seat()):
                self._take_down(bell.open)
                self._give_up()
                if deadline is not None and time.monotonic() >= deadline:
                    return self.idle
        return True

    async def settled(self) -> None:
        """Wait until all is idle; a task that is cancelled meanwhile leaves nothing behind.

        One of trio goes on waiting: it is on its way out, and this is what has to be done before.
        """
        with shielded():
            await self._settled(need_loop())

    async def _settled(self, loop: Loop) -> None:
        while self._open:
            waiter = loop.create_future()

            def ring(waiter: Any = waiter) -> None:
                with suppress(RuntimeError):  # the loop is closed, and nobody waits there any more
                    loop.call_soon_threadsafe(_wake, waiter)

            self._bells.append(ring)
            look = later_in_earnest(loop, LOOK, _wake, waiter)
            try:
                if not self.idle:
                    await waiter
            finally:
                look.cancel()
                self._take_down(ring)
            self._give_up()

    def _take_down(self, bell: Callable[[], object]) -> None:
        with suppress(ValueError, IndexError):  # somebody rings, this one perhaps
            self._bells.remove(bell)

    def _give_up(self) -> None:
        for what in list(self._open.values()):
            if what.trouble() is not None:
                self.end(what)

    # What carries it -----------------------------------------------------------------------------

    def seat(self) -> Seat | None:
        """Return the seat at the loop that a thread which waits for the run may run; None: there is none."""
        for what in tuple(self._open.values()):
            if isinstance(what, Pending):
                continue  # the seat of another run is not this one's
            seat: Seat | None = getattr(what, "seat", None)
            if seat is not None:
                return seat
        return None

    def carry(self, carrier: Any) -> None:
        """Take note of what the run depends on, where that can say that it is in trouble."""
        if hasattr(carrier, "trouble"):
            self._carriers[id(carrier)] = carrier

    def drop(self, carrier: Any) -> None:
        """Depend on it no longer."""
        self._carriers.pop(id(carrier), None)

    def trouble(self) -> Exception | None:
        """Return why what a waiting thread waits for can never come; None: it still may."""
        carriers: list[Carrier] = [*self._carriers.values(), *self._open.values()]
        for carrier in carriers:
            error = carrier.trouble()
            if error is not None:
                return error
        return None

    def block(self, take: Callable[[float], bool], timeout: float | None = None) -> bool:
        """Block this thread until `take(seconds)` gives True; False: not within `timeout` seconds.

        `take` waits for that long at most: `lambda s: lock.acquire(timeout=s)`, or `event.wait`. Raises
        RuntimeError where it would wait for ever: a loop was closed, the threads of an executor all wait
        for work that the same executor is to do, or a child process is without its parent's threads.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        me = threading.get_ident()
        try:
            while True:
                left = LOOK if deadline is None else min(LOOK, deadline - time.monotonic())
                if take(max(0.0, left)):
                    return True
                if deadline is not None and time.monotonic() >= deadline:
                    return False
                _waiting[me] = None
                error = self.trouble()
                if error is not None:
                    if take(LOOK):  # it has come all the same, or has an error that says more
                        return True
                    raise error
        finally:
            _waiting.pop(me, None)


class Sequel:
    """What goes on when all is idle: more than to wake somebody who waits."""

    __slots__ = ("_function",)

    def __init__(self, function: Callable[[], object]) -> None:
        self._function = function

    def __call__(self) -> None:
        self._function()


class Part(Pending):
    """The account of a part of a run: what is in it is in the whole's as well, which has the troubles."""

    __slots__ = ("_whole",)

    def __init__(self, whole: Pending) -> None:
        super().__init__()
        self._whole = whole

    @property
    def whole(self) -> Pending:
        return self._whole.whole

    def begin(self, what: Carrier) -> None:
        self._whole.begin(what)
        super().begin(what)

    def end(self, what: Carrier, *, lost: bool = False) -> None:
        # In this order: what comes after it has begun before the whole could be idle.
        self.end_part(what, lost=lost)
        self._whole.end(what, lost=lost)

    def end_part(self, what: Carrier, *, lost: bool = False) -> None:
        super().end(what, lost=lost)

    def carry(self, carrier: Any) -> None:
        self._whole.carry(carrier)

    def drop(self, carrier: Any) -> None:
        self._whole.drop(carrier)

    def trouble(self) -> Exception | None:
        return self._whole.trouble()


def _wake(waiter: Any) -> None:
    if not waiter.done():
        waiter.set_result(None)
