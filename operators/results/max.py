"""max: the largest item."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from operators._kernel.failures.checks import need_callable
from operators._kernel.failures.failure import NOTHING
from operators._kernel.links.late import LateStep
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.step import Shaper
from operators._kernel.subscription.demand import Once
from operators.results._defaults import OR_DEFAULT, defaults, need_default
from reactive_streams import UNBOUNDED


class Max(LateStep):
    """The largest item, or that with the largest key; the first of several that are.

    emits        that item when upstream has completed; for no items the default
    backpressures  asks upstream without bound, at the first request
    completes    with that item
    fails        when upstream does, key raises, two items cannot be compared, or with a NoItemError
                 for no items without a default
    """

    __slots__ = ("_default", "_key")
    name = "max"
    function = "key"
    contract = Contract.UNBOUNDED_UPSTREAM
    shapes = True
    keeps = True
    body = """
$rank = $item if $key is None else $key($item)
if $found is nothing or $rank > $most:
    $found = $item
    $most = $rank
drop
"""
    cell = "found"
    flush = OR_DEFAULT

    def __init__(self, key: Callable[[Any], Any] | None = None, default: Any = NOTHING) -> None:
        if key is not None:
            need_callable(self.name, "key", key)
        need_default(self.name, default)
        self._key = key
        self._default = default

    @property
    def holds(self) -> int:
        return 1

    def values(self) -> dict[str, Any]:
        return {"key": self._key, "rank": None, "most": None, **defaults(self.name, self._default)}

    def shaper(self) -> Shaper:
        return Once(UNBOUNDED)
