"""Pending: what one run has still to clean up, what carries it, and how to wait for either."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
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

    def trouble(self) -> Exception | Pending | None:
        """Return why it will not go on again, or not as long as the waiting threads wait; else None.

        Where it goes on as another run does, it is the account of that.
        """
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
        self._end(list(self._ends(what)), lost)

    def end_part(self, what: Carrier, *, lost: bool = False) -> None:
        """Do no more than what `end` does for the part of the run that `what` belongs to."""

    def _ends(self, what: Carrier) -> Iterator[tuple[Pending, Carrier | None]]:
        """Give the accounts from which `what` is to be taken off, the last one first."""
        yield self, what

    @staticmethod
    def _end(steps: list[tuple[Pending, Carrier | None]], lost: bool) -> None:
        """Take off what has ended, and ring, account by account, the last one first.

        Runs follow one another, and are parts of one another, by the thousand perhaps: no calls in calls.
        """
        while steps:
            account, what = steps.pop()
            if what is not None:
                account._open.pop(id(what), None)
            # A bell is hung up before its owner looks at what is open, and that is taken off before the
            # bells are looked at: so one of the two sees the other.
            while not account._open:
                try:
                    ring = account._bells.popleft()
                except IndexError:
                    break
                if isinstance(ring, _Following):  # its bells, and then what is left of these
                    steps.append((account, None))
                    steps.extend(ring.by._ends(ring.other))
                    break
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
        other._bells.append(_Following(self, other))
        if not other._open:  # meanwhile
            self.end(other)

    def wait(self, timeout: float | None = None, *, wherever: bool = True) -> bool:
        """Block this thread, which must run no event loop, until all is idle; False: not in time.

        `timeout` is in seconds; None waits for as long as it takes. What can never end, its loop being
        closed, is given up; and without `wherever` the whole is, where something is left to what does not go
        on by itself: a loop that nobody runs, a clock, an executor whose threads all wait.
        """
        if wherever:
            return self._wait(timeout, bool)
        me = threading.get_ident()
        looks = 0

        def at_rest() -> bool:
            nonlocal looks
            looks += 1
            if looks > 1:
                _waiting[me] = None
            return self._at_rest()

        try:
            return self._wait(timeout, at_rest)
        finally:
            _waiting.pop(me, None)

    def _wait(self, timeout: float | None, at_rest: Callable[[], bool]) -> bool:
        deadline = None if timeout is None else time.monotonic() + timeout
        while self._open and not at_rest():
            bell = Gate()
            self._bells.append(bell.open)
            left = LOOK if deadline is None else min(LOOK, deadline - time.monotonic())
            if self._open and not bell.wait(max(0.0, left), self, self.seat()):
                self._take_down(bell.open)
                self._give_up()
                if deadline is not None and time.monotonic() >= deadline:
                    return self.idle
        return True

    def _at_rest(self) -> bool:
        """Whether something is left to what does not go on by itself."""
        seen: set[int] = set()
        left: list[Carrier] = [self]
        while left:
            each = left.pop()
            if getattr(each, "at_rest", False):
                return True
            if isinstance(each, Pending) and id(each) not in seen:
                seen.add(id(each))
                left += each._open.values()
        return False

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
            if self._trouble_of(what) is not None:
                self.end(what)

    # What carries it -----------------------------------------------------------------------------

    def seat(self) -> Seat | None:
        """Return the seat at the loop that a thread which waits for the run may run; None: there is none."""
        for what in list(self._open.values()):
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
        return self._trouble_of(self)

    @staticmethod
    def _trouble_of(what: Carrier) -> Exception | None:
        """Return the trouble of a carrier, or of a run that it depends on, and so on."""
        seen: dict[int, Pending] = {}
        left: list[Carrier] = [what]
        while left:
            each = left.pop()
            if not isinstance(each, Pending):
                found = each.trouble()
                if isinstance(found, Exception):
                    return found
                if found is not None:
                    left.append(found)
            elif id(account := each.whole) not in seen:
                seen[id(account)] = account
                left += [*account._carriers.values(), *account._open.values()][::-1]
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


class _Following:
    """The bell of a run that another one follows: what rings it goes on to the bells of that one."""

    __slots__ = ("by", "other")

    def __init__(self, by: Pending, other: Pending) -> None:
        self.by = by
        self.other = other

    def __call__(self) -> None:
        self.by.end(self.other)


class Part(Pending):
    """The account of a part of a run: what is in it is in the whole's as well, which has the troubles."""

    __slots__ = ("_around", "_whole")

    def __init__(self, around: Pending) -> None:
        super().__init__()
        self._around = around  # perhaps a part itself
        self._whole = around.whole

    @property
    def whole(self) -> Pending:
        return self._whole

    def begin(self, what: Carrier) -> None:
        for account, _ in self._ends(what):
            account._open[id(what)] = what

    def end_part(self, what: Carrier, *, lost: bool = False) -> None:
        self._end([(self, what)], lost)

    def _ends(self, what: Carrier) -> Iterator[tuple[Pending, Carrier | None]]:
        # In this order: what comes after it has begun before the whole could be idle.
        accounts: list[Pending] = [self]
        while isinstance(account := accounts[-1], Part):
            accounts.append(account._around)
        return iter([(each, what) for each in reversed(accounts)])

    def carry(self, carrier: Any) -> None:
        self._whole.carry(carrier)

    def drop(self, carrier: Any) -> None:
        self._whole.drop(carrier)


def _wake(waiter: Any) -> None:
    if not waiter.done():
        waiter.set_result(None)
