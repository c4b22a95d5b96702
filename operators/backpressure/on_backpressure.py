"""on_backpressure_buffer, _drop, _latest: what to do with items that nobody asked for yet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from operators._kernel.failures.checks import need_callable, need_choice, need_count
from operators._kernel.kinds import Link
from operators._kernel.links.emitter import Outlet
from operators._kernel.links.inbox import InboxStage
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators._kernel.subscription.scope import Scope
from reactive_streams import UNBOUNDED

_BUFFER_OVERFLOWS = ("error", "drop_newest", "drop_oldest", "block")


class OnBackpressureBuffer(Link):
    """Upstream's items as fast as they come, kept until they are asked for.

    emits        each item when there is demand
    backpressures  asks upstream without bound, and keeps up to `capacity` items; with overflow="block"
                 it asks upstream for no more than it has room for
    completes    when upstream has and the buffer is empty
    fails        when upstream has and the buffer is empty; with overflow="error" when it overflows
    """

    __slots__ = ("_capacity", "_on_drop", "_overflow", "contract")
    name = "on_backpressure_buffer"
    polled = True
    keeps = True

    def __init__(
        self, capacity: int, overflow: str, on_drop: Callable[[Any], object] | None
    ) -> None:
        need_count(self.name, "capacity", capacity)
        need_choice(self.name, "overflow", overflow, _BUFFER_OVERFLOWS)
        if on_drop is not None:
            need_callable(self.name, "on_drop", on_drop)
        self._capacity = capacity
        self._overflow = overflow
        self._on_drop = on_drop
        blocks = overflow == "block"
        self.contract: Contract = Contract.PREFETCH if blocks else Contract.UNBOUNDED_UPSTREAM

    @property
    def holds(self) -> int:
        return self._capacity

    @property
    def details(self) -> str:
        return f"capacity={self._capacity}, overflow={self._overflow}"

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        if self._overflow == "block":
            return _WaitingStage(downstream, node, scope, self._capacity)
        return OutletStage(downstream, node, scope, self._capacity, self._overflow, self._on_drop)


class OnBackpressureDrop(Link):
    """Upstream's items as fast as they come; those that nobody asked for are dropped.

    emits        each item for which there is demand when it comes, unless another is being delivered
    backpressures  asks upstream without bound
    completes    when upstream does
    fails        when upstream does, or on_drop raises
    """

    __slots__ = ("_on_drop",)
    name = "on_backpressure_drop"
    polled = True
    keeps = True
    contract = Contract.UNBOUNDED_UPSTREAM

    def __init__(self, on_drop: Callable[[Any], object] | None) -> None:
        if on_drop is not None:
            need_callable(self.name, "on_drop", on_drop)
        self._on_drop = on_drop

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        return OutletStage(downstream, node, scope, 0, "drop_newest", self._on_drop)


class OnBackpressureLatest(Link):
    """Upstream's items as fast as they come; of those that nobody asked for, the latest is kept.

    emits        each item for which there is demand, or the latest when demand comes
    backpressures  asks upstream without bound, and keeps one item
    completes    when upstream has, after the item kept
    fails        when upstream has, after the item kept, or when on_drop raises
    """

    __slots__ = ("_on_drop",)
    name = "on_backpressure_latest"
    polled = True
    keeps = True
    contract = Contract.UNBOUNDED_UPSTREAM

    def __init__(self, on_drop: Callable[[Any], object] | None) -> None:
        if on_drop is not None:
            need_callable(self.name, "on_drop", on_drop)
        self._on_drop = on_drop

    @property
    def holds(self) -> int:
        return 1

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        return OutletStage(downstream, node, scope, 1, "latest", self._on_drop)


class _WaitingStage(InboxStage):
    """An inbox that is emptied by whoever fills it."""

    __slots__ = ()

    def on_next(self, item: Any) -> None:
        self.inbox.items.append(item)
        self.serve()


class OutletStage(Outlet):
    """An outlet that upstream pushes into."""

    __slots__ = ()
    crosses = False

    def started(self) -> None:
        self.upstream.request(UNBOUNDED)

    def on_next(self, item: Any) -> None:
        if self.offer(item) is False:
            self.refuse(item)

    def on_error(self, error: Exception) -> None:
        if self.interrupted:
            self.abort(error)
        else:
            self.complete(error)

    def on_complete(self) -> None:
        self.complete()
