"""repeat_value: one item, for ever."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import repeat
from typing import Any

from operators._kernel.kinds import IterableSource
from operators._kernel.plan.contract import Contract


class RepeatValue(IterableSource):
    """The same item, again and again.

    emits        the item, for each one asked for
    backpressures  gives out nothing that was not asked for
    completes    never
    fails        never
    """

    __slots__ = ("_value",)
    name = "repeat_value"
    never_none = True
    contract = Contract.ON_DEMAND

    def __init__(self, value: Any) -> None:
        if value is None:
            raise TypeError("repeat_value: None is not an element (§2.13)")
        self._value = value

    def iterator(self) -> Iterator[Any]:
        return repeat(self._value)
