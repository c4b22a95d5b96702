"""all: a test of all items."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from operators._kernel.failures.checks import need_callable
from operators._kernel.links.late import LateStep
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.step import Shaper
from operators._kernel.subscription.demand import Once
from reactive_streams import UNBOUNDED


class All(LateStep):
    """Whether the predicate is true for all items.

    emits        False at the first item for which it is not, True when upstream has completed
    backpressures  asks upstream without bound, at the first request
    completes    with that, upstream being cancelled where it goes on
    fails        when upstream does, or the predicate raises
    """

    __slots__ = ("_predicate",)
    name = "all"
    function = "predicate"
    contract = Contract.UNBOUNDED_UPSTREAM
    shapes = True
    stops = True
    never_none = True
    body = """
if $predicate($item):
    drop
$over = True
$item = False
"""
    ending = "$over"
    flush = """
$item = True
emit
"""

    def __init__(self, predicate: Callable[[Any], object]) -> None:
        need_callable("all", "predicate", predicate)
        self._predicate = predicate

    def values(self) -> dict[str, Any]:
        return {"over": False, "predicate": self._predicate}

    def shaper(self) -> Shaper:
        return Once(UNBOUNDED)
