"""skip: all but the first items."""

from __future__ import annotations

from typing import Any

from operators._kernel.failures.checks import need_count
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Operator
from operators._kernel.plan.step import Shaper, Step
from operators._kernel.subscription.demand import Surcharge


class Skip(Step):
    """The items after the first `n`.

    emits        each item from the one after the n-th on
    backpressures  passes demand on, with n items more the first time
    completes    when upstream does
    fails        when upstream does
    """

    __slots__ = ("_n",)
    name = "skip"
    contract = Contract.SURCHARGED
    steady = True
    calls = False
    keeps = True
    body = """
if $left:
    $left -= 1
    drop
"""

    def __init__(self, n: int) -> None:
        need_count("skip", "n", n, least=0)
        self._n = n

    @property
    def details(self) -> str:
        return f"n={self._n}"

    @property
    def form(self) -> str:
        return self.details

    def after(self, n: int, sure: int) -> tuple[int, Operator, int]:
        return n, self, 0

    def values(self) -> dict[str, Any]:
        return {"left": self._n}

    def shaper(self) -> Shaper:
        return Surcharge(self._n)
