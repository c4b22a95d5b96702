"""scan: a running fold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from operators._kernel.failures.failure import NOTHING
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.step import Step
from operators.transform.seeds import Fold, need_fold, starting


class Scan(Step):
    """The running result of a fold.

    emits        fn(result so far, item) for each item; without a seed the first item as it is; with
                 one, each run starts from a seed of its own
    backpressures  passes demand on
    completes    when upstream does
    fails        when upstream does, or fn or the seed's factory raises
    """

    __slots__ = ("_fn", "_start")
    name = "scan"
    function = "fn"
    contract = Contract.PASS_THROUGH
    steady = True
    one_for_one = True
    body = """
if $so_far is $nothing:
    $so_far = $start()
$item = $item if $so_far is $nothing else $fn($so_far, $item)
$so_far = $item
"""

    def __init__(self, fn: Fold, seed: Any, factory: Callable[[], Any] | None) -> None:
        need_fold("scan", fn, seed, factory)
        self._fn = fn
        self._start = starting("scan", seed, factory)

    def values(self) -> dict[str, Any]:
        # Called with the first item, where what it raises is the step's failure.
        return {"fn": self._fn, "start": self._start, "so_far": NOTHING, "nothing": NOTHING}
