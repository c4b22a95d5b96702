"""extrapolate: something to go on with while upstream has nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from operators._kernel.failures.checks import need_callable, need_result, shown
from operators._kernel.fusing.fusion import let_go
from operators._kernel.kinds import Link
from operators._kernel.links.inbox import InboxStage
from operators._kernel.links.queued import EMPTY, QueuedStage
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators._kernel.subscription.scope import Scope


class Extrapolate(Link):
    """Upstream's items, and while it has none those of fn(last item).

    emits        each item; where there is demand and none has come, the next of fn(last item)
    backpressures  asks upstream for one item, and for the next when that has passed
    completes    when upstream has and its last item has passed
    fails        when upstream does, fn raises or gives no iterable, or that raises
    """

    __slots__ = ("_fn",)
    name = "extrapolate"
    polled = True
    contract = Contract.PREFETCH

    def __init__(self, fn: Callable[[Any], Any]) -> None:
        need_callable("extrapolate", "fn", fn)
        self._fn = fn

    @property
    def holds(self) -> int:
        return 1

    def items(self, item: Any) -> Iterator[Any]:
        """Return what comes after an item while there is no other."""
        made = self._fn(item)
        try:
            return iter(made)
        except TypeError:
            need_result("extrapolate", "fn", made)
            raise TypeError(f"extrapolate: fn must give an iterable, got {shown(made)}") from None

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        return _ExtrapolateStage(self, downstream, node, scope)


class _ExtrapolateStage(InboxStage):
    __slots__ = ("_more", "_operator")
    deliver = QueuedStage.deliver
    polled = QueuedStage.polled

    def __init__(self, operator: Extrapolate, downstream: Any, node: Node, scope: Scope) -> None:
        super().__init__(downstream, node, scope, 1)
        self._operator = operator
        self._more: Iterator[Any] | None = None

    def poll(self) -> Any:
        item = self.inbox.poll()
        try:
            if item is not EMPTY:
                let_go(self._more)
                self._more = self._operator.items(item)
                self.inbox.replenish()
                return item
            if self._more is not None and not self.inbox.completed:
                return next(self._more, EMPTY)
        except Exception as error:
            self.abort(self.blame(error, item))
        return EMPTY

    def closed(self) -> None:
        let_go(self._more)
