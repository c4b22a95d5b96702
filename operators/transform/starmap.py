"""starmap: another item for each item, which is spread over the arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from operators._kernel.failures.checks import need_callable
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.step import Step


class Starmap(Step):
    """fn(*item) of each item.

    emits        fn(*item), one for one
    backpressures  passes demand on
    completes    when upstream does
    fails        when upstream does, fn raises, or an item cannot be spread
    """

    __slots__ = ("_fn",)
    name = "starmap"
    function = "fn"
    contract = Contract.PASS_THROUGH
    steady = True
    each = True
    one_for_one = True
    body = "$item = $fn(*$item)"

    def __init__(self, fn: Callable[..., Any]) -> None:
        need_callable("starmap", "fn", fn)
        self._fn = fn

    def values(self) -> dict[str, Any]:
        return {"fn": self._fn}
