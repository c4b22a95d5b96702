"""time_interval: each item with the time since the one before."""

from __future__ import annotations

from typing import Any

from operators._kernel.plan.contract import Contract
from operators._kernel.plan.step import Step
from operators.schedulers import Scheduler
from operators.schedulers.choice import timed


class TimeInterval(Step):
    """(seconds, item) for each item.

    emits        a pair for each item, with the seconds since the one before, or the subscription
    backpressures  passes demand on
    completes    when upstream does
    fails        when upstream does
    """

    __slots__ = ("_scheduler",)
    name = "time_interval"
    contract = Contract.PASS_THROUGH
    calls = False
    one_for_one = True
    never_none = True
    strict = True
    body = """
$now = $clock()
$item = ($now - $before, $item)
$before = $now
"""

    def __init__(self, scheduler: Scheduler | None) -> None:
        self._scheduler = timed(self.name, scheduler)

    def values(self) -> dict[str, Any]:
        clock = self._scheduler.now
        return {"clock": clock, "now": 0.0, "before": clock()}
