"""group_by: a flow for each key."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from operators._kernel.failures.checks import (
    need_callable,
    need_count,
    need_result,
    need_seconds,
)
from operators._kernel.kinds import Link
from operators._kernel.links.deal import Lane
from operators._kernel.links.dealing import DealingStage, GroupError, OfLane
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators._kernel.subscription.scope import Scope
from operators.schedulers import Scheduler
from operators.schedulers.choice import timed


class GroupBy(Link):
    """The items as one flow for each key, in which they keep their order.

    emits        a flow at the first item of each key, and again for a key whose group has ended
    backpressures  asks upstream for `prefetch` items, which wait in all groups together
    completes    when upstream has; the groups end with what waits in them
    fails        when upstream does, or key or until raises, where there are more than `groups`, or with
                 GroupError where one that nobody subscribes to keeps the others from going on for
                 `stall` seconds
    """

    __slots__ = (
        "groups", "idle", "key", "make", "most", "prefetch", "scheduler", "stall", "until",
    )  # fmt: skip
    name = "group_by"
    strict = True
    keeps = True
    never_none = True
    contract = Contract.PREFETCH
    asynchronous = True
    polled = True

    def __init__(
        self,
        make: type[Any],
        key: Callable[[Any], Any],
        groups: int,
        prefetch: int,
        most: int | None,
        idle: float | None,
        until: Callable[[Any], bool] | None,
        stall: float,
        scheduler: Scheduler | None,
    ) -> None:
        need_callable(self.name, "key", key)
        need_count(self.name, "groups", groups)
        need_count(self.name, "prefetch", prefetch)
        if most is not None:
            need_count(self.name, "most", most)
        if idle is not None:
            need_seconds(self.name, "idle", idle)
        if until is not None:
            need_callable(self.name, "until", until)
        need_seconds(self.name, "stall", stall)
        self.make: type[Any] = make
        self.key: Callable[[Any], Any] = key
        self.groups: int = groups
        self.prefetch: int = prefetch
        self.most: int | None = most
        self.idle: float | None = idle
        self.until: Callable[[Any], bool] | None = until
        self.stall: float = stall
        self.scheduler: Scheduler = timed(self.name, scheduler)

    @property
    def holds(self) -> int:
        return self.prefetch

    @property
    def details(self) -> str:
        ends = [
            f"{name}={value}"
            for name, value in (("most", self.most), ("idle", self.idle))
            if value is not None
        ]
        return ", ".join([f"groups={self.groups}", f"prefetch={self.prefetch}", *ends])

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        return _GroupByStage(self, downstream, node, scope)


class _GroupByStage(DealingStage):
    __slots__ = ("_counts", "_groups", "_idle", "_last", "_looked", "_operator")

    def __init__(self, operator: GroupBy, downstream: Any, node: Node, scope: Scope) -> None:
        super().__init__(
            operator.prefetch,
            operator.stall,
            operator.scheduler,
            self._flow,
            downstream,
            node,
            scope,
        )
        self._operator = operator
        self._idle = operator.idle
        self._groups: dict[Any, Lane] = {}
        self._counts: dict[Lane, int] = {}
        self._last: OrderedDict[Lane, float] = OrderedDict()  # when each had its last item
        self._looked = False
        if self._idle is not None:
            self.needs_clock()

    def _flow(self, lane: Lane, key: Any) -> Any:
        return self._operator.make(Node(OfLane("group", lane), site=self.node.site), key)

    def dealt(self, item: Any) -> None:
        operator = self._operator
        key = operator.key(item)
        if not self._looked:
            self._looked = True
            need_result(operator.name, "key", key)
        lane = self._groups.get(key)
        count = 1 if lane is None else self._counts[lane] + 1
        ends: Any = count == operator.most
        if not ends and operator.until is not None:
            ends = operator.until(item)
            need_result(operator.name, "until", ends)
        if lane is None:
            if self.closed_to_new:
                self.scope.discard((item,))
                self.account.free(1)
                return
            if len(self._groups) >= operator.groups:
                raise GroupError(
                    f"a group for the key {key!r} would be one more than groups={operator.groups}; end "
                    "them sooner (most=, idle=, until=, or a take in each), or raise groups="
                )
            lane = self._groups[key] = self.begin(key)
        self._counts[lane] = count
        if self._idle is not None:
            self._last[lane] = self.now()
            self._last.move_to_end(lane)
            self.wind()
        self.deal(lane, item)
        if ends:
            self._over(lane)

    def _over(self, lane: Lane) -> None:
        key = self.lanes.get(lane)
        if lane in self._counts:
            self._forget(lane, key)
            self.end(lane)

    def _forget(self, lane: Lane, key: Any) -> None:
        del self._groups[key]
        del self._counts[lane]
        self._last.pop(lane, None)

    def left(self, lane: Lane, key: Any) -> None:
        if lane in self._counts:
            self._forget(lane, key)

    def next_due(self) -> float | None:
        if self._idle is None or not self._last:
            return None
        return next(iter(self._last.values())) + self._idle

    def rang(self, now: float) -> None:
        while (due := self.next_due()) is not None and due <= now:
            self._over(next(iter(self._last)))
