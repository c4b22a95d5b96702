"""buffer_weighted: lists of items that weigh no more than a limit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from operators._kernel.failures.checks import need_callable, shown
from operators._kernel.links.late import LateStep
from operators._kernel.plan.contract import Contract
from reactive_streams import UNBOUNDED


class BufferWeighted(LateStep):
    """Lists of items, as many as weigh no more than a limit; one that weighs more is alone.

    emits        a list when it weighs as much as the limit, or the next item would be too much, and
                 what is left at the end
    backpressures  passes demand on, and asks for one more item for each that fills no list
    completes    when upstream does, after the last list, which waits for demand
    fails        when upstream does, or weight raises; the items of the list begun are discarded
    """

    __slots__ = ("_limit", "_weight")
    name = "buffer_weighted"
    function = "weight"
    strict = True
    contract = Contract.REPLACES
    steady = True
    shapes = True
    never_none = True
    body = """
$more = $weight($item)
if $held and $total + $more > $limit:
    $full, $held, $total = $held, [$item], $more
    $item, $full = $full, None
else:
    $held.append($item)
    $total += $more
    if $total < $limit:
        skip
    $item, $held, $total = $held, [], 0
"""
    flush = """
if $held:
    $item, $held = $held, []
    emit
"""
    leftovers = "$held"

    def __init__(self, limit: float, weight: Callable[[Any], float]) -> None:
        if isinstance(limit, bool) or not isinstance(limit, (int, float)):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"buffer_weighted: limit must be a number, got {shown(limit)}")
        if not limit > 0:
            raise ValueError(f"buffer_weighted: limit must be greater than 0, got {limit!r}")
        need_callable("buffer_weighted", "weight", weight)
        self._limit = limit
        self._weight = weight

    @property
    def holds(self) -> int:
        return UNBOUNDED  # as many as weigh so little

    @property
    def details(self) -> str:
        return f"limit={self._limit}"

    def values(self) -> dict[str, Any]:
        return {
            "held": [], "full": None, "total": 0, "more": 0, "limit": self._limit,
            "weight": self._weight,
        }  # fmt: skip
