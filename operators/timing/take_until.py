"""take_until: the items before some time, or before another flow says so."""

from __future__ import annotations

from typing import Any

from operators._kernel.kinds import Link
from operators._kernel.links.passing import GateStage
from operators._kernel.links.serial import Other, Timer
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators._kernel.running.assembly import subscribe
from operators._kernel.subscription.scope import Scope
from operators.schedulers import Scheduler
from operators.schedulers.choice import timed
from operators.timing.sample import time_or_flow


class TakeUntil(Link):
    """The items that come before some time is over, or before another flow gives an item or completes.

    emits        each item until then; by a test up to, and with, the first item that passes
    backpressures  passes demand on; asks the other flow for one item
    completes    when upstream does, and at that time; upstream is cancelled
    fails        when upstream does, or the other flow
    """

    __slots__ = ("_end", "_scheduler")
    name = "take_until"
    keeps = True
    asynchronous = True
    contract = Contract.PASS_THROUGH

    def __init__(self, end: Any, scheduler: Scheduler | None) -> None:
        self._end = time_or_flow(self.name, "end", end)
        self._scheduler = timed(self.name, scheduler)

    @property
    def flows(self) -> tuple[Node, ...]:
        return (self._end,) if isinstance(self._end, Node) else ()

    @property
    def details(self) -> str:
        return "a flow" if isinstance(self._end, Node) else f"end={self._end}"

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        return _TakeUntilStage(self._end, self._scheduler, downstream, node, scope)


class _TakeUntilStage(GateStage):
    __slots__ = ("_clock", "_end")

    def __init__(
        self, end: float | Node, scheduler: Scheduler, downstream: Any, node: Node, scope: Scope
    ) -> None:
        super().__init__(downstream, node, scope)
        self._end = end
        self._clock = None if isinstance(end, Node) else Timer(self, scheduler, self._over)

    def prepare(self) -> None:
        if isinstance(self._end, Node):
            subscribe(self._end, Other(self, self._over, self._over, prefetch=1), self.scope)

    def started(self) -> None:
        if self._clock is not None:
            assert not isinstance(self._end, Node)
            self._clock.set(self._clock.now() + self._end)

    def _over(self, _: Any) -> None:
        self.stop()
