"""take_while: the items before the first that fails a test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from operators._kernel.failures.checks import need_callable
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.step import Step


class TakeWhile(Step):
    """The items up to the first for which the predicate is false.

    emits        each item as long as all have passed
    backpressures  passes demand on
    completes    at the first item that does not pass, or when upstream does
    fails        when upstream does, or the predicate raises
    """

    __slots__ = ("_predicate",)
    name = "take_while"
    function = "predicate"
    contract = Contract.PASS_THROUGH
    steady = True
    keeps = True
    stops = True
    body = """
if not $predicate($item):
    stop
"""

    def __init__(self, predicate: Callable[[Any], Any]) -> None:
        need_callable("take_while", "predicate", predicate)
        self._predicate = predicate

    def values(self) -> dict[str, Any]:
        return {"predicate": self._predicate}
