"""skip: all but the first items."""

from __future__ import annotations

from typing import Any

from operators._kernel.checks import need_count
from operators._kernel.contract import Contract
from operators._kernel.demand import Surcharge
from operators._kernel.step import Shaper, Step


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

    def values(self) -> dict[str, Any]:
        return {"left": self._n}

    def shaper(self) -> Shaper:
        return Surcharge(self._n)
