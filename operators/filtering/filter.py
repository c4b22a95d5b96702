"""filter: the items that pass a test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from operators._kernel.failures.checks import need_callable
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.step import Step


class Filter(Step):
    """The items for which the predicate is true.

    emits        each item that passes
    backpressures  passes demand on, and asks for one more item for each that does not pass
    completes    when upstream does
    fails        when upstream does, or the predicate raises
    """

    __slots__ = ("_predicate",)
    name = "filter"
    function = "predicate"
    contract = Contract.REPLACES
    steady = True
    keeps = True
    body = """
if not $predicate($item):
    skip
"""

    def __init__(self, predicate: Callable[[Any], Any]) -> None:
        need_callable("filter", "predicate", predicate)
        self._predicate = predicate

    def values(self) -> dict[str, Any]:
        return {"predicate": self._predicate}
