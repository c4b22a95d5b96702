"""delay: each item some time later."""

from __future__ import annotations

from collections import deque
from typing import Any

from operators._kernel.failures.checks import need_count, need_seconds
from operators._kernel.kinds import Link
from operators._kernel.links.inbox import replenish_at
from operators._kernel.links.serial import SerialStage, Timer
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators._kernel.subscription.scope import Scope
from operators.schedulers import Scheduler
from operators.schedulers.choice import timed
from reactive_streams import UNBOUNDED


class Delay(Link):
    """The same items, each some time later.

    emits        each item `seconds` after it came, in order
    backpressures  asks upstream for `prefetch` items, and again when three quarters are delivered
    completes    `seconds` after upstream has, when all items are delivered
    fails        when upstream does, at once; the items whose time has not come are discarded
    """

    __slots__ = ("_prefetch", "_scheduler", "_seconds")
    name = "delay"
    keeps = True
    polled = True
    asynchronous = True
    contract = Contract.PREFETCH

    def __init__(self, seconds: float, prefetch: int, scheduler: Scheduler | None) -> None:
        need_seconds(self.name, "seconds", seconds)
        need_count(self.name, "prefetch", prefetch)
        self._seconds = seconds
        self._prefetch = prefetch
        self._scheduler = timed(self.name, scheduler)

    @property
    def holds(self) -> int:
        return self._prefetch

    @property
    def details(self) -> str:
        return f"seconds={self._seconds}, prefetch={self._prefetch}"

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        return _DelayStage(self._seconds, self._prefetch, self._scheduler, downstream, node, scope)


class _DelayStage(SerialStage):
    __slots__ = ("_clock", "_end", "_limit", "_prefetch", "_seconds", "_taken", "_waiting")

    def __init__(
        self,
        seconds: float,
        prefetch: int,
        scheduler: Scheduler,
        downstream: Any,
        node: Node,
        scope: Scope,
    ) -> None:
        super().__init__(downstream, node, scope)
        self._seconds = seconds
        self._prefetch = prefetch
        self._limit = UNBOUNDED if prefetch == UNBOUNDED else replenish_at(prefetch)
        self._taken = 0
        self._waiting: deque[tuple[float, Any]] = deque()
        self._end: float | None = None
        self._clock = Timer(self, scheduler, self._due)

    @property
    def occupied(self) -> int:
        return len(self.outbox) + len(self._waiting)

    def started(self) -> None:
        self.upstream.request(self._prefetch)

    def consumed(self, n: int) -> None:
        self._taken += n
        if self._taken >= self._limit and self._end is None:
            taken, self._taken = self._taken, 0
            self.upstream.request(taken)

    def item(self, item: Any) -> None:
        clock = self._clock
        due = clock.now() + self._seconds
        self._waiting.append((due, item))
        if clock.due is None:
            clock.set(due)

    def _due(self, when: float) -> None:
        waiting = self._waiting
        while waiting and waiting[0][0] <= when:
            self.put(waiting.popleft()[1])
        if waiting:
            self._clock.set(waiting[0][0])
        elif self._end is None:
            return
        elif self._end > when:
            self._clock.set(self._end)
        else:
            self.finish()

    def ended(self, _: None) -> None:
        self._end = end = self._clock.now() + self._seconds
        if self._clock.due is None:
            self._clock.set(end)

    def failed(self, error: Exception) -> None:
        self.abort(error)

    def kept(self) -> list[Any]:
        kept = [item for _, item in self._waiting]
        self._waiting.clear()
        return kept
