"""checkpoint: how many items were given, and the rest of a flow from there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from operators._kernel.failures.checks import need_result, shown
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators._kernel.plan.step import Step
from operators.filtering.skip import Skip

VERSION = 1
"""Of what a state is made of."""


class Checkpoint(Step):
    """The same items, which are counted.

    emits        each item
    backpressures  passes demand on
    completes    when upstream does
    fails        when upstream does
    """

    __slots__ = ("_count", "_form", "_given")
    name = "checkpoint"
    contract = Contract.PASS_THROUGH
    calls = False
    keeps = True
    one_for_one = True
    body = "$count[0] += 1"

    def __init__(self, form: list[str], given: int) -> None:
        self._form = form
        self._given = given
        self._count = [given]

    def values(self) -> dict[str, Any]:
        self._count = [self._given]  # of the newest subscription
        return {"count": self._count}

    def state(self) -> dict[str, Any]:
        """Return the position after the last item that was given."""
        return {"version": VERSION, "given": self._count[0], "flow": self._form}


def checkpointed(node: Node, state: Any) -> Node:
    """Return the node of the items of a flow that come after a state, and are counted from there."""
    chain = node.chain()
    for each in chain:
        _need_steady(each)
    form = [_form(each) for each in chain]
    given = 0 if state is None else _given(state, form, chain)
    return Node(Checkpoint(form, given), _rest(chain, given) if given else node)


def _need_steady(node: Node) -> None:
    if not node.operator.steady:
        raise TypeError(
            f"checkpoint: {node.title}, written at {node.where}, may give other items the next time, or the "
            f"same in another order, so that how many were given is no position"
            + (f"; {node.operator.remedy}" if node.operator.remedy else "")
        )


def _form(node: Node) -> str:
    form = node.operator.form
    return f"{node.operator.name}({form})" if form else str(node.operator.name)


def _given(state: Any, form: list[str], chain: list[Node]) -> int:
    if not isinstance(state, Mapping):
        need_result("checkpoint", "state", state)
        raise TypeError(f"checkpoint: a state is what state() has returned, got {shown(state)}")
    known: Mapping[str, Any] = state  # pyright: ignore[reportUnknownVariableType]
    version, given, other = (known.get(key) for key in ("version", "given", "flow"))
    if version != VERSION:
        raise ValueError(
            f"checkpoint: a state of version {VERSION} is needed, got {shown(version)}"
        )
    if isinstance(given, bool) or not isinstance(given, int) or given < 0:
        raise ValueError(f"checkpoint: 'given' of a state is a number of items, got {shown(given)}")
    if other != form:
        raise ValueError(_difference(other, form, chain))
    return given


def _difference(other: Any, form: list[str], chain: list[Node]) -> str:
    text = "checkpoint: the state is that of another flow"
    if not isinstance(other, list):
        return f"{text}: its 'flow' is a list of operators, got {shown(other)}"
    names: list[Any] = other  # pyright: ignore[reportUnknownVariableType]
    for mine, its, node in zip(form, names, chain, strict=False):
        if mine != its:
            return f"{text}: it has {its} where this one has {mine}, written at {node.where}"
    return f"{text}, of {len(names)} operators, and this one is of {len(form)}"


def _rest(chain: list[Node], given: int) -> Node:
    """Return the flow without its first items, which are left out as far up as they can be."""
    rest: list[tuple[Any, Node, int]] = []
    skipped = sure = given
    for node in reversed(chain):
        before = skipped
        skipped, operator, more = node.operator.after(skipped, sure)
        # What an operator goes through again, what is above it gives again, from its start.
        sure = min(node.operator.least(sure), skipped) if before else 0
        rest.append((operator, node, more))
    made: Node | None = None
    for operator, node, more in reversed(rest):
        made = Node(operator, made, node.site, node.label)
        if more:
            made = Node(Skip(more), made, node.site)
    assert made is not None
    return made
