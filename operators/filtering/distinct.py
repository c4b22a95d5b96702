"""distinct: each item once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from operators._kernel.failures.checks import need_callable
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.step import Step


class Distinct(Step):
    """The items whose key was not seen before.

    emits        each item with a new key
    backpressures  passes demand on, and asks for one more item for each that is left out
    completes    when upstream does
    fails        when upstream does, key raises, or a key cannot be hashed
    """

    __slots__ = ("_key",)
    name = "distinct"
    function = "key"
    contract = Contract.REPLACES
    steady = True
    keeps = True
    body = """
$found = $item if $key is None else $key($item)
if $found in $seen:
    skip
$seen.add($found)
"""

    def __init__(self, key: Callable[[Any], Any] | None) -> None:
        if key is not None:
            need_callable("distinct", "key", key)
        self._key = key

    def values(self) -> dict[str, Any]:
        return {"key": self._key, "seen": set[Any](), "found": None}
