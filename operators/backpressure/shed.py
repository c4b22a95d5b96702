"""shed: under load, items are dropped by age, by priority, or by how long they wait."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable
from itertools import count
from typing import Any

from operators._kernel.failures.checks import (
    need_callable,
    need_count,
    need_result,
    need_seconds,
)
from operators._kernel.kinds import Link
from operators._kernel.links.queued import EMPTY
from operators._kernel.links.serial import SerialStage, nothing
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators._kernel.subscription.demand import Demand, demand_error, plain
from operators._kernel.subscription.scope import Scope
from operators._kernel.subscription.times import SLACK
from operators.schedulers import Scheduler
from operators.schedulers.choice import timed
from reactive_streams import UNBOUNDED


class Shed(Link):
    """Upstream's items as fast as they come; which of them are dropped, when it is too fast, is chosen.

    emits        each item that is not dropped, in order, when there is demand
    backpressures  asks upstream without bound, and keeps up to `capacity` items
    completes    when upstream has and all that is kept is delivered or dropped
    fails        when upstream has, after that; when priority or on_drop raises
    """

    __slots__ = ("_age", "_capacity", "_interval", "_on_drop", "_priority", "_scheduler", "_target")
    name = "shed"
    keeps = True
    polled = True
    asynchronous = True
    contract = Contract.UNBOUNDED_UPSTREAM

    def __init__(
        self,
        capacity: int,
        target: float | None,
        interval: float | None,
        priority: Callable[[Any], Any] | None,
        age: float | None,
        on_drop: Callable[[Any], object] | None,
        scheduler: Scheduler | None,
    ) -> None:
        need_count(self.name, "capacity", capacity)
        for name, seconds in (("target", target), ("interval", interval), ("age", age)):
            if seconds is not None:
                need_seconds(self.name, name, seconds)
        for name, fn in (("priority", priority), ("on_drop", on_drop)):
            if fn is not None:
                need_callable(self.name, name, fn)
        if target is None and priority is None and age is None:
            raise TypeError(
                f"{self.name}: needs a target, a priority or an age; what drops the oldest is "
                'on_backpressure_buffer(capacity, overflow="drop_oldest")'
            )
        if interval is not None and target is None:
            raise TypeError(f"{self.name}: an interval goes with a target")
        self._capacity = capacity
        self._target = target
        self._interval = interval
        self._priority = priority
        self._age = age
        self._on_drop = on_drop
        self._scheduler = timed(self.name, scheduler)

    @property
    def holds(self) -> int:
        return self._capacity

    @property
    def details(self) -> str:
        return f"capacity={self._capacity}, target={self._target}, age={self._age}"

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        stage = _ShedStage(downstream, node, scope)
        stage.capacity = self._capacity
        stage.priority = self._priority
        stage.age = self._age
        stage.on_drop = self._on_drop
        stage.now = self._scheduler.now
        if self._target is not None:
            interval = 20 * self._target if self._interval is None else self._interval
            stage.delay = _Delay(self._target, interval)
        return stage


class _Entry:
    __slots__ = ("came", "item")

    def __init__(self, came: float, item: Any) -> None:
        self.came = came
        self.item = item
        """EMPTY once it was dropped for the sake of another."""


class _Delay:
    """Says whether the next item is to be dropped, from how long those before it have waited.

    Where all that were taken in an interval have waited for longer than the target there is more than can
    be done, and from then on all are dropped that have; until in an interval there is none. (In the manner
    of CoDel, RFC 8289, for senders that do not slow down when something is dropped.)
    """

    __slots__ = ("_interval", "_last", "_overloaded", "_since", "_target")

    def __init__(self, target: float, interval: float) -> None:
        self._target = target
        self._interval = interval
        self._since: float | None = None
        self._overloaded = False
        self._last = 0.0

    def drops(self, waited: float, now: float) -> bool:
        if waited <= self._target + SLACK:
            self.idle(now)
            return False
        if self._since is None:
            self._since = now
        if not self._overloaded and now - self._since + SLACK < self._interval:
            return False
        self._overloaded = True
        self._last = now
        return True

    def idle(self, now: float) -> None:
        """Take note that nothing waits for longer than the target."""
        self._since = None
        if self._overloaded and now - self._last + SLACK >= self._interval:
            self._overloaded = False


class _ShedStage(SerialStage):
    __slots__ = (
        "_completed", "_error", "_live", "_lowest", "_order", "_pulled", "_queue", "_wanted", "age",
        "capacity", "delay", "now", "on_drop", "priority",
    )  # fmt: skip

    capacity: int
    priority: Callable[[Any], Any] | None
    age: float | None
    on_drop: Callable[[Any], object] | None
    now: Callable[[], float]

    def __init__(self, downstream: Any, node: Node, scope: Scope) -> None:
        super().__init__(downstream, node, scope)
        self.delay: _Delay | None = None
        self._queue: deque[_Entry] = deque()
        self._lowest: list[tuple[Any, int, _Entry]] = []
        self._order = count()
        self._live = 0
        self._wanted = Demand()
        self._pulled = False
        self._completed = False
        self._error: Exception | None = None

    @property
    def occupied(self) -> int:
        return self._live + len(self.outbox)

    @property
    def buffered(self) -> int:
        return self._live + len(self.outbox)

    def started(self) -> None:
        self.upstream.request(UNBOUNDED)

    def request(self, n: int) -> None:
        super().request(n)
        n = plain(n)
        if demand_error(n) is None:
            self._wanted.add(n)
            self.tell_back(self._give, None)

    def poll(self) -> Any:
        item = super().poll()
        if item is EMPTY and self.polls and self._live:
            self._pulled = True
            self.tell(self._give, None, nothing)
            item = super().poll()
        return item

    def item(self, item: Any) -> None:
        entry = _Entry(self.now(), item)
        self._queue.append(entry)
        self._live += 1
        if self.priority is not None:
            rank = self.priority(item)
            need_result("shed", "priority", rank)
            heapq.heappush(self._lowest, (rank, next(self._order), entry))
        self._give(None)
        if self._live > self.capacity:
            self._make_room()
        if self.polls and self._live == 1:
            self.schedule()  # whoever found nothing looks again, and says by that what it wants

    def _make_room(self) -> None:
        while self.priority is not None:
            entry = heapq.heappop(self._lowest)[2]
            if entry.item is not EMPTY:
                self._shed(entry)
                return
        while self._live > self.capacity:
            entry = self._queue.popleft()
            if entry.item is not EMPTY:
                self._shed(entry)

    def _shed(self, entry: _Entry) -> None:
        item, entry.item = entry.item, EMPTY
        self._live -= 1
        if self.on_drop is None:
            self.drop(item)
        else:
            self.dropped += 1
            need_result("shed", "on_drop", self.on_drop(item))

    def _give(self, _: None) -> None:
        """Put out what is asked for, and leave out what is too old by then."""
        queue = self._queue
        while queue and (self._pulled if self.polls else self._wanted.value):
            entry = queue.popleft()
            if entry.item is EMPTY:
                continue
            now = self.now()
            waited = now - entry.came
            if (self.age is not None and waited > self.age + SLACK) or (
                self.delay is not None and self.delay.drops(waited, now)
            ):
                self._shed(entry)
                continue
            item, entry.item = entry.item, EMPTY
            self._live -= 1
            self._pulled = False
            self._wanted.take(1)
            self.put(item)
        if self.delay is not None and not queue:
            self.delay.idle(self.now())
        if len(self._lowest) > 2 * self.capacity:
            self._lowest = [each for each in self._lowest if each[2].item is not EMPTY]
            heapq.heapify(self._lowest)
        if self._completed and not self._live:
            self.finish(self._error)

    def ended(self, _: None) -> None:
        self._completed = True
        self._give(None)

    def failed(self, error: Exception) -> None:
        self._error = error
        self.ended(None)

    def kept(self) -> list[Any]:
        entries = [entry for entry in self._queue if entry.item is not EMPTY]
        self._queue.clear()
        self._lowest.clear()
        self._live = 0
        return [entry.item for entry in entries]

    def drop_waiting(self, signalled: Exception | None = None) -> None:
        error, self._error = self._error, None
        if error is not None and not self.finished:
            self.too_late(error)
        super().drop_waiting(signalled)
