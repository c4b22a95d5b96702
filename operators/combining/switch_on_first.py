"""switch_on_first: what becomes of a flow is decided by its first item."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from operators._kernel.failures.checks import need_callable, need_count
from operators._kernel.failures.failure import OneShotError, drop_error
from operators._kernel.kinds import Link, Source, refuse
from operators._kernel.links.branch import Branch
from operators._kernel.links.cast import Cast
from operators._kernel.links.stage import Stage
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators._kernel.running.assembly import subscribe
from operators._kernel.subscription.arbiter import Arbiter
from operators._kernel.subscription.demand import Claim, demand_error, plain
from operators._kernel.subscription.scope import Scope
from operators.sources.publisher import as_node


class SwitchOnFirst(Link):
    """The items of fn(first, flow), where the flow has all items, the first one too.

    emits        what the flow that fn makes emits
    backpressures  asks upstream for `prefetch` items, which the flow given to fn has on demand, and
                 again when three quarters of them are had
    completes    when the flow that fn makes does, for which upstream is cancelled; without a first
                 item when upstream does
    fails        when the flow that fn makes does, or fn; without a first item when upstream does
    """

    __slots__ = ("_fn", "_make", "_prefetch")
    name = "switch_on_first"
    strict = True
    contract = Contract.PREFETCH
    asynchronous = True

    def __init__(
        self, make: Callable[[Node], Any], fn: Callable[[Any, Any], Any], prefetch: int
    ) -> None:
        need_callable(self.name, "fn", fn)
        need_count(self.name, "prefetch", prefetch)
        self._make = make
        self._fn = fn
        self._prefetch = prefetch

    @property
    def holds(self) -> int:
        return self._prefetch

    @property
    def details(self) -> str:
        return f"prefetch={self._prefetch}"

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        return _SwitchOnFirstStage(self.decided, self._prefetch, downstream, node, scope)

    def decided(self, first: Any, whole: Source) -> Node:
        """Return the node of the flow that fn makes."""
        return as_node(self.name, "fn", self._fn(first, self._make(Node(whole))))


class _Whole(Source):
    """All items of the upstream of a switch_on_first, for one Subscriber.

    emits        each item, from the first on
    backpressures  up to the operator's prefetch wait
    completes    when upstream does, or the flow that fn has made is over
    fails        when upstream does
    """

    __slots__ = ("_cast", "taken")
    name = "switch_on_first"
    contract = Contract.PREFETCH
    asynchronous = True
    polled = True

    def __init__(self, cast: Cast) -> None:
        self._cast = cast
        self.taken: Claim = Claim()

    def open(self, downstream: Any, node: Node, scope: Scope) -> None:
        if self.taken.take():
            Branch(self._cast, downstream, node, scope, self._left).open()
        else:
            error = (
                "the flow given to fn of switch_on_first has had its Subscriber; it takes one only"
            )
            refuse(downstream, OneShotError(error))

    def _left(self, branch: Branch) -> None:
        self._cast.finish(branch.scope)


class _SwitchOnFirstStage(Stage):
    """The Subscriber of upstream, and the Subscription of downstream; between them is what fn makes."""

    __slots__ = ("_arbiter", "_begun", "_cast", "_decide", "_over", "_whole")

    def __init__(
        self,
        decide: Callable[[Any, Source], Node],
        prefetch: int,
        downstream: Any,
        node: Node,
        scope: Scope,
    ) -> None:
        super().__init__(downstream, node, scope)
        self._decide = decide
        self._cast = Cast(node, prefetch)
        self._whole = _Whole(self._cast)
        self._arbiter = Arbiter()
        self._begun = False
        self._over = Claim()

    # Upstream.

    def on_subscribe(self, subscription: Any) -> None:
        self.downstream.on_subscribe(self)
        self._cast.on_subscribe(subscription)

    def on_next(self, item: Any) -> None:
        if self.done:
            self.refuse(item)
            return
        self._cast.on_next(item)
        if self._begun:
            return
        self._begun = True
        try:
            made = self._decide(item, self._whole)
        except Exception as error:
            self.end(self.blame(error, item))
        else:
            subscribe(made, _Inner(self), self.scope)

    def on_error(self, error: Exception) -> None:
        if self._begun or self.done:
            self._cast.on_error(error)
        else:
            self.end(self._arbiter.answer(error))

    def on_complete(self) -> None:
        if self._begun:
            self._cast.on_complete()
        else:
            self.end(None)

    # What fn has made.

    def inner_subscribed(self, subscription: Any) -> None:
        self._arbiter.switch(subscription)

    def inner_next(self, item: Any) -> None:
        if self.done:
            self.refuse(item)
        else:
            self._arbiter.produced += 1
            self.downstream.on_next(item)

    def end(self, error: Exception | None) -> None:
        """Pass the end on, once; upstream is cancelled where it is not over."""
        if not self._over.take():
            if error is not None:
                super().on_error(error)  # to the hook: it is over
            return
        self.done = True
        self._leave()
        if error is None:
            self.downstream.on_complete()
        else:
            self.downstream.on_error(error)

    def _leave(self) -> None:
        lost = None if self._whole.taken.taken else self._cast.error
        self._cast.finish(self.scope)
        if lost is not None:
            drop_error(
                lost, f"in {self.node.title}, whose fn did not use the flow; {self.node.where}"
            )

    # Downstream.

    def request(self, n: int) -> None:
        bad = demand_error(plain(n))
        if bad is not None and not self._begun:
            self.end(bad)
        else:
            self._arbiter.request(n)

    def cancel(self) -> None:
        self._over.take()
        self.done = True
        self._arbiter.cancel()
        self._leave()


class _Inner:
    __slots__ = ("on_complete", "on_error", "on_next", "on_subscribe")

    def __init__(self, stage: _SwitchOnFirstStage) -> None:
        self.on_subscribe = stage.inner_subscribed
        self.on_next = stage.inner_next
        self.on_error = stage.end
        self.on_complete = lambda: stage.end(None)
