"""timestamp: each item with the time at which it came."""

from __future__ import annotations

from typing import Any

from operators._kernel.plan.contract import Contract
from operators._kernel.plan.step import Step
from operators.schedulers import Scheduler
from operators.schedulers.choice import timed


class Timestamp(Step):
    """(time, item) for each item.

    emits        a pair for each item, with the seconds of the scheduler's clock when it came
    backpressures  passes demand on
    completes    when upstream does
    fails        when upstream does
    """

    __slots__ = ("_scheduler",)
    name = "timestamp"
    contract = Contract.PASS_THROUGH
    calls = False
    one_for_one = True
    never_none = True
    strict = True
    body = "$item = ($clock(), $item)"

    def __init__(self, scheduler: Scheduler | None) -> None:
        self._scheduler = timed(self.name, scheduler)

    def values(self) -> dict[str, Any]:
        return {"clock": self._scheduler.now}
