"""Inbox: the bounded queue of one upstream, replenished when three quarters are used."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from contextlib import suppress
from time import monotonic
from typing import Any

from operators._kernel.failures.failure import drop_late
from operators._kernel.links.queued import EMPTY, QueuedStage
from operators._kernel.plan.node import Node
from operators._kernel.subscription.arbiter import Arbiter
from operators._kernel.subscription.ends import NOWHERE
from reactive_streams import UNBOUNDED


def replenish_at(prefetch: int) -> int:
    """Return after how many items taken the same number is asked for again: 75 %, at least 1."""
    return max(1, prefetch - prefetch // 4)


class Inbox:
    """Holds at most `prefetch` items of one upstream, since it never asks for more."""

    __slots__ = ("_prefetch", "asked", "beyond", "completed", "items", "limit", "taken", "upstream")

    def __init__(self, prefetch: int) -> None:
        self._prefetch = prefetch
        self.limit = UNBOUNDED if prefetch == UNBOUNDED else replenish_at(prefetch)
        self.asked: int = 0
        """Items that upstream was asked for in all."""
        self.taken: int = 0
        """Items that have left, and for which no others were asked for yet."""
        self.beyond: deque[Any] | None = None
        """Items that were emitted, and for which no others are asked for as long as they wait there."""
        self.completed = False
        """Whether upstream has nothing more to send, so that it is not asked any more."""
        self.items: deque[Any] = deque()
        self.upstream: Any = NOWHERE

    def fill(self) -> None:
        """Ask for the first items."""
        self.asked += self._prefetch
        self.upstream.request(self._prefetch)

    def poll(self) -> Any:
        """Return the next item, or EMPTY; taken by the drain only."""
        items = self.items
        if not items:
            return EMPTY
        self.taken += 1
        return items.popleft()

    def replenish(self) -> None:
        """Ask for as many as were taken, where that is three quarters of the prefetch."""
        if self.taken >= self.limit and not self.completed:
            taken, self.taken = self.taken, 0
            self.asked += taken
            self.upstream.request(taken)

    def replenish_all(self) -> None:
        """Ask for as many as were taken, however few they are."""
        if self.taken and not self.completed:
            taken, self.taken = self.taken, 0
            self.asked += taken
            self.upstream.request(taken)

    @property
    def given(self) -> int:
        """Items that were taken out in all; while they are, as of when others were asked for last."""
        return max(0, self.asked - self._prefetch) + self.taken

    def deliver(self, most: int, emit: Callable[[Any], None], stage: QueuedStage) -> int:
        """Emit up to `most` items for the stage and return how many it were; replenish meanwhile."""
        items = self.items
        limit = self.limit
        if self.beyond is not None:
            return self._deliver_beyond(most, emit, stage)
        taken = self.taken  # the drain is the only one to count, so that a local will do
        due = stage.due
        emitted = 0
        while items and emitted != most:
            emit(items.popleft())
            emitted += 1
            taken += 1
            if stage.cancelled or stage.bad is not None:
                break
            if taken >= limit and not self.completed:
                self.asked += taken
                self.upstream.request(taken)
                taken = 0
            if due and monotonic() >= due and stage.pauses():
                break
        self.taken = taken
        return emitted

    def _deliver_beyond(self, most: int, emit: Callable[[Any], None], stage: QueuedStage) -> int:
        items, beyond = self.items, self.beyond
        assert beyond is not None
        emitted = 0
        while True:
            free = self.taken - len(beyond)
            if free >= self.limit and not self.completed:
                self.taken -= free
                self.asked += free
                self.upstream.request(free)
            if not items or emitted == most or stage.cancelled or stage.bad is not None:
                return emitted
            if stage.due and stage.pauses():
                return emitted
            self.taken += 1
            emitted += 1
            emit(items.popleft())

    def clear(self) -> list[Any]:
        """Remove and return what it holds."""
        held: list[Any] = []
        # Who cancels and who sends may clear at once; each item has one taker.
        with suppress(IndexError):
            while self.items:
                held.append(self.items.popleft())
        return held


class Inner:
    """The Subscriber of one of several upstreams of a stage, with an inbox of its own."""

    __slots__ = ("_failed", "closed", "inbox", "source", "stage")

    def __init__(self, stage: QueuedStage, prefetch: int, source: Node | None = None) -> None:
        self.stage = stage
        self.source = source
        """Whose items they are, where somebody wants to know."""
        self.inbox = Inbox(prefetch)
        # It may be cancelled before its Subscription comes, by another thread than that.
        self.inbox.upstream = Arbiter()
        self.closed: bool = False
        """Whether nobody takes its items any more."""
        self._failed = False

    @property
    def buffered(self) -> int:
        """Items that wait for demand."""
        return len(self.inbox.items)

    def on_subscribe(self, subscription: Any) -> None:
        self.inbox.upstream.switch(subscription)
        self.inbox.fill()

    def on_next(self, item: Any) -> None:
        self.inbox.items.append(item)
        self.stage.schedule()
        if self.closed:  # the stage may have let go of it already
            self.stage.scope.discard(self.inbox.clear())

    def on_error(self, error: Exception) -> None:
        if self.closed and not self.stage.interrupted:
            drop_late(error, self.stage.node)
        else:
            self._failed = True  # first: a loop on another thread may look at any moment
            self.inbox.completed = True
            self.stage.abort(error)

    def on_complete(self) -> None:
        self.inbox.completed = True
        self.stage.schedule()

    def deliver(self, most: int, emit: Callable[[Any], None]) -> int:
        """Emit up to `most` of its items and return how many it were; part of the stage's loop."""
        return self.inbox.deliver(most, emit, self.stage)

    def finished(self) -> bool:
        """Whether nothing more will come of it, not even the end of the stage by its error."""
        return self.inbox.completed and not self._failed and not self.inbox.items

    def close(self) -> list[Any]:
        """Cancel it and return what it held."""
        self.closed = True
        if not self.inbox.completed:
            self.inbox.upstream.cancel()
        return self.inbox.clear()


