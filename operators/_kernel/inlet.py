"""Inlet: the strict edge where a foreign Publisher's signals come in."""

from __future__ import annotations

import threading
from typing import Any

from operators._kernel.checks import need_methods
from operators._kernel.demand import demand_error
from operators._kernel.failure import RuleViolation, drop_error
from operators._kernel.stage import NOWHERE, Stage
from reactive_streams import UNBOUNDED


class Inlet(Stage):
    """Passes on the signals of a Publisher that is not trusted, and checks each one."""

    __slots__ = ("_asked", "_emit", "_lock", "_received", "_subscribed")

    def __init__(self, downstream: Any, node: Any, scope: Any) -> None:
        super().__init__(downstream, node, scope)
        self._lock = threading.Lock()
        self._emit = downstream.on_next
        self._asked = 0  # in total; raised under the lock, and read without
        self._received = 0
        self._subscribed = False

    def connect(self, publisher: Any) -> None:
        """Subscribe; a Publisher that raises instead of signalling breaks §1.9."""
        try:
            publisher.subscribe(self)
        except Exception as error:
            violation = RuleViolation("1.9", f"subscribe of {publisher!r} raised {error!r}")
            violation.__cause__ = error
            self._violated(violation)

    def on_subscribe(self, subscription: Any) -> None:
        need_methods("on_subscribe", "Subscription", subscription, "request", "cancel")
        if self._subscribed:
            subscription.cancel()  # §2.5: one Subscription at a time
            return
        self._subscribed = True
        self.upstream = subscription
        self.downstream.on_subscribe(self)

    def on_next(self, item: Any) -> None:
        if self.done:
            self.refuse(item)
            return
        if item is None:
            error = TypeError(
                "None is not an element (§2.13); the Publisher's on_next was given None"
            )
            self._violated(error)
            raise TypeError("on_next: None is not an element (§2.13)")
        self._received = received = self._received + 1
        if received > self._asked:
            self.scope.discard((item,))
            self._violated(
                RuleViolation(
                    "1.1",
                    f"the Publisher sent item number {received} when only {self._asked} "
                    "had been asked for"
                    + ("" if self._subscribed else ", and that before on_subscribe (§1.9)"),
                )
            )
            return
        self._emit(item)

    def on_error(self, error: Exception | None) -> None:
        if error is None:
            self._violated(TypeError("the Publisher's on_error was given None (§2.13)"))
            raise TypeError("on_error: None is not an error (§2.13)")
        self._introduce()
        super().on_error(error)

    def on_complete(self) -> None:
        self._introduce()
        super().on_complete()

    def request(self, n: int) -> None:
        if self.done:
            return  # §3.6
        bad = demand_error(n)
        if bad is not None:
            self.fail(bad)
            return
        with self._lock:
            self._asked = min(self._asked + n, UNBOUNDED)
        try:
            self.upstream.request(n)
        except Exception as error:
            violation = RuleViolation("3.16", f"request({n}) of {self.upstream!r} raised {error!r}")
            violation.__cause__ = error
            self._violated(violation)

    def cancel(self) -> None:
        upstream, self.upstream = self.upstream, NOWHERE
        self.done = True
        try:
            upstream.cancel()
        except Exception as error:
            drop_error(error, f"raised by cancel of {upstream!r} (§3.15)")

    def _introduce(self) -> None:
        # A Publisher that ends without on_subscribe (§1.9) must not take downstream by surprise.
        if not self._subscribed:
            self._subscribed = True
            self.downstream.on_subscribe(self)

    def _violated(self, error: Exception) -> None:
        if self.done:
            drop_error(error, f"in {self.node.title}, which was over; {self.node.where}")
            return
        self._introduce()
        self.done = True
        upstream, self.upstream = self.upstream, NOWHERE
        try:
            upstream.cancel()
        except Exception as raised:
            drop_error(raised, f"raised by cancel of {upstream!r} (§3.15)")
        self.downstream.on_error(self.blame(error))
