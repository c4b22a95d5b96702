"""Inlet: the strict edge where a foreign Publisher's signals come in."""

from __future__ import annotations

import sys
import threading
from collections import deque
from collections.abc import Callable
from threading import get_ident
from types import FrameType
from typing import Any

from operators._kernel.checks import need_methods
from operators._kernel.demand import demand_error, plain
from operators._kernel.ends import NOBODY, NOWHERE
from operators._kernel.failure import RuleViolation, brief, drop_error, stack_is_full
from operators._kernel.stage import Stage
from reactive_streams import UNBOUNDED

_CLOSED = -1  # less than has come, whatever that is


class Inlet(Stage):
    """Passes on the signals of a Publisher that is not trusted, and checks each one.

    What leaves it is serial (§1.3), whatever comes: a token is away while a signal goes down, and never
    waited for. Whoever finds it away leaves behind what is to be done, and whoever gives it back does
    it. So it is with a request from inside a signal, which would lead to another signal, and so on,
    as deep as there are items (§3.3): it is passed on when the signal is over.
    """

    __slots__ = (
        "_asking", "_bad", "_give", "_left", "_lock", "_owed", "_release",
        "_subscribed", "_take", "asked", "on_next", "owner",
    )  # fmt: skip

    on_next: Any  # a function of its own, for the sake of speed

    def __init__(self, downstream: Any, node: Any, scope: Any) -> None:
        super().__init__(downstream, node, scope)
        self._lock = threading.Lock()
        self.asked: int = 0
        """Items asked for in total; raised under the lock, and read without."""
        self._owed = 0  # asked for, and not yet passed on
        self._asking = (
            False  # whether somebody is inside of upstream's request: one at a time (§2.7)
        )
        self._subscribed = False
        token = deque((None,))
        self._take = token.popleft
        self._give = token.append
        self.owner: int = 0
        """The thread that is inside of on_subscribe or of the end; 0: none. An item costs no look at it."""
        self._left: deque[None] = deque(maxlen=1)  # a mark: something is to be done after it
        self._bad: Exception | None = None
        self.on_next, self._release = _receiver(self, downstream.on_next, self._take, self._give)

    @property
    def left(self) -> deque[None]:
        """The mark that something is to be done when the signal under way is over."""
        return self._left

    # Upstream's signals -------------------------------------------------------------------------

    def connect(self, publisher: Any) -> None:
        """Subscribe; a Publisher that raises instead of signalling breaks §1.9."""
        try:
            publisher.subscribe(self)
        except RecursionError as error:
            self._recursed(f"subscribe of {brief(publisher)}", error)
        except Exception as error:
            what = f"subscribe of {brief(publisher)} raised {brief(error)}"
            self._end(self._violation("1.9", what, error))

    def on_subscribe(self, subscription: Any) -> None:
        need_methods("on_subscribe", "Subscription", subscription, "request", "cancel")
        if self._subscribed:
            self._cancel(subscription)  # §2.5: one Subscription at a time
            return
        self._subscribed = True
        self.upstream = subscription
        self._alone(lambda: self.downstream.on_subscribe(self))

    def on_error(self, error: Any) -> None:
        if error is None:
            self._end(self.blame(TypeError("the Publisher's on_error was given None (§2.13)")))
            raise TypeError("on_error: None is not an error (§2.13)")
        if not isinstance(error, Exception):
            self._end(
                self._violation("1.4", f"on_error was given {brief(error)}, which is no Exception")
            )
        elif not self._alone(lambda: self._last(error)):
            self._overlaps("on_error", error)

    def on_complete(self) -> None:
        if not self._alone(lambda: self._last(None)):
            self._overlaps("on_complete")

    def _last(self, error: Exception | None) -> None:
        self._introduce()
        if self._bad is not None and not self.done:
            self._violated()  # it was there first
        self.upstream = NOWHERE  # §2.3, §2.4: whatever downstream makes of the end
        if error is None:
            Stage.on_complete(self)
        else:
            Stage.on_error(self, error)
        self._let_go()

    def _introduce(self) -> None:
        # A Publisher that ends without on_subscribe (§1.9) must not take downstream by surprise.
        if not self._subscribed:
            self._subscribed = True
            self.downstream.on_subscribe(self)

    # One signal at a time -----------------------------------------------------------------------

    def _alone(self, signal: Callable[[], None]) -> bool:
        """Give a signal, or be inside of one of this thread already; False: it is another's turn."""
        try:
            self._take()
        except IndexError:
            if not self._is_inside():
                return False
            signal()
            return True
        self.owner = get_ident()
        try:
            signal()
        except BaseException as raised:
            self.owner = 0
            # By this frame, which had the room to take it, however full the stack is.
            self._give(None)
            self.interrupt(raised)
            raise
        self.owner = 0
        self._give(None)
        if self._left:
            self.after()
        return True

    def interrupt(self, raised: BaseException) -> None:
        """Deal with what a signal has raised: what is nobody's signal ends the stream."""
        if not isinstance(raised, Exception):
            self.cancel()
        elif self._left and not isinstance(raised, RecursionError):
            self.after()

    def _is_inside(self, above: int = 2) -> bool:
        """Whether the signal under way is one that this thread is inside of; looked for on its stack."""
        if self.owner == get_ident():
            return True
        frame: FrameType | None = sys._getframe(above)  # pyright: ignore[reportPrivateUsage]
        while frame is not None:
            if frame.f_code is self.on_next.__code__ and frame.f_locals["inlet"] is self:
                return True
            frame = frame.f_back
        return False

    def nested(self, item: Any, received: int) -> None:
        """Take an item that comes while a signal goes down."""
        if not self._is_inside(3):
            self._overlaps("on_next")
            self.refuse(item)
        elif received > self.asked or item is None:
            self.reject(item, received)
        else:
            self.downstream.on_next(item)

    def _overlaps(self, method: str, cause: Exception | None = None) -> None:
        what = f"the Publisher called {method} while another thread was inside of a signal of its"
        self._end(self._violation("1.3", what, cause))

    def after(self) -> None:
        """Do what was left to be done after a signal."""
        self._left.clear()
        if self._bad is not None:
            self._answer()
        self._ask()

    def reject(self, item: Any, received: int) -> None:
        """Refuse an item that was not asked for, that comes too late, or that is None."""
        if self.done or self._bad is not None:
            self.refuse(item)
        elif item is None:
            error = "None is not an element (§2.13); the Publisher's on_next was given None"
            self._end(self.blame(TypeError(error)))
            raise TypeError("on_next: None is not an element (§2.13)")
        else:
            self.refuse(item)
            what = f"the Publisher sent item number {received} when only {self.asked} had been asked for"
            before = "" if self._subscribed else ", and that before on_subscribe (§1.9)"
            self._end(self._violation("1.1", what + before))

    # Downstream's requests ----------------------------------------------------------------------

    def request(self, n: int) -> None:
        if self.done:
            return  # §3.6
        bad = demand_error(n := plain(n))
        if bad is not None:
            if self._bad is None:
                self._end(bad)
            return
        with self._lock:
            if self.asked != _CLOSED:
                self.asked = min(self.asked + n, UNBOUNDED)
            self._owed = min(self._owed + n, UNBOUNDED)
            if self._asking:
                return  # whoever is inside of upstream's request goes on with it
            if self.owner == get_ident():
                self._left.append(None)
                return
        self._ask()

    def _ask(self) -> None:
        while True:
            with self._lock:
                if self._asking or not self._owed:
                    return
                n, self._owed = self._owed, 0
                self._asking = True
            try:
                self._pass_on(n)
            finally:
                self._asking = False

    def _pass_on(self, n: int) -> None:
        upstream = self.upstream
        try:
            upstream.request(n)
        except RecursionError as error:
            self._recursed(f"request({n}) of {brief(upstream)}", error)
        except Exception as error:
            what = f"request({n}) of {brief(upstream)} raised {brief(error)}"
            self._end(self._violation("3.16", what, error))

    def cancel(self) -> None:
        upstream, self.upstream = self.upstream, NOWHERE
        over, self.done = self.done, True
        self._let_go()
        self._cancel(upstream)
        if isinstance(self._bad, RuleViolation) and not over:
            self._drop(
                self._bad
            )  # the Publisher's fault; that of a bad request is gone with who made it

    def _let_go(self) -> None:
        # A Processor, or whoever else keeps this, is not to keep the Subscriber with it (§3.13).
        self.downstream = NOBODY
        self._release()
        with self._lock:
            self.asked = _CLOSED

    def _cancel(self, upstream: Any) -> None:
        try:
            upstream.cancel()
        except Exception as error:
            drop_error(error, f"raised by cancel of {brief(upstream)} (§3.15)")

    # The end by an error that is made here ------------------------------------------------------

    def _violation(self, rule: str, what: str, cause: Exception | None = None) -> Exception:
        violation = RuleViolation(rule, what)
        violation.__cause__ = cause
        return self.blame(violation)

    def _recursed(self, what: str, error: RecursionError) -> None:
        if self.done or stack_is_full():
            raise error  # nobody to be told, or no room for it: that is for who has called all of this
        told = RecursionError(
            f"§3.3: {what} went as deep as the stack goes: a Publisher that signals inside of its own "
            "signal, for each item anew, or too many flows one inside of another"
        )
        told.__cause__ = error
        self._end(self.blame(told))

    def _end(self, error: Exception) -> None:
        """End with an error, from any thread: now, or after the signal under way."""
        with self._lock:
            first = self._bad is None and not self.done
            if first:
                self._bad = error
                self._left.append(None)
        if first:
            self._answer()
        else:
            self._drop(error)

    def _drop(self, error: Exception) -> None:
        drop_error(error, f"in {self.node.title}, which was over; {self.node.where}")

    def _answer(self) -> None:
        # Inside of a signal it waits for that to be over: whoever is in it does what was left.
        try:
            self._take()
        except IndexError:
            return
        self.owner = get_ident()
        try:
            self._violated()
        finally:
            self.owner = 0
            self._give(None)

    def _violated(self) -> None:
        error = self._bad
        if error is None or self.done:
            return
        self._introduce()
        self.done = True
        upstream, self.upstream = self.upstream, NOWHERE
        self._cancel(upstream)
        self.downstream.on_error(error)
        self._let_go()


def _receiver(
    inlet: Inlet, emit: Any, take: Callable[[], None], give: Callable[[None], None]
) -> tuple[Callable[[Any], None], Callable[[], None]]:
    """Return the on_next of an inlet, and a function that has it let go of what is downstream."""
    received = 0
    left = inlet.left

    def on_next(item: Any) -> None:
        nonlocal received
        try:
            take()
        except IndexError:
            received += 1
            inlet.nested(item, received)
            return
        received += 1
        try:
            if received > inlet.asked or item is None:
                inlet.reject(item, received)
            else:
                emit(item)
        except BaseException as raised:
            give(None)
            inlet.interrupt(raised)
            raise
        give(None)
        if left:
            inlet.after()

    def release() -> None:
        nonlocal emit
        emit = inlet.refuse

    return on_next, release
