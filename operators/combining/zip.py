"""zip: tuples of one item of each flow."""

from __future__ import annotations

from typing import Any

from operators._kernel.assembly import subscribe
from operators._kernel.checks import need_count
from operators._kernel.contract import Contract
from operators._kernel.feed import Feed
from operators._kernel.inbox import Inner
from operators._kernel.kinds import Link
from operators._kernel.node import Node
from operators._kernel.opening import Place
from operators._kernel.queued import EMPTY, QueuedStage
from operators._kernel.scope import Scope
from operators._kernel.step import Step
from operators._kernel.zipping import zipped


class Zip(Step, Link):
    """The n-th items of all flows, as tuples.

    emits        a tuple when each flow has an item for it
    backpressures  each flow is asked for `prefetch` items, and again when three quarters are used; a
                 synchronous one for none ahead
    completes    as soon as no further tuple can be made; the other flows are cancelled, and what
                 they still held is discarded
    fails        when one of the flows does
    """

    __slots__ = ("others", "prefetch")
    name = "zip"
    strict = True
    contract = Contract.PREFETCH
    head = "join"
    pushes = False
    never_none = True

    def __init__(self, others: tuple[Node, ...], prefetch: int) -> None:
        need_count("zip", "prefetch", prefetch)
        self.others: tuple[Node, ...] = others
        self.prefetch: int = prefetch

    @property
    def holds(self) -> int:
        return self.prefetch * (len(self.others) + 1)

    @property
    def flows(self) -> tuple[Node, ...]:
        return self.others

    @property
    def synchronous(self) -> bool:
        return all(other.synchronous for other in self.others)

    @property
    def details(self) -> str:
        return f"{len(self.others) + 1} flows, prefetch={self.prefetch}"

    @property
    def prefetch_upstream(self) -> int:
        return self.prefetch

    def opened(self, place: Place) -> Feed:
        return zipped(place, self.others, self.prefetch)

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        return _ZipStage(self, downstream, node, scope).first


class _ZipStage(QueuedStage):
    __slots__ = ("_others", "_sides", "first")

    def __init__(self, operator: Zip, downstream: Any, node: Node, scope: Scope) -> None:
        super().__init__(downstream, node, scope)
        self._others = operator.others
        self.first = _First(self, operator.prefetch)
        self._sides = [self.first, *(Inner(self, operator.prefetch) for _ in operator.others)]

    @property
    def waiting(self) -> int:
        """Items of all flows that wait for those of the others."""
        return sum([len(side.inbox.items) for side in self._sides])

    def started(self) -> None:
        for side, node in zip(self._sides[1:], self._others, strict=True):
            if any(each.finished() for each in self._sides):
                return  # no tuple can be made any more
            subscribe(node, side, self.scope)
        self.first.inbox.fill()

    def poll(self) -> Any:
        sides = self._sides
        if not all(side.inbox.items for side in sides):
            return EMPTY
        item = tuple([side.inbox.poll() for side in sides])
        for side in sides:
            side.inbox.replenish()
        return item

    def exhausted(self) -> bool:
        if any(side.finished() for side in self._sides):
            self.halt()
            return True
        return False

    def halt(self) -> None:
        self.upstream.cancel()

    def held(self) -> list[Any]:
        return [item for side in self._sides for item in side.close()]


class _First(Inner):
    """The side that the chain itself feeds: its Subscription is the stage's upstream."""

    __slots__ = ()
    stage: _ZipStage

    @property
    def done(self) -> bool:
        """Whether the zip is over."""
        return self.stage.done

    @property
    def occupied(self) -> int:
        """Items that the zip holds, of all its flows."""
        return self.stage.waiting

    @property
    def buffered(self) -> int:
        """Items of all flows that wait for those of the others."""
        return self.stage.waiting

    def on_subscribe(self, subscription: Any) -> None:
        self.inbox.upstream = subscription
        self.stage.on_subscribe(subscription)
