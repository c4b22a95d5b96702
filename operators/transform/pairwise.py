"""pairwise: each item with the one before."""

from __future__ import annotations

from typing import Any

from operators._kernel.failures.failure import NOTHING
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.step import Shaper, Step
from operators._kernel.subscription.demand import Surcharge


class Pairwise(Step):
    """(previous, item) for each item but the first.

    emits        a pair for each item from the second on
    backpressures  passes demand on, with one item more the first time
    completes    when upstream does; an item that was the only one is discarded
    fails        when upstream does; a first item that is in no pair yet is discarded
    """

    __slots__ = ()
    name = "pairwise"
    contract = Contract.SURCHARGED
    steady = True
    calls = False
    never_none = True
    body = """
$before, $last = $last, $item
if $before is $nothing:
    $held.append($item)
    drop
if $held:
    $held.clear()
$item = ($before, $item)
"""
    leftovers = "$held"

    @property
    def holds(self) -> int:
        return 1

    def values(self) -> dict[str, Any]:
        return {"last": NOTHING, "before": NOTHING, "nothing": NOTHING, "held": []}

    def shaper(self) -> Shaper:
        return Surcharge(1)
