"""count: how many items there are."""

from __future__ import annotations

from typing import Any

from operators._kernel.links.late import LateStep
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.step import Shaper
from operators._kernel.subscription.demand import Once
from reactive_streams import UNBOUNDED


class Count(LateStep):
    """The number of items.

    emits        the number, an int, when upstream has completed
    backpressures  asks upstream without bound, at the first request
    completes    with the number
    fails        when upstream does
    """

    __slots__ = ()
    name = "count"
    strict = True
    contract = Contract.UNBOUNDED_UPSTREAM
    shapes = True
    calls = False
    never_none = True
    body = """
$seen += 1
drop
"""
    flush = """
$item = $seen
emit
"""

    def values(self) -> dict[str, Any]:
        return {"seen": 0}

    def shaper(self) -> Shaper:
        return Once(UNBOUNDED)
