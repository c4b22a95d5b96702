"""race: the one of several flows that is first."""

from __future__ import annotations

from typing import Any

from operators._kernel.kinds import Link
from operators._kernel.links.racing import RaceStage
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators._kernel.running.assembly import subscribe
from operators._kernel.subscription.scope import Scope
from operators.sources.publisher import as_node


class Race(Link):
    """The items of the flow that signals first.

    emits        the items of that flow
    backpressures  asks all flows for what is asked for; once the first is known, that one only
    completes    when that flow does, an end without an item being a signal as well
    fails        when that flow does
    """

    __slots__ = ("_others",)
    name = "race"
    contract = Contract.PASS_THROUGH
    asynchronous = True

    def __init__(self, others: tuple[Any, ...]) -> None:
        self._others = tuple(as_node(self.name, "others", other) for other in others)

    @property
    def flows(self) -> tuple[Node, ...]:
        return self._others

    @property
    def roots(self) -> bool:
        return True

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        return RaceStage(self._others, subscribe, downstream, node, scope)
