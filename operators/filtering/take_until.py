"""take_until: the items up to the first that passes a test, and that one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from operators._kernel.failures.checks import need_callable
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.step import Step


class TakeUntilTrue(Step):
    """The items up to, and with, the first for which the predicate is true.

    emits        each item up to that one, and that one
    backpressures  passes demand on
    completes    with the first item that passes, or when upstream does
    fails        when upstream does, or the predicate raises
    """

    __slots__ = ("_predicate",)
    name = "take_until"
    function = "predicate"
    contract = Contract.PASS_THROUGH
    keeps = True
    stops = True
    body = "$over = $predicate($item)"
    ending = "$over"

    def __init__(self, predicate: Callable[[Any], object]) -> None:
        need_callable("take_until", "predicate", predicate)
        self._predicate = predicate

    def values(self) -> dict[str, Any]:
        return {"predicate": self._predicate, "over": False}
