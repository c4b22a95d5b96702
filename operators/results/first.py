"""first: the first item."""

from __future__ import annotations

from typing import Any

from operators._kernel.failures.failure import NOTHING
from operators._kernel.links.late import LateStep
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.step import Shaper
from operators._kernel.subscription.demand import Once
from operators.results._defaults import OR_DEFAULT, defaults, need_default


class First(LateStep):
    """The first item, or the default.

    emits        the first item; for no items the default
    backpressures  asks upstream for one item, at the first request
    completes    with that item
    fails        when upstream does, or with a NoItemError for no items without a default
    """

    __slots__ = ("_default",)
    name = "first"
    contract = Contract.FIXED
    shapes = True
    calls = False
    keeps = True
    stops = True
    body = "$over = True"
    ending = "$over"
    flush = OR_DEFAULT

    def __init__(self, default: Any = NOTHING) -> None:
        need_default("first", default)
        self._default = default

    def values(self) -> dict[str, Any]:
        return {"over": False, **defaults("first", self._default)}

    def shaper(self) -> Shaper:
        return Once(1)
