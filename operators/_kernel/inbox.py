"""Inbox: the bounded queue of one upstream, replenished when three quarters are used."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from contextlib import suppress
from typing import Any

from operators._kernel.arbiter import Arbiter
from operators._kernel.ends import NOWHERE
from operators._kernel.failure import drop_error
from operators._kernel.queued import EMPTY, QueuedStage
from reactive_streams import UNBOUNDED


def replenish_at(prefetch: int) -> int:
    """Return after how many items taken the same number is asked for again: 75 %, at least 1."""
    return max(1, prefetch - prefetch // 4)


class Inbox:
    """Holds at most `prefetch` items of one upstream, since it never asks for more."""

    __slots__ = ("_prefetch", "_taken", "beyond", "completed", "items", "limit", "upstream")

    def __init__(self, prefetch: int) -> None:
        self._prefetch = prefetch
        self.limit = UNBOUNDED if prefetch == UNBOUNDED else replenish_at(prefetch)
        self._taken = 0
        self.beyond: deque[Any] | None = None
        """Items that were emitted, and for which no others are asked for as long as they wait there."""
        self.completed = False
        """Whether upstream has nothing more to send, so that it is not asked any more."""
        self.items: deque[Any] = deque()
        self.upstream: Any = NOWHERE

    def fill(self) -> None:
        """Ask for the first items."""
        self.upstream.request(self._prefetch)

    def poll(self) -> Any:
        """Return the next item, or EMPTY; taken by the drain only."""
        items = self.items
        if not items:
            return EMPTY
        self._taken += 1
        return items.popleft()

    def replenish(self) -> None:
        """Ask for as many as were taken, where that is three quarters of the prefetch."""
        if self._taken >= self.limit and not self.completed:
            taken, self._taken = self._taken, 0
            self.upstream.request(taken)

    def replenish_all(self) -> None:
        """Ask for as many as were taken, however few they are."""
        if self._taken and not self.completed:
            taken, self._taken = self._taken, 0
            self.upstream.request(taken)

    def deliver(self, most: int, emit: Callable[[Any], None], stage: QueuedStage) -> int:
        """Emit up to `most` items for the stage and return how many it were; replenish meanwhile."""
        items = self.items
        limit = self.limit
        if self.beyond is not None:
            return self._deliver_beyond(most, emit, stage)
        taken = self._taken  # the drain is the only one to count, so that a local will do
        emitted = 0
        while items and emitted != most:
            emit(items.popleft())
            emitted += 1
            taken += 1
            if stage.cancelled or stage.bad is not None:
                break
            if taken >= limit and not self.completed:
                self.upstream.request(taken)
                taken = 0
            if stage.due and stage.pauses():
                break
        self._taken = taken
        return emitted

    def _deliver_beyond(self, most: int, emit: Callable[[Any], None], stage: QueuedStage) -> int:
        items, beyond = self.items, self.beyond
        assert beyond is not None
        emitted = 0
        while True:
            free = self._taken - len(beyond)
            if free >= self.limit and not self.completed:
                self._taken -= free
                self.upstream.request(free)
            if not items or emitted == most or stage.cancelled or stage.bad is not None:
                return emitted
            if stage.due and stage.pauses():
                return emitted
            self._taken += 1
            emitted += 1
            emit(items.popleft())

    def clear(self) -> list[Any]:
        """Remove and return what it holds."""
        held: list[Any] = []
        with suppress(
            IndexError
        ):  # who cancels and who sends may clear at once; each item has one taker
            while self.items:
                held.append(self.items.popleft())
        return held


class Inner:
    """The Subscriber of one of several upstreams of a stage, with an inbox of its own."""

    __slots__ = ("_cancelled", "_failed", "inbox", "stage")

    def __init__(self, stage: QueuedStage, prefetch: int) -> None:
        self.stage = stage
        self.inbox = Inbox(prefetch)
        # It may be cancelled before its Subscription comes, by another thread than that.
        self.inbox.upstream = Arbiter()
        self._cancelled = False
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
        if self._cancelled:  # the stage may have let go of it already
            self.stage.scope.discard(self.inbox.clear())

    def on_error(self, error: Exception) -> None:
        if self._cancelled and not self.stage.interrupted:
            drop_error(
                error, f"in {self.stage.node.title}, which was over; {self.stage.node.where}"
            )
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
        self._cancelled = True
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

    def started(self) -> None:
        self.inbox.upstream = self.upstream
        self.inbox.fill()

    def on_next(self, item: Any) -> None:
        self.inbox.items.append(item)
        if self.drain.enter():
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
                    self.ask(taken)
                    taken = 0
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
