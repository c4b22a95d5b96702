"""conflate: items made into one while they wait."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from operators._kernel.failures.checks import need_callable, need_result
from operators._kernel.kinds import Link
from operators._kernel.links.queued import EMPTY
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators._kernel.subscription.scope import Scope
from operators.backpressure.on_backpressure import OutletStage


class Conflate(Link):
    """Upstream's items as fast as they come; those that nobody asked for yet are made into one.

    emits        what fn has made of the items since the last one, when it is asked for
    backpressures  asks upstream without bound, and keeps one item
    completes    when upstream has, after the item kept
    fails        when upstream has, after the item kept, or when fn or seed raises
    """

    __slots__ = ("fn", "seed")
    name = "conflate"
    polled = True
    strict = True
    contract = Contract.UNBOUNDED_UPSTREAM

    def __init__(self, fn: Callable[[Any, Any], Any], seed: Callable[[Any], Any] | None) -> None:
        need_callable("conflate", "fn", fn)
        if seed is not None:
            need_callable("conflate", "seed", seed)
        self.fn: Callable[[Any, Any], Any] = fn
        self.seed: Callable[[Any], Any] | None = seed

    @property
    def holds(self) -> int:
        return 1

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        return _ConflateStage(self, downstream, node, scope)


class _ConflateStage(OutletStage):
    __slots__ = ("_operator",)

    def __init__(self, operator: Conflate, downstream: Any, node: Node, scope: Scope) -> None:
        super().__init__(downstream, node, scope, 1, "latest")
        self._operator = operator

    def on_next(self, item: Any) -> None:
        waiting = self.take_back()  # nobody else puts one in
        try:
            made = self._made(waiting, item)
        except Exception as error:
            if waiting is not EMPTY:
                self.refuse(waiting)
            self.upstream.cancel()
            self.abort(self.blame(error, item))
        else:
            super().on_next(made)

    def _made(self, waiting: Any, item: Any) -> Any:
        operator = self._operator
        if waiting is not EMPTY:
            made = operator.fn(waiting, item)
            need_result("conflate", "fn", made)
        elif operator.seed is not None:
            made = operator.seed(item)
            need_result("conflate", "seed", made)
        else:
            made = item
        return made
