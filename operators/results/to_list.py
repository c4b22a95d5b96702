"""to_list: all items in a list."""

from __future__ import annotations

from typing import Any

from operators._kernel.links.late import LateStep
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.step import Shaper
from operators._kernel.subscription.demand import Once
from reactive_streams import UNBOUNDED


class ToList(LateStep):
    """All items, in one list.

    emits        the list, when upstream has completed; an empty one for no items
    backpressures  asks upstream without bound, at the first request
    completes    with the list
    fails        when upstream does; the items so far are discarded
    """

    __slots__ = ()
    name = "to_list"
    strict = True
    contract = Contract.UNBOUNDED_UPSTREAM
    shapes = True
    calls = False
    never_none = True
    body = """
$append($item)
drop
"""
    flush = """
$item, $held = $held, []
emit
"""
    leftovers = "$held"

    @property
    def holds(self) -> int:
        return UNBOUNDED

    def values(self) -> dict[str, Any]:
        held: list[Any] = []
        return {"held": held, "append": held.append}

    def shaper(self) -> Shaper:
        return Once(UNBOUNDED)
