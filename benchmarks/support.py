"""The Subscribers, the foreign Publishers and the ways to consume that the benchmarks use."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterable, Iterable
from itertools import islice
from typing import Any

from operators import Flow
from reactive_streams import UNBOUNDED, Publisher, Subscriber, Subscription


class Summing:
    """A Subscriber that adds up and counts, and asks for `batch` of them at a time."""

    def __init__(self, batch: int = UNBOUNDED) -> None:
        self.total = 0
        self.count = 0
        self.error: Exception | None = None
        # Held until the end: an Event takes 3.5 us to make, set and look at, most of what a short run does.
        self._running = threading.Lock()
        self._running.acquire()
        self._batch = self._left = batch
        self._subscription: Subscription | None = None

    def on_subscribe(self, subscription: Subscription) -> None:
        self._subscription = subscription
        subscription.request(self._batch)

    def on_next(self, item: int) -> None:
        self.total += item
        self.count += 1
        self._left -= 1
        if not self._left and self._subscription is not None:
            self._left = self._batch
            self._subscription.request(self._batch)

    def on_error(self, error: Exception) -> None:
        self.error = error
        self._running.release()

    def on_complete(self) -> None:
        self._running.release()

    def wait(self) -> None:
        """Wait for the end."""
        self._running.acquire()


class SummingAll(Summing):
    """A Subscriber that adds up and counts, with unbounded demand."""

    def on_next(self, item: int) -> None:
        self.total += item
        self.count += 1


class Counting(Summing):
    """A Subscriber that counts items of any kind, with unbounded demand."""

    def on_next(self, item: object) -> None:
        self.count += 1


class OneByOne(Summing):
    """A Subscriber that counts items of any kind, and asks for the next one at each."""

    def __init__(self) -> None:
        super().__init__(1)

    def on_next(self, item: object) -> None:
        self.count += 1
        self._subscription.request(1)  # type: ignore[union-attr]


class Everything(SummingAll):
    """A Subscriber that takes all and does nothing with it."""

    def on_next(self, item: int) -> None:
        pass


def total_of(publisher: Publisher[int], subscriber: Summing | None = None) -> int:
    """Return the sum that the Subscriber has when the Publisher has run."""
    return _subscribed(publisher, subscriber or SummingAll()).total


def count_of(publisher: Publisher[Any], subscriber: Summing | None = None) -> int:
    """Return how many items the Subscriber has got when the Publisher has run."""
    return _subscribed(publisher, subscriber or Counting()).count


def _subscribed(publisher: Publisher[Any], subscriber: Summing) -> Summing:
    publisher.subscribe(subscriber)
    subscriber.wait()
    if subscriber.error is not None:
        raise subscriber.error
    return subscriber


# The ways to consume: each returns the number of items -------------------------------------------


def by_for(items: Iterable[Any]) -> None:
    """Take all items, by a plain loop that does nothing with them."""
    for _ in items:
        pass


async def by_async_for(items: AsyncIterable[Any]) -> None:
    """Take all items, by an async loop that does nothing with them."""
    async for _ in items:
        pass


def by_for_each(flow: Flow[Any]) -> None:
    """Take all items, by a plain function that does nothing with them."""
    flow.for_each(ignore).result()


def on_a_loop(items: AsyncIterable[Any]) -> None:
    """Take all items by an async loop, on an event loop made for it."""
    asyncio.run(by_async_for(items))


def ignore(_: object) -> None:
    """Do nothing."""


def plus_one(n: int) -> int:
    return n + 1


def is_even(n: int) -> bool:
    return n % 2 == 0


# Somebody's Publishers --------------------------------------------------------------------------


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
            raise NotImplementedError(
                "this Publisher of the benchmarks knows unbounded demand only"
            )
        on_next = self._subscriber.on_next
        for item in self._items:
            on_next(item)
        self._subscriber.on_complete()

    def cancel(self) -> None:
        pass


class Asked:
    """Somebody's Publisher of an iterable's items: the plain loop over what was asked for."""

    def __init__(self, items: Iterable[int]) -> None:
        self._items = items

    def subscribe(self, subscriber: Subscriber[int], /) -> None:
        subscriber.on_subscribe(_AskedLoop(iter(self._items), subscriber))


class _AskedLoop:
    def __init__(self, items: Iterable[int], subscriber: Subscriber[int]) -> None:
        self._items = items
        self._subscriber: Any = subscriber
        self._demand = 0
        self._running = False
        self._over = False

    def request(self, n: int, /) -> None:
        self._demand += n
        if self._running or self._over:
            return
        self._running = True
        on_next = self._subscriber.on_next
        while self._demand and not self._over:
            wanted, self._demand = self._demand, 0
            sent = 0
            for item in islice(self._items, wanted):
                on_next(item)
                sent += 1
            if sent < wanted and not self._over:
                self._over = True
                self._subscriber.on_complete()
        self._running = False

    def cancel(self) -> None:
        self._over = True
