"""throttle_first: an item, and then none for some time."""

from __future__ import annotations

from math import inf
from typing import Any

from operators._kernel.failures.checks import need_seconds
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.step import Step
from operators._kernel.subscription.times import SLACK
from operators.schedulers import Scheduler
from operators.schedulers.choice import timed


class ThrottleFirst(Step):
    """The items that come `seconds` or more after the last one that was let through.

    emits        an item, and those that come within `seconds` of it not
    backpressures  passes demand on; asks for another item in place of each that it leaves out
    completes    when upstream does
    fails        when upstream does
    """

    __slots__ = ("_scheduler", "_seconds")
    name = "throttle_first"
    contract = Contract.REPLACES
    keeps = True
    calls = False
    body = """
$now = $clock()
if $now - $last < $least:
    skip
$last = $now
"""

    def __init__(self, seconds: float, scheduler: Scheduler | None) -> None:
        need_seconds(self.name, "seconds", seconds)
        self._seconds = seconds
        self._scheduler = timed(self.name, scheduler)

    @property
    def details(self) -> str:
        return f"seconds={self._seconds}"

    def values(self) -> dict[str, Any]:
        least = self._seconds - SLACK
        return {"clock": self._scheduler.now, "now": 0.0, "last": -inf, "least": least}
