"""skip_last: all but the last items."""

from __future__ import annotations

from collections import deque
from typing import Any

from operators._kernel.failures.checks import need_count
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.step import Shaper, Step
from operators._kernel.subscription.demand import Surcharge


class SkipLast(Step):
    """All items but the last `n`.

    emits        each item when n more have come
    backpressures  passes demand on, with n items more the first time
    completes    when upstream does; the last n items are discarded
    fails        when upstream does; the items kept are discarded
    """

    __slots__ = ("_n",)
    name = "skip_last"
    contract = Contract.SURCHARGED
    steady = True
    calls = False
    keeps = True
    body = """
$held.append($item)
if len($held) <= $n:
    drop
$item = $held.popleft()
"""
    leftovers = "$held"

    def __init__(self, n: int) -> None:
        need_count("skip_last", "n", n, least=0)
        self._n = n

    @property
    def holds(self) -> int:
        return self._n

    @property
    def details(self) -> str:
        return f"n={self._n}"

    def values(self) -> dict[str, Any]:
        return {"held": deque[Any](), "n": self._n}

    def shaper(self) -> Shaper:
        return Surcharge(self._n)
