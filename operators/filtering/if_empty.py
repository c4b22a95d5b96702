"""default_if_empty, switch_if_empty: an item, or another flow, in place of a flow without items."""

from __future__ import annotations

from typing import Any

from operators._kernel.fusing.heads import Fallback
from operators._kernel.fusing.opening import Place
from operators._kernel.kinds import Link
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators._kernel.plan.step import Step
from operators._kernel.running.switching import SwitchingStage
from operators._kernel.subscription.scope import Scope
from operators.sources.iterable import FromIterable


class DefaultIfEmpty(Step, Link):
    """The same items, or a value where there are none.

    emits        each item; the value where upstream has completed without one
    backpressures  passes demand on; the value waits for demand
    completes    when upstream does, or with the value
    fails        when upstream does
    """

    __slots__ = ("_value",)
    name = "default_if_empty"
    contract = Contract.PASS_THROUGH
    calls = False
    pushes = False
    keeps = True
    late = True
    body = "$empty = False"
    flush = """
if $empty:
    $item = $value
    emit
"""

    def __init__(self, value: Any) -> None:
        if value is None:
            raise TypeError("default_if_empty: None is not an element (§2.13)")
        self._value = value

    def values(self) -> dict[str, Any]:
        return {"empty": True, "value": self._value}

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        other = Node(FromIterable((self._value,), "of"), site=node.site)
        return _IfEmptyStage(other, downstream, node, scope)


class SwitchIfEmpty(Step, Link):
    """The same items, or those of another flow where there are none.

    emits        each item; those of the other flow where upstream has completed without one
    backpressures  passes demand on; the other flow is subscribed to when there is demand
    completes    when upstream does, or the other flow
    fails        when upstream does, or the other flow
    """

    __slots__ = ("_other",)
    name = "switch_if_empty"
    begins_anew = True
    strict = True
    contract = Contract.SEQUENTIAL
    head = "join"
    pushes = False
    keeps = True

    def __init__(self, other: Node) -> None:
        self._other = other

    @property
    def flows(self) -> tuple[Node, ...]:
        return (self._other,)

    @property
    def synchronous(self) -> bool:
        return self._other.synchronous

    def opened(self, place: Place) -> Fallback:
        return Fallback(place, self._other)

    @property
    def roots(self) -> bool:
        return True

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        return _IfEmptyStage(self._other, downstream, node, scope)


class _IfEmptyStage(SwitchingStage):
    __slots__ = ("_other",)
    patient = True

    def __init__(self, other: Node, downstream: Any, node: Node, scope: Scope) -> None:
        super().__init__(downstream, node, scope)
        self._other: Node | None = other

    def successor(self, error: Exception) -> Node | None:
        return None

    def on_complete(self) -> None:
        other, self._other = self._other, None
        if self.done or other is None or self.arbiter.produced or self.scope.drained:
            super().on_complete()
        else:
            self.switch_to(other)
