"""distinct_until_changed: each item that differs from the one before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from operators._kernel.failures.checks import need_callable
from operators._kernel.failures.failure import NOTHING
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.step import Step


class DistinctUntilChanged(Step):
    """The items whose key differs from that of the item before.

    emits        the first item, and each whose key has changed
    backpressures  passes demand on, and asks for one more item for each that is left out
    completes    when upstream does
    fails        when upstream does, or key or the comparison raises
    """

    __slots__ = ("_key",)
    name = "distinct_until_changed"
    function = "key"
    contract = Contract.REPLACES
    steady = True
    keeps = True
    body = """
$found = $item if $key is None else $key($item)
if $last is not $nothing and $found == $last:
    skip
$last = $found
"""

    def __init__(self, key: Callable[[Any], Any] | None) -> None:
        if key is not None:
            need_callable("distinct_until_changed", "key", key)
        self._key = key

    def values(self) -> dict[str, Any]:
        return {"key": self._key, "last": NOTHING, "found": NOTHING, "nothing": NOTHING}
