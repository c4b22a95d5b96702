"""limit_rate: large demand in small batches."""

from __future__ import annotations

from typing import Any

from operators._kernel.failures.checks import need_count
from operators._kernel.kinds import Link
from operators._kernel.links.inbox import replenish_at
from operators._kernel.links.stage import Stage
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators._kernel.plan.step import Step
from operators._kernel.subscription.demand import Demand, demand_error, plain, take_both
from operators._kernel.subscription.scope import Scope


class LimitRate(Step, Link):
    """The same items, asked for in batches.

    emits        each item, at once
    backpressures  asks upstream for at most `batch` items, and again when three quarters have come,
                 but never for more than was asked of it
    completes    when upstream does
    fails        when upstream does
    """

    __slots__ = ("_batch",)
    name = "limit_rate"
    contract = Contract.BATCHED
    steady = True
    each = True
    shapes = True
    calls = False
    pushes = False
    keeps = True
    one_for_one = True  # who pulls asks for one at a time

    def __init__(self, batch: int) -> None:
        need_count("limit_rate", "batch", batch)
        self._batch = batch

    @property
    def details(self) -> str:
        return f"batch={self._batch}"

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        return _LimitRateStage(self._batch, replenish_at(self._batch), downstream, node, scope)


class CapDemand(LimitRate):
    """The same items, of which no more than a number are asked for at a time.

    emits        each item, at once
    backpressures  asks upstream for at most `most` items, and again when all of them have come, but
                 never for more than was asked of it
    completes    when upstream does
    fails        when upstream does
    """

    __slots__ = ()
    name = "cap_demand"

    def __init__(self, most: int) -> None:
        need_count("cap_demand", "most", most)
        super().__init__(most)

    @property
    def details(self) -> str:
        return f"most={self._batch}"

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        return _LimitRateStage(self._batch, self._batch, downstream, node, scope)


class _LimitRateStage(Stage):
    __slots__ = ("_limit", "_received", "_room", "_unasked")

    def __init__(self, batch: int, limit: int, downstream: Any, node: Node, scope: Scope) -> None:
        super().__init__(downstream, node, scope)
        self._limit = limit  # how many have to have come before it asks again
        self._received = 0
        self._unasked = Demand()  # downstream's demand that upstream was not asked for yet
        self._room = Demand()  # how much more upstream may be asked for
        self._room.add(batch)

    def request(self, n: int) -> None:
        n = plain(n)
        if demand_error(n) is not None:
            self.upstream.request(n)
            return
        self._unasked.add(n)
        self._ask()

    def on_next(self, item: Any) -> None:
        if self.done:
            self.refuse(item)
            return
        self.downstream.on_next(item)
        self._received += 1
        if self._received >= self._limit:
            self._room.add(self._received)
            self._received = 0
            self._ask()

    def _ask(self) -> None:
        n = take_both(self._unasked, self._room)
        if n:
            self.upstream.request(n)
