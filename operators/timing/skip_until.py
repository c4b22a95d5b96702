"""skip_until: the items from some time on, or from when another flow says so."""

from __future__ import annotations

from typing import Any

from operators._kernel.kinds import Link
from operators._kernel.links.passing import PassingStage
from operators._kernel.links.serial import Other
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node, Operator
from operators._kernel.plan.step import Step
from operators._kernel.running.assembly import subscribe
from operators._kernel.subscription.demand import plain
from operators._kernel.subscription.scope import Scope
from operators._kernel.subscription.times import SLACK
from operators.schedulers import Scheduler
from operators.schedulers.choice import timed
from operators.timing.sample import time_or_flow
from reactive_streams import UNBOUNDED


def skip_until(begin: Any, scheduler: Scheduler | None) -> Operator:
    """Return the operator for a time, or for another flow."""
    begin = time_or_flow("skip_until", "begin", begin)
    scheduler = timed("skip_until", scheduler)
    return SkipUntil(begin) if isinstance(begin, Node) else _SkipTime(begin, scheduler)


class _SkipTime(Step):
    """The items that come when some time has gone by.

    emits        each item that comes `begin` seconds after the subscription, or later
    backpressures  passes demand on; asks for another item in place of each that it leaves out
    completes    when upstream does
    fails        when upstream does
    """

    __slots__ = ("_begin", "_scheduler")
    name = "skip_until"
    contract = Contract.REPLACES
    keeps = True
    calls = False
    body = """
if $skipping:
    if $clock() < $begin:
        skip
    $skipping = False
"""

    def __init__(self, begin: float, scheduler: Scheduler) -> None:
        self._begin = begin
        self._scheduler = scheduler

    @property
    def details(self) -> str:
        return f"begin={self._begin}"

    def values(self) -> dict[str, Any]:
        clock = self._scheduler.now
        return {"clock": clock, "begin": clock() + self._begin - SLACK, "skipping": True}


class SkipUntil(Link):
    """The items that come when some time has gone by, or another flow has given an item or completed.

    emits        each item from then on
    backpressures  passes demand on; asks for another item in place of each that it leaves out
    completes    when upstream does
    fails        when upstream does, or the other flow before its first item
    """

    __slots__ = ("_begin",)
    name = "skip_until"
    keeps = True
    asynchronous = True
    contract = Contract.REPLACES

    def __init__(self, begin: Node) -> None:
        self._begin = begin

    @property
    def flows(self) -> tuple[Node, ...]:
        return (self._begin,)

    @property
    def details(self) -> str:
        return "a flow"

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        return _SkipUntilStage(self._begin, downstream, node, scope)


class _SkipUntilStage(PassingStage):
    __slots__ = ("_begin", "_skipping", "_unbounded")

    def __init__(self, begin: Node, downstream: Any, node: Node, scope: Scope) -> None:
        super().__init__(downstream, node, scope)
        self._begin = begin
        self._skipping = True
        self._unbounded = False

    def prepare(self) -> None:
        subscribe(self._begin, Other(self, self._open, self._open, prefetch=1), self.scope)

    def _open(self, _: Any) -> None:
        self._skipping = False
        self._leave_others()

    def request(self, n: int) -> None:
        n = plain(n)
        if n == UNBOUNDED:
            self._unbounded = True
        super().request(n)

    def on_next(self, item: Any) -> None:
        if not self._skipping or self.over:
            self.passed(item)
        elif not self._unbounded:
            self.upstream.request(1)
