"""element_at: the item at an index."""

from __future__ import annotations

from typing import Any

from operators._kernel.failures.checks import need_count
from operators._kernel.failures.failure import NOTHING
from operators._kernel.links.late import LateStep
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.step import Shaper
from operators._kernel.subscription.demand import Once
from operators.results._defaults import NoItemError, missing, need_default
from reactive_streams import UNBOUNDED


class ElementAt(LateStep):
    """The item at an index, counted from 0, or the default.

    emits        the item at the index; the default where there are not so many
    backpressures  asks upstream for as many items as come up to it, at the first request
    completes    with that item
    fails        when upstream does, or with a NoItemError for too few items without a default
    """

    __slots__ = ("_default", "_index")
    name = "element_at"
    contract = Contract.FIXED
    shapes = True
    calls = False
    keeps = True
    stops = True
    body = """
if $left:
    $left -= 1
    drop
$over = True
"""
    ending = "$over"
    flush = """
if $default is nothing:
    raise $missing($left)
$item = $default
emit
"""

    def __init__(self, index: int, default: Any = NOTHING) -> None:
        need_count("element_at", "index", index, least=0)
        need_default("element_at", default)
        self._index = index
        self._default = default

    @property
    def details(self) -> str:
        return f"index={self._index}"

    def values(self) -> dict[str, Any]:
        return {
            "left": self._index, "over": False, "default": self._default, "missing": self._missing
        }  # fmt: skip

    def _missing(self, left: int) -> NoItemError:
        had = self._index - left
        items = "1 item" if had == 1 else f"{had:,} items" if had else "no items"
        return missing(f"element_at({self._index})", items)

    def shaper(self) -> Shaper:
        return Once(min(self._index + 1, UNBOUNDED))
