"""also_to and wire_tap: a second Subscriber beside the one downstream."""

from __future__ import annotations

from typing import Any

from operators._kernel.failures.checks import need_count, need_subscriber
from operators._kernel.kinds import Source
from operators._kernel.links.branch import Branch
from operators._kernel.links.cast import Cast
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators._kernel.running.assembly import subscribe_foreign
from operators._kernel.running.sharing import Sharing
from operators._kernel.subscription.scope import Scope
from operators.backpressure.on_backpressure import OnBackpressureDrop


class _Side(Source):
    """What the second Subscriber is subscribed to."""

    __slots__ = ("_cast", "name")
    contract = Contract.SHARED
    asynchronous = True
    never_none = True

    def __init__(self, name: str, cast: Cast) -> None:
        self.name: str = name
        self._cast = cast

    def open(self, downstream: Any, node: Node, scope: Scope) -> None:
        Branch(self._cast, downstream, node, scope).open()


class AlsoTo(Source):
    """The upstream's items, which a second Subscriber gets as well.

    emits        each item of upstream
    backpressures  asks upstream for `prefetch` items, and for more when both have had three quarters
    completes    when upstream has; the second Subscriber completes too when downstream leaves
    fails        when upstream does
    """

    __slots__ = ("_prefetch", "_subscriber", "_upstream", "name")
    contract = Contract.SHARED
    asynchronous = True
    polled = True
    never_none = True

    def __init__(self, name: str, upstream: Node, subscriber: Any, prefetch: int) -> None:
        need_subscriber(name, subscriber)
        need_count(name, "prefetch", prefetch)
        self.name: str = name
        self._upstream = upstream
        self._subscriber = subscriber
        self._prefetch = prefetch

    @property
    def holds(self) -> int:
        return self._prefetch

    @property
    def details(self) -> str:
        return f"prefetch={self._prefetch}"

    @property
    def roots(self) -> bool:
        return True

    @property
    def flows(self) -> tuple[Node, ...]:
        return (self._upstream,)

    def open(self, downstream: Any, node: Node, scope: Scope) -> None:
        cast = Cast(node, self._prefetch)
        sharing = Sharing(self._upstream, lambda: cast)
        branch = Branch(cast, downstream, node, scope, lambda left: sharing.finish(left.scope))
        branch.open()
        side = Node(_Side(self.name, cast), site=node.site)
        if self.name == "wire_tap":
            side = Node(OnBackpressureDrop(None), side, node.site)
        subscribe_foreign(side, self._subscriber)
        sharing.connect(scope)


class WireTap(AlsoTo):
    """The upstream's items, which a second Subscriber gets as far as it has asked for them.

    emits        each item of upstream
    backpressures  asks upstream for `prefetch` items, and for more when downstream has had three quarters;
                 the second Subscriber has no say, and misses what it has not asked for in time
    completes    when upstream has; the second Subscriber completes too when downstream leaves
    fails        when upstream does
    """

    __slots__ = ()
