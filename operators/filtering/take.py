"""take: the first items."""

from __future__ import annotations

from typing import Any

from operators._kernel.failures.checks import need_count
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Operator
from operators._kernel.plan.step import Shaper, Step
from operators._kernel.subscription.demand import Allowance


class Take(Step):
    """The first `n` items.

    emits        the first n items
    backpressures  passes demand on, up to n items in total
    completes    with the n-th item, or when upstream does; with n=0 before anything is asked for
    fails        when upstream does
    """

    __slots__ = ("_n",)
    name = "take"
    contract = Contract.CAPPED
    steady = True
    calls = False
    keeps = True
    stops = True
    ending = "not $left"
    body = "$left -= 1"

    def __init__(self, n: int) -> None:
        need_count("take", "n", n, least=0)
        self._n = n

    @property
    def closed(self) -> bool:
        return self._n == 0

    @property
    def details(self) -> str:
        return f"n={self._n}"

    @property
    def form(self) -> str:
        return self.details

    def after(self, n: int, sure: int) -> tuple[int, Operator, int]:
        return n, Take(max(0, self._n - n)), 0

    def values(self) -> dict[str, Any]:
        return {"left": self._n}

    def shaper(self) -> Shaper:
        return Allowance(self._n)
