"""to_set: all items in a set."""

from __future__ import annotations

from typing import Any

from operators._kernel.links.late import LateStep
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.step import Shaper
from operators._kernel.subscription.demand import Once
from reactive_streams import UNBOUNDED


class ToSet(LateStep):
    """All items, in one set.

    emits        the set, when upstream has completed; an empty one for no items
    backpressures  asks upstream without bound, at the first request
    completes    with the set
    fails        when upstream does, or an item cannot be hashed; the items so far are discarded
    """

    __slots__ = ()
    name = "to_set"
    strict = True
    contract = Contract.UNBOUNDED_UPSTREAM
    shapes = True
    calls = False
    never_none = True
    body = """
$add($item)
drop
"""
    flush = """
$item, $held = $held, set()
emit
"""
    leftovers = "$held"

    @property
    def holds(self) -> int:
        return UNBOUNDED

    def values(self) -> dict[str, Any]:
        held: set[Any] = set()
        return {"held": held, "add": held.add}

    def shaper(self) -> Shaper:
        return Once(UNBOUNDED)
