"""last: the last item."""

from __future__ import annotations

from typing import Any

from operators._kernel.failures.failure import NOTHING
from operators._kernel.links.late import LateStep
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.step import Shaper
from operators._kernel.subscription.demand import Once
from operators.results._defaults import OR_DEFAULT, defaults, need_default
from reactive_streams import UNBOUNDED


class Last(LateStep):
    """The last item, or the default.

    emits        the last item when upstream has completed; for no items the default
    backpressures  asks upstream without bound, at the first request
    completes    with that item
    fails        when upstream does, or with a NoItemError for no items without a default
    """

    __slots__ = ("_default",)
    name = "last"
    contract = Contract.UNBOUNDED_UPSTREAM
    shapes = True
    calls = False
    keeps = True
    body = """
$found = $item
drop
"""
    cell = "found"
    flush = OR_DEFAULT

    def __init__(self, default: Any = NOTHING) -> None:
        need_default("last", default)
        self._default = default

    @property
    def holds(self) -> int:
        return 1

    def values(self) -> dict[str, Any]:
        return defaults("last", self._default)

    def shaper(self) -> Shaper:
        return Once(UNBOUNDED)
