"""combine_latest: the latest item of each of several flows, whenever one of them has another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from operators._kernel.failures.checks import need_count
from operators._kernel.kinds import Link
from operators._kernel.links.queued import EMPTY
from operators._kernel.links.sides import Main, Side, SidedStage
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators._kernel.running.assembly import subscribe
from operators._kernel.subscription.arbiter import Arbiter
from operators._kernel.subscription.scope import Scope
from operators.sources.publisher import as_node


class CombineLatest(Link):
    """Tuples of the latest item of each flow.

    emits        a tuple for each item of any flow, once all have had one
    backpressures  asks each flow for `prefetch` items, and again when three quarters of theirs are emitted
    completes    when all flows have, or one without an item
    fails        when one of the flows does
    """

    __slots__ = ("_others", "_prefetch")
    name = "combine_latest"
    detached = True  # upstream comes before the others, with all that it has at once
    contract = Contract.PREFETCH
    asynchronous = True
    polled = True
    never_none = True
    strict = True

    def __init__(self, others: tuple[Any, ...], prefetch: int) -> None:
        self._others = tuple(as_node(self.name, "others", other) for other in others)
        need_count(self.name, "prefetch", prefetch)
        self._prefetch = prefetch

    @property
    def holds(self) -> int:
        return (len(self._others) + 1) * (self._prefetch + 1)

    @property
    def details(self) -> str:
        return f"prefetch={self._prefetch}"

    @property
    def flows(self) -> tuple[Node, ...]:
        return self._others

    @property
    def roots(self) -> bool:
        return True

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        return _CombineLatestStage(self._others, self._prefetch, downstream, node, scope)


class _CombineLatestStage(SidedStage):
    __slots__ = ("_latest", "_main", "_missing", "_nodes", "_places", "_prefetch", "_running")

    def __init__(
        self,
        others: tuple[Node, ...],
        prefetch: int,
        downstream: Any,
        node: Node,
        scope: Scope,
    ) -> None:
        super().__init__(downstream, node, scope)
        self._nodes = others
        self._prefetch = prefetch
        self._main = Main(self, prefetch)
        self._places: dict[Side | Main, int] = {self._main: 0}
        self._latest: list[Any] = [EMPTY] * (len(others) + 1)
        self._missing = len(others) + 1
        self._running = len(others) + 1

    def detach(self, subscribe_upstream: Callable[[], None]) -> None:
        """Hand the Subscription over, and subscribe to all flows in the order in which they were given."""
        self.upstream: Any = Arbiter()
        self.on_subscribe(self.upstream)
        if not self.over:
            subscribe_upstream()
        for place, other in enumerate(self._nodes, 1):
            if self.over:
                return
            side = Side(self, self._came, self._side_over, self._prefetch)
            self._places[side] = place
            subscribe(other, side, self.scope)

    def on_subscribe(self, subscription: Any) -> None:
        if subscription is self.upstream:
            super().on_subscribe(subscription)
            return
        self.upstream.switch(subscription)
        if not self.over:
            self._main.begin()

    def item(self, item: Any) -> None:
        self._came(self._main, item)

    def _came(self, side: Side | Main, item: Any) -> None:
        place = self._places[side]
        before, self._latest[place] = self._latest[place], item
        if self._missing:
            if before is not EMPTY:
                self.drop(before)
                side.left()
                return
            self._missing -= 1
            if not self._missing:
                latest = tuple(self._latest)
                self.put_for(side, latest, latest)
                for other in self._places:
                    if other is not side:
                        other.left()
            return
        self.put_for(side, tuple(self._latest), (item,))

    def ended(self, _: None) -> None:
        self._main.over = True
        self._side_over(self._main)

    def _side_over(self, side: Side | Main) -> None:
        self._running -= 1
        if not self._running or self._latest[self._places[side]] is EMPTY:
            if self._running:
                self.stop()
            else:
                self.finish()

    def kept(self) -> list[Any]:
        if not self._missing:
            return []
        latest, self._latest = self._latest, [EMPTY] * len(self._latest)
        return [item for item in latest if item is not EMPTY]
