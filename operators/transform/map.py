"""map: another item for each item."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from operators._kernel.failures.checks import need_callable
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.step import Step


class Map(Step):
    """fn of each item.

    emits        fn(item), one for one
    backpressures  passes demand on
    completes    when upstream does
    fails        when upstream does, or fn raises
    """

    __slots__ = ("_fn",)
    name = "map"
    function = "fn"
    contract = Contract.PASS_THROUGH
    steady = True
    each = True
    one_for_one = True
    body = "$item = $fn($item)"

    def __init__(self, fn: Callable[[Any], Any]) -> None:
        need_callable("map", "fn", fn)
        self._fn = fn

    def values(self) -> dict[str, Any]:
        return {"fn": self._fn}
