"""switch_map: the items of the flow that was made of the latest item."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from operators._kernel.failures.checks import need_callable, need_count
from operators._kernel.kinds import Link
from operators._kernel.links.sides import Side, SidedStage
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators._kernel.running.assembly import subscribe
from operators._kernel.subscription.scope import Scope
from operators.sources.publisher import as_node
from reactive_streams import UNBOUNDED


class SwitchMap(Link):
    """The items of the flow fn(item) of the latest item, until there is a later one.

    emits        the items of the latest inner flow; what waits of the one before is discarded
    backpressures  asks upstream without bound, and the inner flow for `prefetch` items
    completes    when upstream and the latest inner flow have
    fails        when upstream, the inner flow or fn does
    """

    __slots__ = ("_prefetch", "fn")
    name = "switch_map"
    contract = Contract.UNBOUNDED_UPSTREAM
    asynchronous = True
    polled = True

    def __init__(self, fn: Callable[[Any], Any], prefetch: int) -> None:
        need_callable(self.name, "fn", fn)
        need_count(self.name, "prefetch", prefetch)
        self.fn: Callable[[Any], Any] = fn
        self._prefetch = prefetch

    @property
    def holds(self) -> int:
        return self._prefetch

    @property
    def details(self) -> str:
        return f"prefetch={self._prefetch}"

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        return _SwitchMapStage(self.fn, self._prefetch, downstream, node, scope)


class _SwitchMapStage(SidedStage):
    __slots__ = ("_fn", "_inner", "_outer_over", "_prefetch")

    def __init__(
        self,
        fn: Callable[[Any], Any],
        prefetch: int,
        downstream: Any,
        node: Node,
        scope: Scope,
    ) -> None:
        super().__init__(downstream, node, scope)
        self._fn = fn
        self._prefetch = prefetch
        self._inner: Side | None = None
        self._outer_over = False

    def started(self) -> None:
        self.upstream.request(UNBOUNDED)

    def item(self, item: Any) -> None:
        before, self._inner = self._inner, None
        if before is not None:
            before.cancel()
            self.others.remove(before)
            for waiting in self.held():
                self.drop(waiting)
        made = as_node("switch_map", "fn", self._fn(item))
        inner = self._inner = Side(self, self._came, self._inner_over, self._prefetch)
        subscribe(made, inner, self.scope)

    def _came(self, side: Side, item: Any) -> None:
        if side is self._inner:
            self.put_for(side, item, (item,))
        else:
            self.drop(item)

    def _inner_over(self, side: Side) -> None:
        if side is self._inner and self._outer_over:
            self.finish()

    def ended(self, _: None) -> None:
        self._outer_over = True
        if self._inner is None or self._inner.over:
            self.finish()
