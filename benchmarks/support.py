"""The Subscriber and the foreign Publisher that the benchmarks use."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from reactive_streams import UNBOUNDED, Publisher, Subscriber, Subscription


class Summing:
    """A Subscriber that adds numbers up, and asks for `batch` of them at a time."""

    def __init__(self, batch: int = UNBOUNDED) -> None:
        self.total = 0
        self._batch = self._left = batch
        self._subscription: Subscription | None = None

    def on_subscribe(self, subscription: Subscription) -> None:
        self._subscription = subscription
        subscription.request(self._batch)

    def on_next(self, item: int) -> None:
        self.total += item
        self._left -= 1
        if not self._left and self._subscription is not None:
            self._left = self._batch
            self._subscription.request(self._batch)

    def on_error(self, error: Exception) -> None:
        raise error

    def on_complete(self) -> None:
        pass


class SummingAll(Summing):
    """A Subscriber that adds numbers up, with unbounded demand."""

    def on_next(self, item: int) -> None:
        self.total += item


class Everything(SummingAll):
    """A Subscriber that takes all and does nothing with it."""

    def on_next(self, item: int) -> None:
        pass


def total_of(publisher: Publisher[int], subscriber: Summing | None = None) -> int:
    """Return the sum that the Subscriber has when the (synchronous) Publisher has run."""
    subscriber = subscriber or SummingAll()
    publisher.subscribe(subscriber)
    return subscriber.total


class Foreign:
    """Somebody's Publisher of an iterable's items: the plain loop, for unbounded demand only."""

    def __init__(self, items: Iterable[int]) -> None:
        self._items = items

    def subscribe(self, subscriber: Subscriber[int], /) -> None:
        subscriber.on_subscribe(_Loop(self._items, subscriber))


class _Loop:
    def __init__(self, items: Iterable[int], subscriber: Subscriber[int]) -> None:
        self._items = items
        self._subscriber: Any = subscriber

    def request(self, n: int, /) -> None:
        if n < UNBOUNDED:
            raise NotImplementedError("the benchmarks' Publisher knows unbounded demand only")
        on_next = self._subscriber.on_next
        for item in self._items:
            on_next(item)
        self._subscriber.on_complete()

    def cancel(self) -> None:
        pass
