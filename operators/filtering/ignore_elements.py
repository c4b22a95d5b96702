"""ignore_elements: only the end."""

from __future__ import annotations

from operators._kernel.plan.contract import Contract
from operators._kernel.plan.step import Shaper, Step
from operators._kernel.subscription.demand import Once
from reactive_streams import UNBOUNDED


class IgnoreElements(Step):
    """No item, only the end.

    emits        nothing
    backpressures  asks upstream without bound, at the first request
    completes    when upstream does
    fails        when upstream does
    """

    __slots__ = ()
    name = "ignore_elements"
    contract = Contract.UNBOUNDED_UPSTREAM
    shapes = True
    calls = False
    keeps = True
    body = "drop"

    def shaper(self) -> Shaper:
        return Once(UNBOUNDED)