class InboxStage(QueuedStage):
    """A queued stage with one upstream and an inbox for it."""

    __slots__ = ("inbox",)

    def __init__(self, downstream: Any, node: Any, scope: Any, prefetch: int) -> None:
        super().__init__(downstream, node, scope)
        self.inbox = Inbox(prefetch)

    @property
    def occupied(self) -> int:
        """Places taken of the prefetch."""
        return len(self.inbox.items)

    @property
    def buffered(self) -> int:
        """Items that wait for demand."""
        return len(self.inbox.items)

    @property
    def asked(self) -> int:
        """Items that it has asked upstream for."""
        return min(self.inbox.asked, UNBOUNDED)

    @property
    def arrived(self) -> int:
        """Items that have come."""
        return self.inbox.given + len(self.inbox.items)

    def started(self) -> None:
        self.inbox.upstream = self.upstream
        self.inbox.fill()

    def on_next(self, item: Any) -> None:
        items = self.inbox.items
        items.append(item)
        # Whoever takes out goes on until there is nothing, and so the first one is all that it is told of.
        if len(items) == 1 and self.drain.enter():
            self.dispatch()

    def on_error(self, error: Exception) -> None:
        if self.done:
            self.abort(error)
            return
        # What came before the error is delivered before the error.
        self.failure = error
        self.on_complete()

    def on_complete(self) -> None:
        self.inbox.completed = True
        self.ebbs = True
        self.schedule()

    def deliver(self, wanted: int) -> int:
        return self.inbox.deliver(wanted, self.downstream.on_next, self)

    def polled(self, pause: Callable[[], Any]) -> Generator[Any, None, None]:
        inbox = self.inbox
        items = inbox.items
        limit = inbox.limit
        taken = 0
        while True:
            while items:
                yield items.popleft()
                taken += 1
                if taken >= limit and not inbox.completed:
                    inbox.asked += taken
                    self.ask(taken)
                    taken = 0
            inbox.taken = taken
            if (yield from self._rest(pause)):
                return

    def ask(self, n: int) -> None:
        """Ask upstream for as many as were taken by whoever polls."""
        self.inbox.upstream.request(n)

    def is_over(self) -> bool:
        return super().is_over() or (self.inbox.completed and not self.inbox.items)

    def exhausted(self) -> bool:
        return self.inbox.completed and not self.inbox.items

    def held(self) -> list[Any]:
        return self.inbox.clear()
