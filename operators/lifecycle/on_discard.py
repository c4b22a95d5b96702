"""on_discard: where items go that can no longer be delivered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from operators._kernel.failures.checks import need_callable
from operators._kernel.kinds import Link
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators._kernel.plan.step import Step
from operators._kernel.subscription.scope import Scope


class OnDiscard(Step, Link):
    """The same signals; items that the stages above hold at a cancel or an error go to a function.

    emits        each item
    backpressures  passes demand on
    completes    when upstream does
    fails        when upstream does
    """

    __slots__ = ("_fn",)
    name = "on_discard"
    contract = Contract.PASS_THROUGH
    steady = True
    each = True
    calls = False
    pushes = False
    keeps = True
    one_for_one = True

    def __init__(self, fn: Callable[[Any], object]) -> None:
        need_callable("on_discard", "fn", fn)
        self._fn = fn

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        return downstream

    def scope(self, scope: Scope) -> Scope:
        return scope.discarding(self._fn)
