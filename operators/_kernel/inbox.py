"""Inbox: the bounded queue of one upstream, replenished when three quarters are used."""

from __future__ import annotations

from collections import deque
from typing import Any

from operators._kernel.failure import drop_error
from operators._kernel.stage import EMPTY, NOWHERE, QueuedStage
from reactive_streams import UNBOUNDED


def replenish_at(prefetch: int) -> int:
    """Return after how many items taken the same number is asked for again: 75 %, at least 1."""
    return max(1, prefetch - prefetch // 4)


class Inbox:
    """Holds at most `prefetch` items of one upstream, since it never asks for more."""

    __slots__ = ("_limit", "_prefetch", "_taken", "items", "upstream")

    def __init__(self, prefetch: int) -> None:
        self._prefetch = prefetch
        self._limit = UNBOUNDED if prefetch == UNBOUNDED else replenish_at(prefetch)
        self._taken = 0
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
        if self._taken >= self._limit:
            taken, self._taken = self._taken, 0
            self.upstream.request(taken)

    def clear(self) -> list[Any]:
        """Remove and return what it holds."""
        held: list[Any] = []
        while self.items:
            held.append(self.items.popleft())
        return held


class Inner:
    """The Subscriber of one of several upstreams of a stage, with an inbox of its own."""

    __slots__ = ("cancelled", "done", "inbox", "stage")

    def __init__(self, stage: QueuedStage, prefetch: int) -> None:
        self.stage = stage
        self.inbox = Inbox(prefetch)
        self.done = False
        self.cancelled = False

    def on_subscribe(self, subscription: Any) -> None:
        self.inbox.upstream = subscription
        if self.cancelled:
            subscription.cancel()
        else:
            self.inbox.fill()

    def on_next(self, item: Any) -> None:
        self.inbox.items.append(item)
        self.stage.schedule()

    def on_error(self, error: Exception) -> None:
        if self.cancelled:
            drop_error(error, f"in {self.stage.node.title}, which was over; {self.stage.node.where}")
        else:
            self.done = True
            self.stage.abort(error)

    def on_complete(self) -> None:
        self.done = True
        self.stage.schedule()

    def poll(self) -> Any:
        """Return the next item, or EMPTY."""
        return self.inbox.poll()

    def finished(self) -> bool:
        """Whether nothing more will come of it."""
        return self.done and not self.inbox.items

    def replenish(self) -> None:
        """Ask for more when it is time."""
        if not self.done:
            self.inbox.replenish()

    def close(self) -> list[Any]:
        """Cancel it and return what it held."""
        self.cancelled = True
        if not self.done:
            self.inbox.upstream.cancel()
        return self.inbox.clear()


class InboxStage(QueuedStage):
    """A queued stage with one upstream and an inbox for it."""

    __slots__ = ("completed", "inbox")

    def __init__(self, downstream: Any, node: Any, scope: Any, prefetch: int) -> None:
        super().__init__(downstream, node, scope)
        self.inbox = Inbox(prefetch)
        self.completed = False

    def started(self) -> None:
        self.inbox.upstream = self.upstream
        self.inbox.fill()

    def on_next(self, item: Any) -> None:
        self.inbox.items.append(item)
        self.schedule()

    def on_error(self, error: Exception) -> None:
        # What came before the error is delivered before the error.
        self.failure = error
        self.on_complete()

    def on_complete(self) -> None:
        self.completed = True
        self.schedule()

    def poll(self) -> Any:
        return self.inbox.poll()

    def exhausted(self) -> bool:
        return self.completed and not self.inbox.items

    def consumed(self, n: int) -> None:
        if not self.completed:
            self.inbox.replenish()

    def held(self) -> list[Any]:
        return self.inbox.clear()
