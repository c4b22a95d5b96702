"""on_finally: something to do at the end, whatever the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from operators._kernel.assembly import Link
from operators._kernel.checks import need_callable
from operators._kernel.contract import Contract
from operators._kernel.demand import Claim
from operators._kernel.failure import drop_error
from operators._kernel.node import Node
from operators._kernel.scope import Scope
from operators._kernel.stage import Stage


class OnFinally(Link):
    """The same signals; a function is called once when the stream is over.

    emits        each item
    backpressures  passes demand on
    completes    when upstream does; fn is called after the signal
    fails        when upstream does; fn is called after the signal
    """

    __slots__ = ("_fn",)
    name = "on_finally"
    contract = Contract.PASS_THROUGH

    def __init__(self, fn: Callable[[], object]) -> None:
        need_callable("on_finally", "fn", fn)
        self._fn = fn

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        return _FinallyStage(self._fn, downstream, node, scope)


class _FinallyStage(Stage):
    __slots__ = ("_claim", "_fn")

    def __init__(self, fn: Callable[[], object], downstream: Any, node: Node, scope: Scope) -> None:
        super().__init__(downstream, node, scope)
        self._fn = fn
        self._claim = Claim()

    def _finally(self) -> None:
        if self._claim.take():
            try:
                self._fn()
            except Exception as error:
                drop_error(error, f"raised by {self.node.title}, written at {self.node.where}")

    def on_error(self, error: Exception) -> None:
        super().on_error(error)
        self._finally()

    def on_complete(self) -> None:
        super().on_complete()
        self._finally()

    def cancel(self) -> None:
        super().cancel()
        self._finally()
