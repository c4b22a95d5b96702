"""scan: a running fold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from operators._kernel.checks import need_callable
from operators._kernel.contract import Contract
from operators._kernel.failure import NOTHING
from operators._kernel.step import Step


class Scan(Step):
    """The running result of a fold.

    emits        fn(result so far, item) for each item; without a seed the first item as it is
    backpressures  passes demand on
    completes    when upstream does
    fails        when upstream does, or fn raises
    """

    __slots__ = ("_fn", "_seed")
    name = "scan"
    contract = Contract.PASS_THROUGH
    body = """
$item = $item if $so_far is $nothing else $fn($so_far, $item)
$so_far = $item
"""

    def __init__(self, fn: Callable[[Any, Any], Any], seed: Any = NOTHING) -> None:
        need_callable("scan", "fn", fn)
        self._fn = fn
        self._seed = seed

    def values(self) -> dict[str, Any]:
        return {"fn": self._fn, "so_far": self._seed, "nothing": NOTHING}
