"""Drives: what pushes the items of a chain that is pulled, as far as demand goes."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from functools import partial
from threading import get_ident
from types import FrameType
from typing import Any

from operators._kernel.failures.failure import brief, ended_by, subscriber_raised, user_frames
from operators._kernel.fusing.feed import NEVER, Pace
from operators._kernel.fusing.fusion import nothing
from operators._kernel.fusing.opening import Driven
from operators._kernel.hosts.loops import running_loop
from operators._kernel.hosts.slices import next_turn
from operators._kernel.subscription.demand import demand_error, plain
from operators._kernel.subscription.home import Home
from operators._kernel.subscription.relay import end_with, forsake
from reactive_streams import UNBOUNDED

_MOST = 1 << 29
"""Items counted at a time: a number of more than one of Python's digits counts slowly."""
_AT_THE_END = -2


class IteratorDrive(Pace):
    """The Subscription over a chain that is pulled: whoever requests runs it, or who rings when it rests.

    One generated function delivers the items. It comes back when all that was asked for has been
    delivered, when there is nothing now, and at the end. On an event loop it runs in slices of time,
    and goes on in a later turn.
    """

    __slots__ = (
        "__weakref__", "_after", "_asked", "_credit", "_deliver", "_demand", "_ending", "_home",
        "_leave", "_lines", "_lock", "_loop", "_over", "_rung", "_runner", "_running", "_subscriber", "bad",
        "failure", "stop",
    )  # fmt: skip

    pushes = True
    blocks = False

    # Known from `start` on.
    _deliver: Any
    _ending: Callable[[], bool]
    _leave: Callable[[], None]
    _lines: frozenset[int]
    _after: list[Callable[[], None]]

    def __init__(self, subscriber: Any, home: Home) -> None:
        super().__init__()
        self._home = home
        self._subscriber: Any = subscriber
        self._lock = threading.Lock()
        self._demand = 0  # asked for from elsewhere, or while it rests
        self._asked = 0  # the runner's own: asked for inside of its signals, or left of what was
        self._running = True  # what is requested inside on_subscribe waits for it to return
        self._runner = 0  # the thread that is at it: it alone sets this, and finds itself here
        self._over = False
        self._rung = False
        self._credit = 0
        self._loop: Any = None
        self.stop: bool = False
        """Set by cancel and by a bad request; looked at after each item."""
        self.bad: Exception | None = None
        self.failure: Exception | None = None

    def fail(self, error: Exception) -> None:
        """Take note of the error that the items are about to raise."""
        self.failure = error

    def start(self, driven: Driven) -> None:
        """Hand the Subscription over, and complete where it is known that nothing can come."""
        self._deliver, self._ending, self._leave, self._lines, self._after, begins = driven
        subscriber = self._subscriber
        self._runner = get_ident()
        try:
            subscriber.on_subscribe(self)
        except Exception as error:
            self._over = self.stop = True
            self._finish()
            subscriber_raised(error, f"on_subscribe of {brief(subscriber)}")
            return
        except BaseException as raised:
            self._over = self.stop = True
            self._finish()
            forsake(subscriber, raised)
            raise
        if begins and not self.stop:
            self._loop = running_loop()
            if self._loop is not None:
                self.begin_slice()
            try:
                for begin in begins:
                    begin()
            except BaseException as raised:
                self._broken_off(raised)
                raise
        self._wake()

    @property
    def downstream(self) -> Any:
        """Whom it delivers to."""
        return self._subscriber

    @property
    def runner(self) -> int:
        """The thread that is inside the loop now, and so must not be kept waiting for it; 0: none."""
        return self._runner

    @property
    def bell(self) -> IteratorDrive:
        return self

    def wait(self) -> None:
        """Refuse: a drive goes on when it is rung for."""
        raise RuntimeError("a loop that pushes does not wait")

    # Who may set it to work ----------------------------------------------------------------------

    def request(self, n: int) -> None:
        if type(n) is not int or n < 1:
            n = plain(n)
            bad = demand_error(n)
            if bad is not None:
                self._refuse(bad)
                return
        me = get_ident()
        if self._runner == me:
            self._asked += n
            return
        with self._lock:
            if self._over:
                return
            if self._running:
                self._demand += n
                return
            self._running = True
            self._asked, self._demand = self._demand + n, 0  # it is the runner's own, which we are
        if me == self._home.thread and running_loop() is None:
            self._runner = me  # as `run_back` does, and `_wake`
            self._work(None)
        else:
            self._home.run(self._wake)

    def _refuse(self, bad: Exception) -> None:
        with self._lock:
            if self._over:
                return
            self.bad = self.bad or bad
            self.stop = self.halted = True
            running, self._running = self._running, True
        if not running:
            self._home.run_back(self._wake)

    def ring(self) -> None:
        """Have it look again: something has come for a feed that had nothing."""
        with self._lock:
            self._rung = True
            if self._over or self._running:
                return
            if not self._demand and not self._ending():
                return
            self._running = True
        self._home.run(self._wake)

    def cancel(self) -> None:
        with self._lock:
            if self._over:
                return
            self._over = self.stop = True
            running, self._running = self._running, True
        if running and not self._at_rest():
            self.halted = True  # it is seen before the next item
        elif running:
            self._finish()
        else:
            self._home.run_back(self._finish)

    def _at_rest(self) -> bool:
        # A cancel that comes out of on_next finds the items at rest. They are closed before it
        # returns, and so before the signal of a stage below that has ended the stream.
        if self._runner != get_ident():
            return False
        code = self._deliver.__code__
        frame: FrameType | None = sys._getframe(2)  # pyright: ignore[reportPrivateUsage]
        while frame is not None:
            if frame.f_code is code and frame.f_locals["run"] is self:
                return frame.f_lineno in self._lines
            frame = frame.f_back
        return False

    def _wake(self) -> None:
        self._runner = get_ident()
        self._work(running_loop())

    def _work(self, loop: Any) -> None:
        left: int | None
        try:
            self._loop = loop
            if loop is None:
                self.deadline = NEVER
            else:
                self.begin_slice()
            left = self.more()
            if left > 0:
                left = self._deliver(self._subscriber.on_next, left)
            if left == _AT_THE_END:
                left = self._deliver(self._subscriber.on_next, 1)
        except Exception as error:
            if error is not self.failure:
                self._over = True
                subscriber = self._subscriber
                self._finish()
                subscriber_raised(error, f"on_next of {brief(subscriber)}")
                return
            left = None
        except BaseException as raised:
            self._broken_off(raised)
            raise
        if left is None:
            self._let_go()  # who cancels in the cleanup does so before the end is told
        elif not left:
            return  # it may be another thread's by now
        self._finish()

    def _broken_off(self, raised: BaseException) -> None:
        """Be over by what is nobody's signal: Ctrl-C, SystemExit."""
        subscriber = self._subscriber
        if self._loop is None:
            self._over = True
        else:  # whoever waits is not the one that it is raised at
            self.failure = ended_by(raised)
        self._finish()
        if self._loop is None:
            forsake(subscriber, raised)

    # What the generated function asks ------------------------------------------------------------

    def more(self) -> int:
        """Return how many items to deliver next; 0: none, and it no longer runs; -1: be over.

        -2: come back to find out how it ends, for no item will come; what an error has overtaken is left out.
        """
        if self.stop:
            return -1
        n = self._asked
        if not n:
            # A hint: who falls idle looks once more, under the lock. At the end nobody need have asked.
            if not self._demand and self._ending():
                return _AT_THE_END
            n = self._fall_idle()
            if n < 1:
                return n
        most = _MOST
        if self._loop is not None:
            # Also for one who asks for a single item each time, and so has many short deliveries.
            most = self._credit or self.pace()
            if most < 1:
                self._asked = n
                return self.rest(0)
            self._credit = max(0, most - n)
        if n <= most:
            self._asked = 0
            return n
        self._asked = n if n >= UNBOUNDED else n - most
        return most

    def _fall_idle(self) -> int:
        with self._lock:
            if self.stop:
                return -1
            n = self._demand
            if n:
                self._demand = 0
            else:
                self._running = False
                self._runner = 0
            return n

    def rest(self, left: int) -> int:
        """Take note that there is nothing now, or that the time is up; return what `more` does."""
        loop = self._loop
        with self._lock:
            if self.stop:
                return -1
            if self._rung and loop is None:
                self._rung = False
                return left
            self._demand = min(self._demand + self._asked + left, UNBOUNDED)
            self._asked = 0
            self._runner = 0
            if not self._rung:
                self._running = False  # whoever rings, or asks for more, goes on
                return 0
            self._rung = False
        next_turn(self._wake, self._stranded)
        return 0

    def _stranded(self, error: Exception) -> None:
        """Be over, since the event loop on which it was to go on has been closed."""
        self.failure = self.failure or error
        self._finish()

    def _let_go(self) -> None:
        leave, self._leave = self._leave, nothing
        leave()

    def _finish(self) -> None:
        with self._lock:
            cancelled, self._over = self._over, True
            self._running = True
        # No reference to the Subscriber is kept (§3.13).
        subscriber, self._subscriber = self._subscriber, None
        self._deliver = None
        self._ending = bool
        if self._leave is not nothing:
            self._let_go()
        if cancelled:
            self._clean_up()
        elif self._after:
            end_with(partial(tell_end, subscriber, self.bad or self.failure), self._clean_up)
        else:
            tell_end(subscriber, self.bad or self.failure)

    def _clean_up(self) -> None:
        after = self._after
        while after:
            after.pop()()


def tell_end(subscriber: Any, error: Exception | None) -> None:
    """Signal the end to a Subscriber; what that raises goes to the hook (§2.13)."""
    try:
        if error is None:
            subscriber.on_complete()
        else:
            subscriber.on_error(error.with_traceback(user_frames(error.__traceback__)))
    except Exception as raised:
        method = "on_complete" if error is None else "on_error"
        subscriber_raised(raised, f"{method} of {brief(subscriber)}")
