"""on_start: something to do before anything else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from operators._kernel.failures.checks import need_callable, need_result
from operators._kernel.links.signals import SignalsStep, Told
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node


class OnStart(SignalsStep):
    """The same signals; a function is called once before the first of them.

    emits        each item
    backpressures  passes demand on
    completes    when upstream does
    fails        when upstream does, or the function raises
    """

    __slots__ = ("_fn",)
    name = "on_start"
    contract = Contract.PASS_THROUGH
    steady = True
    each = True
    begins = True

    def __init__(self, fn: Callable[[], Any]) -> None:
        need_callable("on_start", "fn", fn)
        self._fn = fn

    def told(self, node: Node) -> Told:
        return _Starting(self._fn, node)


class _Starting(Told):
    __slots__ = ("_fn",)

    def __init__(self, fn: Callable[[], Any], node: Node) -> None:
        super().__init__(node)
        self._fn: Callable[[], Any] | None = fn

    def begun(self) -> None:
        fn, self._fn = self._fn, None
        if fn is not None:
            need_result("on_start", "fn", fn())
