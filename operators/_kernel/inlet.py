"""Inlet: the strict edge where a foreign Publisher's signals come in."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from operators._kernel.checks import need_methods
from operators._kernel.demand import demand_error, plain
from operators._kernel.ends import NOBODY, NOWHERE
from operators._kernel.failure import RuleViolation, brief, drop_error
from operators._kernel.stage import Stage
from reactive_streams import UNBOUNDED


class Inlet(Stage):
    """Passes on the signals of a Publisher that is not trusted, and checks each one."""

    __slots__ = (
        "_asked",
        "_bad",
        "_emit",
        "_give",
        "_lock",
        "_opening",
        "_received",
        "_subscribed",
        "_take",
    )

    def __init__(self, downstream: Any, node: Any, scope: Any) -> None:
        super().__init__(downstream, node, scope)
        self._lock = threading.Lock()
        self._emit = downstream.on_next
        self._asked = 0  # in total; raised under the lock, and read without
        self._received = 0
        self._subscribed = False
        self._opening = False
        # A token: away while a signal goes down, and never waited for. Who asks for something bad then
        # leaves the error behind, and it is signalled next (§1.3). A lock would cost four times as much.
        token = deque((None,))
        self._take = token.popleft
        self._give = token.append
        self._bad: Exception | None = None

    def connect(self, publisher: Any) -> None:
        """Subscribe; a Publisher that raises instead of signalling breaks §1.9."""
        try:
            publisher.subscribe(self)
        except RecursionError:
            raise  # the stack is full: it has no room for a signal either
        except Exception as error:
            violation = RuleViolation(
                "1.9", f"subscribe of {brief(publisher)} raised {brief(error)}"
            )
            violation.__cause__ = error
            self._end(self.blame(violation))

    def on_subscribe(self, subscription: Any) -> None:
        need_methods("on_subscribe", "Subscription", subscription, "request", "cancel")
        if self._subscribed:
            self._cancel(subscription)  # §2.5: one Subscription at a time
            return
        self._subscribed = True
        self.upstream = subscription
        self._hand_over()

    def _hand_over(self) -> None:
        # Without the token: what is asked for meanwhile may come at once.
        self._opening = True
        self.downstream.on_subscribe(self)
        with self._lock:
            self._opening = False
        if self._bad is not None:
            self._answer()

    def on_next(self, item: Any) -> None:
        try:
            self._take()
        except IndexError:
            self._nested(item)
            return
        try:
            if self.done:
                self.refuse(item)
                return
            self._received = received = self._received + 1
            if received > self._asked or item is None:
                self._reject(item)
                return
            self._emit(item)
        finally:
            self._give(None)
        if self._bad is not None:
            self._answer()

    def _took(self) -> bool:
        try:
            self._take()
        except IndexError:
            return False
        return True

    def _nested(self, item: Any) -> None:
        # From a Publisher that signals inside its own signal, or while the answer to a bad request
        # is given.
        self._received += 1
        if self.done or self._bad is not None:
            self.refuse(item)
        elif self._received > self._asked or item is None:
            self._reject(item)
        else:
            self._emit(item)

    def _reject(self, item: Any) -> None:
        if item is None:
            error = "None is not an element (§2.13); the Publisher's on_next was given None"
            self._violated(self.blame(TypeError(error)))
            raise TypeError("on_next: None is not an element (§2.13)")
        self.scope.discard((item,))
        violation = RuleViolation(
            "1.1",
            f"the Publisher sent item number {self._received} when only {self._asked} "
            "had been asked for"
            + ("" if self._subscribed else ", and that before on_subscribe (§1.9)"),
        )
        self._violated(self.blame(violation))

    def on_error(self, error: Any) -> None:
        if error is None:
            self._end(self.blame(TypeError("the Publisher's on_error was given None (§2.13)")))
            raise TypeError("on_error: None is not an error (§2.13)")
        if not isinstance(error, Exception):
            violation = RuleViolation(
                "1.4", f"on_error was given {brief(error)}, which is no Exception"
            )
            self._end(self.blame(violation))
            return
        self._last(lambda: Stage.on_error(self, error))

    def on_complete(self) -> None:
        self._last(lambda: Stage.on_complete(self))

    def _last(self, signal: Callable[[], None]) -> None:
        inside = not self._took()
        try:
            if not inside or self._bad is None:
                self._introduce()
                self.upstream = NOWHERE  # §2.3, §2.4: whatever downstream makes of the end
                signal()
                self._let_go()
        finally:
            if not inside:
                self._give(None)

    def request(self, n: int) -> None:
        if self.done:
            return  # §3.6
        n = plain(n)
        bad = demand_error(n)
        if bad is not None:
            self._end(bad)
            return
        with self._lock:
            self._asked = min(self._asked + n, UNBOUNDED)
        try:
            self.upstream.request(n)
        except RecursionError:
            raise
        except Exception as error:
            violation = RuleViolation(
                "3.16", f"request({n}) of {brief(self.upstream)} raised {brief(error)}"
            )
            violation.__cause__ = error
            self._end(self.blame(violation))

    def cancel(self) -> None:
        upstream, self.upstream = self.upstream, NOWHERE
        self.done = True
        self._let_go()
        self._cancel(upstream)

    def _let_go(self) -> None:
        # A Processor, or whoever else keeps this, is not to keep the Subscriber with it (§3.13).
        self.downstream, self._emit = NOBODY, self.refuse

    def _cancel(self, upstream: Any) -> None:
        try:
            upstream.cancel()
        except Exception as error:
            drop_error(error, f"raised by cancel of {brief(upstream)} (§3.15)")

    def _introduce(self) -> None:
        # A Publisher that ends without on_subscribe (§1.9) must not take downstream by surprise.
        if not self._subscribed:
            self._subscribed = True
            self._hand_over()

    def _end(self, error: Exception) -> None:
        """End with an error, from any thread: now, or after the signal under way."""
        with self._lock:
            self._bad = self._bad or error
            opening = self._opening
        if not opening:
            self._answer()

    def _answer(self) -> None:
        if not self._took():
            return  # whoever holds it looks again when it is given back
        try:
            if self._bad is not None and not self.done:
                self._violated(self._bad)
        finally:
            self._give(None)

    def _violated(self, error: Exception) -> None:
        if self.done:
            drop_error(error, f"in {self.node.title}, which was over; {self.node.where}")
            return
        self._introduce()
        self.done = True
        upstream, self.upstream = self.upstream, NOWHERE
        self._cancel(upstream)
        self.downstream.on_error(error)
        self._let_go()
