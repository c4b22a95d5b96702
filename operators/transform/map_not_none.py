"""map_not_none: another item for each item for which there is one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from operators._kernel.failures.checks import need_callable
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.step import Step


class MapNotNone(Step):
    """fn of each item, where that is not None.

    emits        fn(item), unless it is None
    backpressures  passes demand on, and asks for one more item for each that gives None
    completes    when upstream does
    fails        when upstream does, or fn raises
    """

    __slots__ = ("_fn",)
    name = "map_not_none"
    function = "fn"
    contract = Contract.REPLACES
    steady = True
    never_none = True
    body = """
$item = $fn($item)
if $item is None:
    skip
"""

    def __init__(self, fn: Callable[[Any], Any]) -> None:
        need_callable("map_not_none", "fn", fn)
        self._fn = fn

    def values(self) -> dict[str, Any]:
        return {"fn": self._fn}
