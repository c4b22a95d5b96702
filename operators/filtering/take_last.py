"""take_last: the last items."""

from __future__ import annotations

from collections import deque
from typing import Any

from operators._kernel.failures.checks import need_count
from operators._kernel.links.late import LateStep
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.step import Shaper
from operators._kernel.subscription.demand import Once
from reactive_streams import UNBOUNDED


class TakeLast(LateStep):
    """The last `n` items.

    emits        the last n items, when upstream has completed and as they are asked for
    backpressures  asks upstream without bound, at the first request, and keeps n items
    completes    with the last of them
    fails        when upstream does; the items kept are discarded
    """

    __slots__ = ("_n",)
    name = "take_last"
    contract = Contract.UNBOUNDED_UPSTREAM
    steady = True
    shapes = True
    calls = False
    keeps = True
    body = """
$held.append($item)
if len($held) > $n:
    $held.popleft()
drop
"""
    flush = """
while $held:
    $item = $held.popleft()
    emit
"""
    leftovers = "$held"
    rest = "$held"

    def __init__(self, n: int) -> None:
        need_count("take_last", "n", n, least=0)
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
        return Once(UNBOUNDED)
