"""enumerate: each item with its number."""

from __future__ import annotations

from typing import Any

from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Operator
from operators._kernel.plan.step import Step


class Enumerate(Step):
    """(number, item) for each item.

    emits        a pair for each item, the numbers going up by one from `start`
    backpressures  passes demand on
    completes    when upstream does
    fails        when upstream does
    """

    __slots__ = ("_start",)
    name = "enumerate"
    contract = Contract.PASS_THROUGH
    steady = True
    calls = False
    one_for_one = True
    never_none = True
    body = """
$item = ($number, $item)
$number += 1
"""

    def __init__(self, start: Any) -> None:
        if isinstance(start, bool) or not isinstance(start, int):
            raise TypeError(f"enumerate: start must be an int, got {start!r}")
        self._start: int = start

    @property
    def form(self) -> str:
        return f"start={self._start}"

    def after(self, n: int, sure: int) -> tuple[int, Operator, int]:
        return n, Enumerate(self._start + n), 0

    def values(self) -> dict[str, Any]:
        return {"number": self._start}
