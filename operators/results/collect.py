"""collect: all items in whatever takes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from operators._kernel.failures.checks import need_callable
from operators._kernel.failures.failure import NOTHING
from operators._kernel.links.late import LateStep
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.step import Shaper
from operators._kernel.subscription.demand import Once
from operators.transform.seeds import starting
from reactive_streams import UNBOUNDED


class Collect(LateStep):
    """What a factory makes, after add(it, item) for all items.

    emits        that, when upstream has completed; as it was made for no items
    backpressures  asks upstream without bound, at the first request
    completes    with that
    fails        when upstream does, or factory or add raises; what was made so far is discarded
    """

    __slots__ = ("_add", "_factory")
    name = "collect"
    function = "add"
    strict = True
    contract = Contract.UNBOUNDED_UPSTREAM
    shapes = True
    body = """
if $made is nothing:
    $made = $factory()
$add($made, $item)
drop
"""
    flush = """
if $made is nothing:
    $made = $factory()
$item, $made = $made, nothing
emit
"""
    cell = "made"

    def __init__(self, factory: Callable[[], Any], add: Callable[[Any, Any], object]) -> None:
        need_callable("collect", "factory", factory)
        need_callable("collect", "add", add)
        self._factory = starting("collect", NOTHING, factory, "factory")
        self._add = add

    @property
    def holds(self) -> int:
        return UNBOUNDED

    def values(self) -> dict[str, Any]:
        return {"made": NOTHING, "factory": self._factory, "add": self._add}

    def shaper(self) -> Shaper:
        return Once(UNBOUNDED)
