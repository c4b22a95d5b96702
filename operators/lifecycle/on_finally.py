"""on_finally: something to do at the end, whatever the end."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from operators._kernel.failures.checks import need_callable, need_result
from operators._kernel.failures.failure import drop_error
from operators._kernel.kinds import Link
from operators._kernel.links.stage import Stage
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators._kernel.plan.step import Step
from operators._kernel.subscription.demand import Claim
from operators._kernel.subscription.relay import end_with
from operators._kernel.subscription.scope import Scope


class OnFinally(Step, Link):
    """The same signals; a function is called once when the stream is over.

    emits        each item
    backpressures  passes demand on
    completes    when upstream does; fn is called after the signal, and before another try begins
    fails        when upstream does; fn is called after the signal, and before another try begins
    """

    __slots__ = ("_fn",)
    name = "on_finally"
    contract = Contract.PASS_THROUGH
    steady = True
    each = True
    pushes = False
    keeps = True
    one_for_one = True
    final = True

    def __init__(self, fn: Callable[[], object]) -> None:
        need_callable("on_finally", "fn", fn)
        self._fn = fn

    def at_end(self, node: Node) -> None:
        try:
            need_result("on_finally", "fn", self._fn())
        except Exception as error:
            drop_error(error, f"raised by {node.title}, written at {node.where}")

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        return _FinallyStage(self, downstream, node, scope)


class _FinallyStage(Stage):
    __slots__ = ("_claim", "_operator")

    def __init__(self, operator: OnFinally, downstream: Any, node: Node, scope: Scope) -> None:
        super().__init__(downstream, node, scope)
        self._operator = operator
        self._claim = Claim()

    def _finally(self) -> None:
        if self._claim.take():
            self._operator.at_end(self.node)

    def on_error(self, error: Exception) -> None:
        end_with(partial(super().on_error, error), self._finally)

    def on_complete(self) -> None:
        end_with(super().on_complete, self._finally)

    def cancel(self) -> None:
        super().cancel()
        self.scope.home.run_back(self._finally)
