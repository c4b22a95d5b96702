"""Branch: what stands before one of those who share an upstream."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from operators._kernel.hosts.pending import Pending
from operators._kernel.links.cast import Cast
from operators._kernel.links.queued import EMPTY, HomeStage
from operators._kernel.plan.node import Node
from operators._kernel.subscription.ends import NOWHERE
from operators._kernel.subscription.scope import Scope


class Branch(HomeStage):
    """What stands before one of the Subscribers of a cast."""

    __slots__ = ("_cast", "_last", "_left", "_newest", "cell", "dropped", "leaving", "position")

    crosses: ClassVar[bool] = True

    def __init__(
        self,
        cast: Cast,
        downstream: Any,
        node: Node,
        scope: Scope,
        left: Callable[[Branch], object] | None = None,
        *,
        newest: bool = False,
    ) -> None:
        super().__init__(downstream, node, scope)
        self._cast: Cast = cast
        self._left = left
        self._newest = newest
        self._last: int | None = None
        self.dropped: int = 0
        """Items passed over since a newer one was there."""
        self.position: int = 0
        """Items of the cast that were taken from it, or were over when this came."""
        self.cell: Any = None
        self.leaving: bool = False
        """Whether it has left the cast, and its loop may still deliver what it has taken."""

    def open(self) -> None:
        """Hand the Subscription over."""
        self.scope.pending.carry(self)
        self.on_subscribe(NOWHERE)

    def trouble(self) -> Pending | None:
        """Return the run on which it depends, or None."""
        return self._cast.depends_on

    def held_up(self) -> str:
        return self._cast.held_up(self)

    def on_subscribe(self, subscription: Any) -> None:
        self.drain.enter()  # nothing is emitted before both sides are ready
        # Its Subscriber may have the others subscribe, and so all begin, before it returns.
        self._cast.join(self)
        super().on_subscribe(subscription)

    def poll(self) -> Any:
        cell = self.cell
        if cell is None or (cell := cell.next) is None or self.position == self._last:
            return EMPTY
        self.position += 1
        while self._newest and cell.next is not None and self.position != self._last:
            cell = cell.next
            self.position += 1
            self.dropped += 1
        self.cell = cell
        return cell.item

    def deliver(self, wanted: int) -> int:
        if self._newest:
            return super().deliver(wanted)
        emit = self.downstream.on_next
        emitted = 0
        while emitted != wanted and (cell := self.cell) is not None:
            if (cell := cell.next) is None:
                break
            self.position += 1
            self.cell = cell
            emit(cell.item)
            emitted += 1
            if self.cancelled or self.bad is not None or (self.due and self.pauses()):
                break
        return emitted

    def consumed(self, n: int) -> None:
        if self.position >= self._cast.mark:
            self._cast.passed(self)

    def drained(self) -> None:
        """Take what the cast has had by now, and then complete."""
        self._last = self._cast.written
        self.schedule()

    def exhausted(self) -> bool:
        if self._last is not None and self.position >= self._last:
            return True
        if not self._cast.ended or self.cell is None:
            return False
        if self._cast.cut or self.cell.next is None:
            self.failure: Exception | None = self._cast.error
            self._cast.told = True
            return True
        return False

    def halt(self) -> None:
        self.scope.pending.drop(self)
        self._cast.leave(self)
        left, self._left = self._left, None
        if left is not None:
            left(self)

    def closed(self) -> None:
        self.halt()
        self._cast.settle(self)
        self.cell = None
