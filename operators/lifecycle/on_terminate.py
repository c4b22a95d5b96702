"""on_terminate: something to do before the end is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from operators._kernel.failures.checks import need_callable, need_result
from operators._kernel.failures.failure import annotate, in_handling
from operators._kernel.links.signals import SignalsStep, Told
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node


class OnTerminate(SignalsStep):
    """The same signals; a function is called when upstream has completed or failed.

    emits        each item
    backpressures  passes demand on
    completes    when upstream does, after fn has returned
    fails        when upstream does, after fn has returned, or when that raises
    """

    __slots__ = ("_fn",)
    name = "on_terminate"
    contract = Contract.PASS_THROUGH
    steady = True
    each = True

    def __init__(self, fn: Callable[[], Any]) -> None:
        need_callable("on_terminate", "fn", fn)
        self._fn = fn

    def told(self, node: Node) -> Told:
        return _Ending(self._fn, node)


class _Ending(Told):
    __slots__ = ("_fn",)

    def __init__(self, fn: Callable[[], Any], node: Node) -> None:
        super().__init__(node)
        self._fn = fn

    def completed(self) -> None:
        need_result("on_terminate", "fn", self._fn())

    def failed(self, error: Exception) -> Exception:
        try:
            self.completed()
        except Exception as raised:
            return in_handling(annotate(raised, self.node), error)
        return error
