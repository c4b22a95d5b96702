"""delay_subscription: upstream is subscribed to later."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from operators._kernel.failures.checks import need_seconds
from operators._kernel.kinds import Link
from operators._kernel.links.passing import GateStage
from operators._kernel.links.serial import Timer, nothing
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators._kernel.subscription.arbiter import Arbiter
from operators._kernel.subscription.demand import demand_error
from operators._kernel.subscription.scope import Scope
from operators.schedulers import Scheduler
from operators.schedulers.choice import timed


class DelaySubscription(Link):
    """Upstream, subscribed to some time later.

    emits        each item
    backpressures  passes demand on, once upstream is subscribed to
    completes    when upstream does
    fails        when upstream does
    """

    __slots__ = ("_scheduler", "_seconds")
    name = "delay_subscription"
    keeps = True
    detached = True
    asynchronous = True
    contract = Contract.PASS_THROUGH

    def __init__(self, seconds: float, scheduler: Scheduler | None) -> None:
        need_seconds(self.name, "seconds", seconds)
        self._seconds = seconds
        self._scheduler = timed(self.name, scheduler)

    @property
    def details(self) -> str:
        return f"seconds={self._seconds}"

    @property
    def roots(self) -> bool:
        return True

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        return _LaterStage(self._seconds, self._scheduler, downstream, node, scope)


class _LaterStage(GateStage):
    __slots__ = ("_arbiter", "_clock", "_seconds", "_subscribe")

    def __init__(
        self, seconds: float, scheduler: Scheduler, downstream: Any, node: Node, scope: Scope
    ) -> None:
        super().__init__(downstream, node, scope)
        self._seconds = seconds
        self._arbiter = Arbiter()  # keeps the demand until upstream is there
        self._subscribe: Callable[[], None] | None = None
        self._clock = Timer(self, scheduler, self._begin)

    def detach(self, subscribe: Callable[[], None]) -> None:
        """Give downstream its Subscription now, and call `subscribe` later."""
        self._subscribe = subscribe
        super().on_subscribe(self._arbiter)

    def prepare(self) -> None:
        if self.scope.switch is not None:
            self.scope.switch.enter(self)

    def started(self) -> None:
        self._clock.set(self._clock.now() + self._seconds)

    def _begin(self, when: float) -> None:
        subscribe, self._subscribe = self._subscribe, None
        if subscribe is not None:
            self._leave()
            subscribe()

    def end(self, _: Exception | None) -> None:
        """Complete, where upstream is not subscribed to yet: the run is drained."""
        self.tell_across(self._drained, None, nothing)

    def _drained(self, _: None) -> None:
        if self._subscribe is not None:
            self._subscribe = None
            self.stop()

    def _leave(self) -> None:
        if self.scope.switch is not None:
            self.scope.switch.leave(self)

    def closed(self) -> None:
        self._leave()
        super().closed()

    def on_subscribe(self, subscription: Any) -> None:
        self._arbiter.switch(subscription)

    def request(self, n: int) -> None:
        bad = demand_error(n)
        if bad is None or self._subscribe is None:
            super().request(n)
        elif not self.over:
            self.abort(bad)  # there is nobody yet who would signal it
