"""valve: a flow that can be paused from outside."""

from __future__ import annotations

from typing import Any

from operators._kernel.failures.checks import need_count, shown
from operators._kernel.kinds import Link
from operators._kernel.links.valve import Valve, ValveStage
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators._kernel.subscription.scope import Scope


class ValveOperator(Link):
    """The same items, none of which passes while a valve is shut.

    emits        each item, as long as the valve is open
    backpressures  asks upstream for `prefetch` items, and again when three quarters have passed
    completes    when upstream has and all items have passed
    fails        when upstream has and all items have passed
    """

    __slots__ = ("_prefetch", "_valve")
    name = "valve"
    contract = Contract.PREFETCH
    polled = True
    asynchronous = True
    keeps = True

    def __init__(self, valve: Any, prefetch: int) -> None:
        if not isinstance(valve, Valve):
            raise TypeError(f"valve: needs a Valve, got {shown(valve)}")
        need_count("valve", "prefetch", prefetch)
        self._valve = valve
        self._prefetch = prefetch

    @property
    def holds(self) -> int:
        return self._prefetch

    @property
    def details(self) -> str:
        return f"prefetch={self._prefetch}"

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        return ValveStage(self._valve, downstream, node, scope, self._prefetch)
