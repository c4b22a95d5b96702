"""broadcast, balance and partition: a fixed number of flows of one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from operators._kernel.failures.checks import need_callable, need_count
from operators._kernel.kinds import Source
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators._kernel.running.dividing import Dividing, Divisions
from operators._kernel.subscription.scope import Scope


class Divided(Source):
    """One of several flows that share an upstream, each item of which goes to one of them."""

    __slots__ = ("_divisions", "_index", "_prefetch", "_upstream", "name")
    contract = Contract.PREFETCH
    asynchronous = True
    polled = True
    never_none = True

    def __init__(
        self, name: str, upstream: Node, divisions: Divisions, index: int, prefetch: int
    ) -> None:
        self.name: str = name
        self._upstream = upstream
        self._divisions = divisions
        self._index = index
        self._prefetch = prefetch

    @property
    def holds(self) -> int:
        return self._prefetch

    @property
    def details(self) -> str:
        return f"number {self._index}, prefetch={self._prefetch}"

    @property
    def flows(self) -> tuple[Node, ...]:
        return (self._upstream,)

    def open(self, downstream: Any, node: Node, scope: Scope) -> None:
        self._divisions.open(self._index, downstream, node, scope)


class Balance(Divided):
    """One of several flows among which the items of upstream are shared out.

    emits        the items that it was the first to want
    backpressures  asks upstream for `prefetch` items, once all are subscribed to, which wait for whichever
                 of them wants one
    completes    when upstream has, and no item waits
    fails        when upstream does, after what waits
    """

    __slots__ = ()


class Partition(Divided):
    """One of several flows, each of which has the items whose number is its own.

    emits        the items for which fn gives its number
    backpressures  asks upstream for `prefetch` items, once all are subscribed to, which wait for all of
                 them together, so that the one that an item is for sets the pace
    completes    when upstream has, after its items
    fails        when upstream does, fn raises or gives no number of one of them, after its items
    """

    __slots__ = ()


class _Division(Source):
    """The place of the operator in errors."""

    __slots__ = ("name",)
    contract = Contract.PREFETCH

    def __init__(self, name: str) -> None:
        self.name: str = name


def divided(
    name: str, upstream: Node, many: int, prefetch: int, choose: Callable[[Any], int] | None
) -> list[Node]:
    """Return the nodes of `many` flows of `upstream`."""
    need_count(name, "n", many)
    need_count(name, "prefetch", prefetch)
    if name == "partition":
        need_callable(name, "fn", choose)
    place = Node(_Division(name))
    joined = name == "parallel"
    divisions = Divisions(lambda: Dividing(place, upstream, many, prefetch, choose, joined))
    kind = Partition if name == "partition" else Balance
    return [
        Node(kind(name, upstream, divisions, index, prefetch), site=None) for index in range(many)
    ]
