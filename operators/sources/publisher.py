"""from_publisher: anybody's Publisher, behind a strict edge."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from operators._kernel.failures.checks import flow_of, need_methods, need_result, shown
from operators._kernel.failures.failure import kind_of
from operators._kernel.kinds import Source
from operators._kernel.links.inlet import Inlet
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators._kernel.subscription.relay import bounce
from operators._kernel.subscription.scope import Scope


class FromPublisher(Source):
    """The items of a Publisher that need not be ours.

    emits        what the Publisher emits
    backpressures  demand is passed on, unless it is bad, and what comes is counted against it
    completes    when the Publisher does
    fails        when the Publisher does, or breaks a rule: the error names the rule
    """

    __slots__ = ("_publisher",)
    name = "from_publisher"
    never_none = True
    ends = True
    contract = Contract.FOREIGN

    def __init__(self, publisher: Any) -> None:
        need_methods("from_publisher", "Publisher", publisher, "subscribe")
        self._publisher = publisher

    @property
    def details(self) -> str:
        return kind_of(self._publisher)

    def open(self, downstream: Any, node: Node, scope: Scope) -> None:
        inlet = Inlet(downstream, node, scope, scope.switch)
        if scope.far:
            bounce(lambda: inlet.connect(self._publisher))
        else:
            inlet.connect(self._publisher)


def as_node(operator: str, argument: str, value: Any) -> Node:
    """Return the node of a Flow, or of anybody's Publisher; raise TypeError for anything else."""
    node = value if isinstance(value, Node) else getattr(value, "node", None)
    if isinstance(node, Node):
        return node
    if callable(getattr(value, "subscribe", None)):
        return Node(FromPublisher(value))
    if argument != "others":
        need_result(operator, argument, value)
    raise TypeError(
        f"{operator}: {argument} must give a Flow or a Publisher, got {shown(value)}"
        + _hint(operator, argument, value)
    )


def _hint(operator: str, argument: str, value: Any) -> str:
    if argument == "others":
        if isinstance(value, Iterable) and not isinstance(value, (str, bytes)):
            several = f", or {operator}(*flows) for an iterable of flows"
            return f"; use Flow.from_iterable for its items{several}"
        return f"; use {flow_of(value)}"
    if value is None:
        return "; is there a `return` missing?"
    if isinstance(value, Iterable) and operator in ("flat_map", "concat_map"):
        return "; for an iterable there is flat_map_iterable"
    return f"; use {flow_of(value)}"
