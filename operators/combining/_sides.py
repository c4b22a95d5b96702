"""Sides: several flows that are pushed, of which a stage takes what it needs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from operators._kernel.links.inbox import Inner
from operators._kernel.links.queued import QueuedStage
from operators._kernel.plan.node import Node
from operators._kernel.running.assembly import subscribe
from operators._kernel.subscription.scope import Scope


class SidesStage(QueuedStage):
    """A stage with an inbox for upstream, its first side, and for each of the other flows."""

    __slots__ = ("_others", "first", "sides")

    def __init__(
        self, others: tuple[Node, ...], prefetch: int, downstream: Any, node: Node, scope: Scope
    ) -> None:
        super().__init__(downstream, node, scope)
        self._others = others
        self.first: First = First(self, prefetch)
        self.sides: list[Side] = [self.first, *(Side(self, prefetch) for _ in others)]

    @property
    def waiting(self) -> int:
        """Items of all flows that wait for those of the others."""
        return sum([len(side.inbox.items) for side in self.sides])

    def needless(self) -> bool:
        """Whether it is known that no further item can be made, so that no further flow is to be opened."""
        return False

    def taking(self, side: Side) -> Callable[[Any], None]:
        """Return the on_next of a side, with all at hand that it needs for each item."""
        append, schedule = side.inbox.items.append, self.schedule

        def take(item: Any) -> None:
            append(item)
            schedule()
            if side.closed:
                side.refuse()

        return take

    def started(self) -> None:
        for side, node in zip(self.sides[1:], self._others, strict=True):
            if self.needless():
                return
            subscribe(node, side, self.scope)
        self.first.inbox.fill()

    def held(self) -> list[Any]:
        return [item for side in self.sides for item in side.close()]


class Side(Inner):
    """The Subscriber of one of the flows."""

    __slots__ = ("on_next",)
    stage: SidesStage
    on_next: Any  # a function of its own, for the sake of speed

    def __init__(self, stage: SidesStage, prefetch: int) -> None:
        super().__init__(stage, prefetch)
        self.on_next = stage.taking(self)

    def refuse(self) -> None:
        """Discard what has come when the stage had let go of it."""
        self.stage.scope.discard(self.inbox.clear())

    def on_complete(self) -> None:
        self.inbox.completed = True
        self.stage.ebbs = True
        self.stage.schedule()


class First(Side):
    """The side that the chain itself feeds: its Subscription is the stage's upstream."""

    __slots__ = ()

    @property
    def done(self) -> bool:
        """Whether the stage is over."""
        return self.stage.done

    @property
    def occupied(self) -> int:
        """Items that the stage holds, of all its flows."""
        return self.stage.waiting

    @property
    def buffered(self) -> int:
        """Items of all flows that wait for those of the others."""
        return self.stage.waiting

    def on_subscribe(self, subscription: Any) -> None:
        self.inbox.upstream = subscription
        self.stage.on_subscribe(subscription)
