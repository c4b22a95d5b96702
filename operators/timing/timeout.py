"""timeout, idle_timeout, backpressure_timeout: an error where something takes too long."""

from __future__ import annotations

from math import inf
from typing import Any

from operators._kernel.failures.checks import need_seconds
from operators._kernel.kinds import Link
from operators._kernel.links.passing import PassingStage
from operators._kernel.links.serial import Timer, nothing
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators._kernel.subscription.demand import demand_error, plain
from operators._kernel.subscription.scope import Scope
from operators.schedulers import Scheduler
from operators.schedulers.choice import timed


class Timeout(Link):
    """The same items, or an error where upstream takes too long for one, or for all.

    emits        each item
    backpressures  passes demand on; time counts while an item is asked for
    completes    when upstream does
    fails        when upstream does; with a TimeoutError when an item, or the end, is late
    """

    __slots__ = ("_each", "_first", "_scheduler", "_whole")
    name = "timeout"
    keeps = True
    asynchronous = True
    contract = Contract.PASS_THROUGH

    def __init__(
        self,
        each: float | None,
        first: float | None,
        whole: float | None,
        scheduler: Scheduler | None,
    ) -> None:
        for name, seconds in (("each", each), ("first", first), ("whole", whole)):
            if seconds is not None:
                need_seconds(self.name, name, seconds)
        if each is None and first is None and whole is None:
            raise TypeError(f"{self.name}: needs seconds for each item, the first, or the whole")
        self._each = each
        self._first = each if first is None else first
        self._whole = whole
        self._scheduler = timed(self.name, scheduler)

    @property
    def details(self) -> str:
        return f"each={self._each}, first={self._first}, whole={self._whole}"

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        limits = (self._first, self._each, self._whole)
        return _AskedStage(limits, self._scheduler, downstream, node, scope)


class IdleTimeout(Link):
    """The same items, or an error where none passes for too long, whoever is the cause.

    emits        each item
    backpressures  passes demand on
    completes    when upstream does
    fails        when upstream does; with a TimeoutError when no item has passed for `seconds`
    """

    __slots__ = ("_scheduler", "_seconds")
    name = "idle_timeout"
    keeps = True
    asynchronous = True
    contract = Contract.PASS_THROUGH

    def __init__(self, seconds: float, scheduler: Scheduler | None) -> None:
        need_seconds(self.name, "seconds", seconds)
        self._seconds = seconds
        self._scheduler = timed(self.name, scheduler)

    @property
    def details(self) -> str:
        return f"seconds={self._seconds}"

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        limits = (self._seconds, self._seconds, None)
        return _IdleStage(limits, self._scheduler, downstream, node, scope)


class BackpressureTimeout(IdleTimeout):
    """The same items, or an error where downstream asks for none for too long.

    emits        each item
    backpressures  passes demand on; time counts while nothing is asked for
    completes    when upstream does
    fails        when upstream does; with a TimeoutError when nothing was asked for for `seconds`
    """

    __slots__ = ()
    name = "backpressure_timeout"

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        limits = (self._seconds, self._seconds, None)
        return _UnaskedStage(limits, self._scheduler, downstream, node, scope)


Limits = tuple[float | None, float | None, float | None]


class _WatchedStage(PassingStage):
    """Looks when its timer fires since when it waits, which costs an item no more than a look at the clock.

    The timer is set all the time, if only for a look: so that whoever begins to wait need not set it.
    """

    __slots__ = ("_came", "_clock", "_end", "_limits", "_since")

    def __init__(
        self, limits: Limits, scheduler: Scheduler, downstream: Any, node: Node, scope: Scope
    ) -> None:
        super().__init__(downstream, node, scope)
        self._limits = limits
        self._came = False
        self._clock = Timer(self, scheduler, self._look)
        self._since: float | None = None
        """Since when it waits for what is limited; None: it does not."""
        self._end = inf

    def started(self) -> None:
        now = self._clock.now()
        whole = self._limits[2]
        if whole is not None:
            self._end = now + whole
        self._go_on(now)

    def _go_on(self, now: float) -> None:
        limit = self._limits[self._came]
        since = self._since
        due = inf if limit is None else (now if since is None else since) + limit
        due = min(due, self._end)
        if due < inf:
            self._clock.set(due)

    def _look(self, when: float) -> None:
        limit = self._limits[self._came]
        since = self._since
        if when >= self._end:
            self.stop(
                self.blame(TimeoutError(f"not at its end within {self._limits[2]:g} seconds"))
            )
        elif limit is not None and since is not None and when >= since + limit and self.waits():
            self.stop(self.blame(TimeoutError(self.late(limit))))
        else:
            self._go_on(when)

    def waits(self) -> bool:
        """Whether it waits still: another thread may just be saying that it does not."""
        return True

    def late(self, limit: float) -> str:
        """Return what is to be said where the wait is over."""
        raise NotImplementedError


class _IdleStage(_WatchedStage):
    __slots__ = ()

    def started(self) -> None:
        self._since = self._clock.now()
        super().started()

    def on_next(self, item: Any) -> None:
        self._since = self._clock.now()
        self.passed(item)

    def late(self, limit: float) -> str:
        return f"no item has passed for {limit:g} seconds"


class _AskedStage(_WatchedStage):
    __slots__ = ("_emitting",)

    def __init__(
        self, limits: Limits, scheduler: Scheduler, downstream: Any, node: Node, scope: Scope
    ) -> None:
        super().__init__(limits, scheduler, downstream, node, scope)
        self._emitting = False

    def request(self, n: int) -> None:
        n = plain(n)
        if demand_error(n) is None and not self.demand.add(n) and not self._emitting:
            self._since = self._clock.now()
        super().request(n)

    def on_next(self, item: Any) -> None:
        self._since = None  # what downstream does with it takes the time that it takes
        self._emitting = True
        self.demand.settle(1)
        self.passed(item)
        self._emitting = False
        if self.demand.value:
            self._since = self._clock.now()
        if not self._came:
            self._came = True
            self.tell(self._first_came, None, nothing)  # it may have had more time than the next

    def _first_came(self, _: None) -> None:
        self._go_on(self._clock.now())

    def late(self, limit: float) -> str:
        which = "an item" if self._came else "the first item"
        return f"{which} was asked for, and did not come within {limit:g} seconds"


class _UnaskedStage(_WatchedStage):
    __slots__ = ()

    def started(self) -> None:
        if not self.demand.value:
            self._since = self._clock.now()
        super().started()

    def request(self, n: int) -> None:
        n = plain(n)
        if demand_error(n) is None:
            self.demand.add(n)
            self._since = None
        super().request(n)

    def on_next(self, item: Any) -> None:
        self.demand.settle(1)
        self.passed(item)
        if not self.demand.value:
            self._since = self._clock.now()

    def waits(self) -> bool:
        return not self.demand.value

    def late(self, limit: float) -> str:
        return f"nothing was asked for for {limit:g} seconds"
