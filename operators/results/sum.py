"""sum: all items added up."""

from __future__ import annotations

from typing import Any

from operators._kernel.links.late import LateStep
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.step import Shaper
from operators._kernel.subscription.demand import Once
from reactive_streams import UNBOUNDED


class Sum(LateStep):
    """The sum of a start and all items.

    emits        start + item + item ..., when upstream has completed
    backpressures  asks upstream without bound, at the first request
    completes    with the sum
    fails        when upstream does, or an item cannot be added
    """

    __slots__ = ("_start",)
    name = "sum"
    strict = True
    contract = Contract.UNBOUNDED_UPSTREAM
    shapes = True
    body = """
$total = $total + $item
drop
"""
    flush = """
$item = $total
emit
"""

    def __init__(self, start: Any = 0) -> None:
        if start is None:
            raise TypeError("sum: start must be something to add to, got None")
        self._start = start

    def values(self) -> dict[str, Any]:
        return {"total": self._start}

    def shaper(self) -> Shaper:
        return Once(UNBOUNDED)
