"""window, window_until and window_time: a flow for each stretch of the items."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from operators._kernel.failures.checks import (
    need_callable,
    need_count,
    need_result,
    need_seconds,
)
from operators._kernel.kinds import Link
from operators._kernel.links.deal import Lane
from operators._kernel.links.dealing import DealingStage, OfLane
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators._kernel.subscription.scope import Scope
from operators._kernel.subscription.times import Beats
from operators.schedulers import Scheduler
from operators.schedulers.choice import timed


class _Windows(Link):
    """What all windows have in common."""

    __slots__ = ("make", "prefetch", "scheduler", "stall")
    strict = True
    keeps = True
    never_none = True
    contract = Contract.PREFETCH
    asynchronous = True
    polled = True
    stage: ClassVar[type[_WindowStage]]

    def __init__(
        self, make: type[Any], prefetch: int, stall: float, scheduler: Scheduler | None
    ) -> None:
        need_count(self.name, "prefetch", prefetch)
        need_seconds(self.name, "stall", stall)
        self.make: type[Any] = make
        self.prefetch: int = prefetch
        self.stall: float = stall
        self.scheduler: Scheduler = timed(self.name, scheduler)

    @property
    def holds(self) -> int:
        return self.prefetch

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        return self.stage(self, downstream, node, scope)


class _WindowStage(DealingStage):
    __slots__ = ("_made", "_operator", "window")

    def __init__(self, operator: Any, downstream: Any, node: Node, scope: Scope) -> None:
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
        self._made = 0
        self.window: Lane | None = None

    def _flow(self, lane: Lane, key: Any) -> Any:
        return self._operator.make(Node(OfLane("window", lane), site=self.node.site))

    def into_window(self, item: Any) -> None:
        """Put the item into the window that is open, or into a new one."""
        if self.window is None:
            if self.closed_to_new:
                self.scope.discard((item,))
                self.account.free(1)
                return
            self._made += 1
            self.window = self.begin(f"window {self._made}")
        self.deal(self.window, item)

    def shut(self) -> None:
        """End the window that is open."""
        window, self.window = self.window, None
        if window is not None:
            self.end(window)


class Window(_Windows):
    """The items as flows of `n` each.

    emits        a flow at the first of each `n` items
    backpressures  asks upstream for `prefetch` items, which wait in all windows together
    completes    when upstream has; the last window may have less
    fails        when upstream does, or with GroupError where a window that nobody subscribes to keeps the
                 others from going on for `stall` seconds
    """

    __slots__ = ("n",)
    name = "window"

    def __init__(
        self, make: type[Any], n: int, prefetch: int, stall: float, scheduler: Any
    ) -> None:
        need_count(self.name, "n", n)
        super().__init__(make, prefetch, stall, scheduler)
        self.n: int = n

    @property
    def details(self) -> str:
        return f"n={self.n}, prefetch={self.prefetch}"


class _Counted(_WindowStage):
    __slots__ = ("_count",)

    def __init__(self, operator: Any, downstream: Any, node: Node, scope: Scope) -> None:
        super().__init__(operator, downstream, node, scope)
        self._count = 0

    def dealt(self, item: Any) -> None:
        self._count += 1
        self.into_window(item)
        if self._count == self._operator.n:
            self._count = 0
            self.shut()


class WindowUntil(_Windows):
    """The items as flows, each of which ends with an item that a predicate is true for.

    emits        a flow at the first item of each window
    backpressures  asks upstream for `prefetch` items, which wait in all windows together
    completes    when upstream has, and the last window with it
    fails        when upstream or the predicate does, or with GroupError where a window that nobody
                 subscribes to keeps the others from going on for `stall` seconds
    """

    __slots__ = ("predicate",)
    name = "window_until"

    def __init__(
        self,
        make: type[Any],
        predicate: Callable[[Any], bool],
        prefetch: int,
        stall: float,
        scheduler: Any,
    ) -> None:
        need_callable(self.name, "predicate", predicate)
        super().__init__(make, prefetch, stall, scheduler)
        self.predicate: Callable[[Any], bool] = predicate

    @property
    def details(self) -> str:
        return f"prefetch={self.prefetch}"


class _Until(_WindowStage):
    __slots__ = ("_looked",)

    def __init__(self, operator: Any, downstream: Any, node: Node, scope: Scope) -> None:
        super().__init__(operator, downstream, node, scope)
        self._looked = False

    def dealt(self, item: Any) -> None:
        last = self._operator.predicate(item)
        if not self._looked:
            self._looked = True
            need_result(self._operator.name, "predicate", last)
        self.into_window(item)
        if last:
            self.shut()


class WindowTime(_Windows):
    """The items as flows, one for each period of time in which there are any.

    emits        a flow at the first item of each period
    backpressures  asks upstream for `prefetch` items, which wait in all windows together
    completes    when upstream has, and the last window with it
    fails        when upstream does, or with GroupError where a window that nobody subscribes to keeps the
                 others from going on for `stall` seconds
    """

    __slots__ = ("most", "seconds")
    name = "window_time"

    def __init__(
        self,
        make: type[Any],
        seconds: float,
        most: int | None,
        prefetch: int,
        stall: float,
        scheduler: Scheduler | None,
    ) -> None:
        need_seconds(self.name, "seconds", seconds)
        if not seconds:
            raise ValueError(
                "window_time: seconds must be more than 0; for counts there is window(n)"
            )
        if most is not None:
            need_count(self.name, "most", most)
        super().__init__(make, prefetch, stall, scheduler)
        self.seconds: float = seconds
        self.most: int | None = most

    @property
    def details(self) -> str:
        most = "" if self.most is None else f", most={self.most}"
        return f"seconds={self.seconds:g}{most}, prefetch={self.prefetch}"


class _Timed(_WindowStage):
    __slots__ = ("_count", "_ends", "_ends_at")

    def __init__(self, operator: Any, downstream: Any, node: Node, scope: Scope) -> None:
        super().__init__(operator, downstream, node, scope)
        self.needs_clock()
        self._ends = Beats(self.now(), operator.seconds)
        self._count = 0
        self._ends_at: float | None = None

    def dealt(self, item: Any) -> None:
        operator = self._operator
        if self._ends_at is None:
            self._ends_at = self._ends.after(self.now())
        self._count += 1
        self.into_window(item)
        if self._count == operator.most:
            self._count = 0
            self.shut()
        self.wind()

    def next_due(self) -> float | None:
        return self._ends_at

    def rang(self, now: float) -> None:
        if self._ends_at is not None and now >= self._ends_at:
            self._ends_at = None
            self._count = 0
            self.shut()


Window.stage = _Counted
WindowUntil.stage = _Until
WindowTime.stage = _Timed
