"""reduce: all items made into one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from operators._kernel.failures.checks import need_result
from operators._kernel.failures.failure import NOTHING
from operators._kernel.links.late import LateStep
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.step import Shaper
from operators._kernel.subscription.demand import Once
from operators.transform.seeds import Fold, need_fold, starting
from reactive_streams import UNBOUNDED


class Reduce(LateStep):
    """The result of a fold over all items.

    emits        the result, when upstream has completed; nothing for no items without a seed; with
                 one, each run starts from a seed of its own
    backpressures  asks upstream without bound, at the first request
    completes    with the result
    fails        when upstream does, or fn or the seed's factory raises; the result so far is discarded
    """

    __slots__ = ("_fn", "_start")
    name = "reduce"
    function = "fn"
    contract = Contract.UNBOUNDED_UPSTREAM
    shapes = True
    body = """
$so_far = $begin($item) if $so_far is nothing else $fn($so_far, $item)
drop
"""
    flush = """
if $so_far is nothing:
    $so_far = $start()
if $so_far is not nothing:
    $item, $so_far = $so_far, nothing
    emit
"""
    cell = "so_far"

    def __init__(self, fn: Fold, seed: Any, factory: Callable[[], Any] | None) -> None:
        need_fold("reduce", fn, seed, factory)
        self._fn = fn
        self._start = starting("reduce", seed, factory)

    @property
    def holds(self) -> int:
        return 1

    def values(self) -> dict[str, Any]:
        # The seed is made where what that raises is the step's failure.
        return {"fn": self._fn, "begin": self._begin, "start": self._start, "so_far": NOTHING}

    def _begin(self, item: Any) -> Any:
        """Return the result after the first item."""
        seed = self._start()
        if seed is NOTHING:
            return item
        result = self._fn(seed, item)
        need_result("reduce", "fn", result)
        return result

    def shaper(self) -> Shaper:
        return Once(UNBOUNDED)
