"""single: the only item."""

from __future__ import annotations

from typing import Any

from operators._kernel.failures.failure import NOTHING
from operators._kernel.links.late import LateStep
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.step import Shaper
from operators._kernel.subscription.demand import Once
from operators.results._defaults import OR_DEFAULT, ManyItemsError, defaults, need_default


class Single(LateStep):
    """The only item, or the default.

    emits        the item when upstream has completed; for no items the default
    backpressures  asks upstream for two items, at the first request
    completes    with that item
    fails        when upstream does, with a ManyItemsError at a second item, or with a NoItemError for
                 no items without a default
    """

    __slots__ = ("_default",)
    name = "single"
    contract = Contract.FIXED
    shapes = True
    calls = False
    keeps = True
    body = """
if $found is not nothing:
    raise $many()
$found = $item
drop
"""
    cell = "found"
    flush = OR_DEFAULT

    def __init__(self, default: Any = NOTHING) -> None:
        need_default("single", default)
        self._default = default

    @property
    def holds(self) -> int:
        return 1

    def values(self) -> dict[str, Any]:
        return {"many": _many, **defaults("single", self._default)}

    def shaper(self) -> Shaper:
        return Once(2)


def _many() -> ManyItemsError:
    return ManyItemsError(
        "single: the flow has more than one item; for the first of several there is first()"
    )
