"""debounce: an item after which nothing came for a while."""

from __future__ import annotations

from typing import Any

from operators._kernel.failures.checks import need_seconds
from operators._kernel.kinds import Link
from operators._kernel.links.serial import Timer
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators._kernel.subscription.scope import Scope
from operators.schedulers import Scheduler
from operators.schedulers.choice import timed
from operators.timing.sample import LatestStage


class Debounce(Link):
    """The items after which nothing came for some time.

    emits        an item once nothing has come for `seconds` after it, and the last one
    backpressures  asks upstream without bound; keeps the item whose time runs and, where there is no
                 demand, one whose time is over
    completes    when upstream has, after the last item
    fails        when upstream has; the item whose time runs is discarded
    """

    __slots__ = ("_scheduler", "_seconds")
    name = "debounce"
    keeps = True
    polled = True
    asynchronous = True
    contract = Contract.UNBOUNDED_UPSTREAM

    def __init__(self, seconds: float, scheduler: Scheduler | None) -> None:
        need_seconds(self.name, "seconds", seconds)
        self._seconds = seconds
        self._scheduler = timed(self.name, scheduler)

    @property
    def holds(self) -> int:
        return 2

    @property
    def details(self) -> str:
        return f"seconds={self._seconds}"

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        return _DebounceStage(self._seconds, self._scheduler, downstream, node, scope)


class _DebounceStage(LatestStage):
    __slots__ = ("_clock", "_seconds")

    def __init__(
        self, seconds: float, scheduler: Scheduler, downstream: Any, node: Node, scope: Scope
    ) -> None:
        super().__init__(downstream, node, scope)
        self._seconds = seconds
        self._clock = Timer(self, scheduler, self._quiet)

    def item(self, item: Any) -> None:
        super().item(item)
        self._clock.set(self._clock.now() + self._seconds)

    def _quiet(self, when: float) -> None:
        self.put_out()
