"""contains: whether a value is among the items."""

from __future__ import annotations

from typing import Any

from operators._kernel.failures.failure import brief
from operators._kernel.links.late import LateStep
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.step import Shaper
from operators._kernel.subscription.demand import Once
from reactive_streams import UNBOUNDED


class Contains(LateStep):
    """Whether one of the items is, or equals, a value: as the language's `in`.

    emits        True at the first such item, False when upstream has completed
    backpressures  asks upstream without bound, at the first request
    completes    with that, upstream being cancelled where it goes on
    fails        when upstream does, or a comparison raises
    """

    __slots__ = ("_value",)
    name = "contains"
    contract = Contract.UNBOUNDED_UPSTREAM
    shapes = True
    stops = True
    never_none = True
    body = """
if $item is not $value and not $item == $value:
    drop
$over = True
$item = True
"""
    ending = "$over"
    flush = """
$item = False
emit
"""

    def __init__(self, value: object) -> None:
        if value is None:
            raise TypeError("contains: None is not an element (§2.13), and so in no flow")
        self._value = value

    @property
    def details(self) -> str:
        return f"value={brief(self._value)}"

    def values(self) -> dict[str, Any]:
        return {"over": False, "value": self._value}

    def shaper(self) -> Shaper:
        return Once(UNBOUNDED)
