"""Inlet: the strict edge where a foreign Publisher's signals come in."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from threading import get_ident
from types import FrameType
from typing import Any, ClassVar

from operators._kernel.failures.checks import need_methods
from operators._kernel.failures.failure import RuleViolation, brief, drop_late, stack_is_full
from operators._kernel.fusing.fusion import received
from operators._kernel.hosts.waiting import below
from operators._kernel.links.stage import FusedStage, Stage
from operators._kernel.subscription.demand import demand_error, plain
from operators._kernel.subscription.ends import NOBODY
from operators._kernel.subscription.relay import forsake
from operators._kernel.subscription.turnstile import Turnstile
from reactive_streams import UNBOUNDED

_CLOSED = -1  # less than has come, whatever that is


class Inlet(Stage):
    """Passes on the signals of a Publisher that is not trusted, and checks each one.

    What leaves it is serial (§1.3), whatever comes: a token is away while a signal goes down, and never
    waited for. Whoever finds it away leaves behind what is to be done, and whoever gives it back does
    it. So it is with a request from inside a signal, which would lead to another signal, and so on,
    as deep as there are items (§3.3): it is passed on when the signal is over.
    What it says to upstream is serial, too (§2.7): a turnstile sees to that.
    """

    __slots__ = (
        "_admitted", "_bad", "_drained", "_left", "_lock", "_mark", "_release", "_subscribed", "_switch",
        "_token", "asked", "on_next", "owner",
    )  # fmt: skip

    on_next: Any  # a function of its own, for the sake of speed
    unbounded: ClassVar[bool] = (
        True  # it stands for a stage that it has let go of: that asks for nothing
    )
    upstream: Turnstile
    _release: Any
    _mark: Any

    def __init__(self, downstream: Any, node: Any, scope: Any, switch: Any = None) -> None:
        super().__init__(downstream, node, scope)
        self.upstream = Turnstile()
        self._switch = switch  # what ends it from outside
        self._drained = False
        self._lock = threading.Lock()
        self.asked: int = 0
        """Items asked for in total; raised under the lock, and read without."""
        self._admitted: int = 0
        """How many of these on_next was told of, which counts down from there."""
        self._subscribed = False
        self._token: list[None] = [None]
        self.owner: int = 0
        """The thread that is inside of on_subscribe or of the end; 0: none. An item costs no look at it."""
        self._left = False  # whether something is to be done after it; on_next has its own mark
        self._bad: Exception | None = None
        fused = isinstance(downstream, FusedStage)
        receiver = downstream.receiver if fused else received(downstream, downstream.on_next)
        self.on_next, self._release, self._mark = receiver(self, self._token)

    # Upstream's signals -------------------------------------------------------------------------

    def connect(self, publisher: Any) -> None:
        """Subscribe; a Publisher that raises instead of signalling breaks §1.9."""
        downstream = self.downstream
        try:
            publisher.subscribe(self)
        except RecursionError as error:
            self._recursed(f"subscribe of {brief(publisher)}", error, downstream)
        except Exception as error:
            what = f"subscribe of {brief(publisher)} raised {brief(error)}"
            self._end(self._violation("1.9", what, error))

    def on_subscribe(self, subscription: Any) -> None:
        need_methods("on_subscribe", "Subscription", subscription, "request", "cancel")
        if self.upstream.attach(subscription):  # else there is one already (§2.5), or it is over
            self.open()

    def open(self) -> None:
        """Give downstream its Subscription, whether there is one of upstream's yet or not."""
        self._alone(self._introduce)

    def attach(self, subscription: Any) -> None:
        """Take the Subscription, and ask it for what downstream, which has its own, has asked for."""
        if self.upstream.attach(subscription):
            self._ask()

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
            self._finish()  # it was there first
        self.upstream.close()  # §2.3, §2.4: whatever downstream makes of the end
        downstream = self.downstream  # a cancel on another thread lets go of it, once it is the end
        if not self._is_the_end():
            if error is not None:
                self._drop(error)
        elif error is not None:
            downstream.on_error(error)
        elif (untold := _untold(downstream)) is not None:
            # The Publisher has passed over what was raised.
            lost = RecursionError("an item came where the stack had no room for it, and is lost")
            untold.abort(self.blame(lost))
        else:
            downstream.on_complete()
        self._let_go()

    def _is_the_end(self) -> bool:
        """Be the signal, or the cancel, that ends it; False: another was, on this thread or beside it."""
        with self._lock:
            over, self.done = self.done, True
        return not over

    def _introduce(self) -> None:
        # A Publisher that ends without on_subscribe (§1.9) must not take downstream by surprise.
        if not self._subscribed:
            self._subscribed = True
            if self._switch is not None:
                self._switch.enter(self)
            self.downstream.on_subscribe(self)

    # One signal at a time -----------------------------------------------------------------------

    def _alone(self, signal: Callable[[], None]) -> bool:
        """Give a signal, or be inside of one of this thread already; False: it is another's turn."""
        try:
            self._token.pop()
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
            self._token.append(None)
            self.interrupt(raised)
            raise
        self.owner = 0
        self._token.append(None)
        if self._left:
            self.after()
        return True

    def interrupt(self, raised: BaseException) -> None:
        """Deal with what a signal has raised: what is nobody's signal ends the stream."""
        if not isinstance(raised, Exception):
            downstream = self.downstream
            self.cancel()
            forsake(downstream, raised)
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

    def nested(self, item: Any, room: int | None) -> None:
        """Take an item that comes while a signal goes down."""
        if not self._is_inside(3):
            self._overlaps("on_next")
            self.refuse(item)
        elif self._received(room) > self.asked or item is None:
            self.reject(item, room)
        else:
            self.downstream.on_next(item)

    def _overlaps(self, method: str, cause: Exception | None = None) -> None:
        what = f"the Publisher called {method} while another thread was inside of a signal of its"
        self._end(self._violation("1.3", what, cause))

    def after(self) -> None:
        """Do what was left to be done after a signal."""
        self._left = False
        if self._bad is not None or self._drained:
            self._answer()
        self._ask()

    def _leave(self) -> None:
        """Have `after` be called after the signal under way, if there is one."""
        self._left = True
        self._mark()

    def _received(self, room: int | None) -> int:
        """Return how many items have come; 0: they are not counted, since there is no bound."""
        return 0 if room is None else self._admitted - room

    def admit(self, item: Any, room: int) -> int | None:
        """Return how many items may come after this one; None: without bound, < 0: this one was refused."""
        asked, received = self.asked, self._received(room)
        if asked == UNBOUNDED:
            return None
        if received > asked:
            self.reject(item, room)
            return room
        self._admitted = asked
        return asked - received

    def reject(self, item: Any, room: int | None) -> None:
        """Refuse an item that was not asked for, that comes too late, or that is None."""
        if self.done or self._bad is not None:
            self.refuse(item)
        elif item is None:
            error = "None is not an element (§2.13); the Publisher's on_next was given None"
            self._end(self.blame(TypeError(error)))
            raise TypeError("on_next: None is not an element (§2.13)")
        else:
            self.refuse(item)
            number = self._received(room)
            what = (
                f"the Publisher sent item number {number} when only {self.asked} had been asked for"
            )
            before = "" if self._subscribed else ", and that before on_subscribe (§1.9)"
            self._end(self._violation("1.1", what + before))

    # Downstream's requests ----------------------------------------------------------------------

    def request(self, n: int) -> None:
        if self.done:
            return  # §3.6
        if type(n) is not int or n < 1:
            bad = demand_error(n := plain(n))
            if bad is not None:
                if self._bad is None:
                    self._end(bad)
                return
        with self._lock:
            if self.asked != _CLOSED:
                self.asked = min(self.asked + n, UNBOUNDED)
        if self.owner == get_ident():
            self.upstream.owe(n)
            self._leave()
        else:
            self._ask(n)

    def _ask(self, more: int = 0) -> None:
        upstream = self.upstream
        n = upstream.enter(more)
        while n:
            try:
                self._pass_on(upstream.subscription, n)
            except BaseException:
                upstream.exit()
                raise
            n = upstream.again()

    def _pass_on(self, subscription: Any, n: int) -> None:
        downstream = self.downstream
        try:
            subscription.request(n)
        except RecursionError as error:
            self._recursed(f"request({n}) of {brief(subscription)}", error, downstream)
        except Exception as error:
            what = f"request({n}) of {brief(subscription)} raised {brief(error)}"
            self._end(self._violation("3.16", what, error))

    def cancel(self) -> None:
        downstream = self.downstream
        ends = self._is_the_end()
        try:
            self._let_go()
            self.upstream.cancel()
        except RecursionError:
            # It had no room: whoever is above all this has some, and tells of it.
            self.done, self.downstream = not ends, downstream
            raise
        if ends and isinstance(self._bad, RuleViolation):
            # The Publisher's fault; that of a bad request is gone with who made it.
            self._drop(self._bad)

    def _let_go(self) -> None:
        # A Processor, or whoever else keeps this, is not to keep the Subscriber with it (§3.13).
        self.downstream = NOBODY
        if self._switch is not None:
            self._switch.leave(self)
        self._release()
        with self._lock:
            self.asked = _CLOSED

    def refuse(self, item: Any) -> None:
        super().refuse(item)
        self.upstream.heed()

    # The end that is made here ------------------------------------------------------------------

    def end(self, error: Exception | None) -> None:
        """Complete, or fail, for whoever throws the switch: from any thread, after the signal under way."""
        if error is not None:
            self._end(error)
            return
        with self._lock:
            self._drained = True
            self._leave()
        self._answer()

    def _violation(self, rule: str, what: str, cause: Exception | None = None) -> Exception:
        violation = RuleViolation(rule, what)
        violation.__cause__ = cause
        return self.blame(violation)

    def _recursed(self, what: str, error: RecursionError, downstream: Any) -> None:
        untold = _untold(downstream)
        if stack_is_full() or (self.done and untold is None):
            raise error  # nobody to be told, or no room for it: that is for who has called all of this
        told = RecursionError(
            f"§3.3: {what} went as deep as the stack goes: a Publisher that signals inside of its own "
            "signal, for each item anew, or too many flows one inside of another"
        )
        told.__cause__ = error
        if self.done and untold is not None:
            untold.abort(self.blame(told))
        else:
            self._end(self.blame(told))

    def _end(self, error: Exception) -> None:
        """End with an error, from any thread: now, or after the signal under way."""
        with self._lock:
            first = self._bad is None and not self.done
            if first:
                self._bad = error
                self._leave()
        if first:
            self._answer()
        else:
            self._drop(error)

    def _drop(self, error: Exception) -> None:
        drop_late(error, self.node)

    def _answer(self) -> None:
        # Inside of a signal it waits for that to be over: whoever is in it does what was left.
        try:
            self._token.pop()
        except IndexError:
            return
        self.owner = get_ident()
        try:
            self._finish()
        finally:
            self.owner = 0
            self._token.append(None)

    def _finish(self) -> None:
        error = self._bad
        if self.done or (error is None and not self._drained):
            return
        self._introduce()
        downstream = self.downstream
        if not self._is_the_end():
            return  # whoever cancels has found it, too
        self.upstream.cancel()
        if error is None:
            downstream.on_complete()
        else:
            downstream.on_error(error)
        self._let_go()


def _untold(stage: Any) -> Any:
    """Return a stage that an error was raised through, which has cancelled, and had no room to say why."""
    return next((each for each in below(stage) if getattr(each, "interrupted", False)), None)
