"""never: a flow without any signal but the first."""

from __future__ import annotations

from typing import Any

from operators._kernel.kinds import Source
from operators._kernel.links.stage import Stage
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators._kernel.subscription.demand import demand_error
from operators._kernel.subscription.scope import Scope


class Never(Source):
    """Nothing, for ever.

    emits        nothing
    backpressures  demand is checked and has no effect
    completes    never
    fails        only as the answer to a bad request (§3.9)
    """

    __slots__ = ()
    name = "never"
    never_none = True
    contract = Contract.NO_ITEMS
    asynchronous = True

    def open(self, downstream: Any, node: Node, scope: Scope) -> None:
        downstream.on_subscribe(_Silence(downstream, node, scope))


class _Silence(Stage):
    __slots__ = ()

    def request(self, n: int) -> None:
        bad = demand_error(n)
        if bad is not None and not self.done:
            self.fail(bad)

    def cancel(self) -> None:
        self.done = True
        self.downstream = None
