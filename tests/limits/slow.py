"""A fast producer and a slow consumer, who know how far one is ahead of the other."""

from __future__ import annotations

import tracemalloc
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from operators import Flow
from reactive_streams import Subscription
from tests.operators.kit import eventually

ITEMS = 20_000
SIZE = 1_024
MOST_GROWTH = ITEMS * 26  # bytes: less than a reference and an int kept for each item
PAUSES = 10


class Item(bytes):
    """Counts the end of each of its kind, for cases where tracing all memory takes too long."""

    ended: ClassVar[deque[None]] = deque()

    def __del__(self) -> None:
        self.ended.append(None)


class Ledger:
    """Counts items made and items consumed.

    An item is in flight from when it is made until the consumer has it in hand. Each number is
    written by one thread, and `made` is read before `consumed`: what is told may be too little for a
    moment, never too much, so that a bound that is broken here is broken.
    """

    def __init__(self, kind: type[bytes] = bytes) -> None:
        self.kind = kind
        self.producers: list[Producer] = []
        self.consumed = 0
        self.most = 0
        self.most_alive = 0
        Item.ended.clear()

    @property
    def made(self) -> int:
        return sum([producer.made for producer in self.producers])

    @property
    def ahead(self) -> int:
        return self.made - self.consumed

    def items(self, n: int = ITEMS) -> Iterator[bytes]:
        producer = Producer(n)
        self.producers.append(producer)
        for _ in range(n):
            self.note(producer)
            yield self.kind(SIZE)

    async def aitems(self, n: int = ITEMS) -> AsyncIterator[bytes]:
        for item in self.items(n):
            yield item

    def note(self, producer: Producer) -> None:
        """Count an item that is being made: nobody is further ahead than at this moment."""
        producer.made += 1
        ahead = (
            self.made - self.consumed if len(self.producers) > 1 else producer.made - self.consumed
        )
        if ahead > self.most:
            self.most = ahead
        if self.kind is Item:
            self.most_alive = max(self.most_alive, self.made - len(Item.ended))

    def wait_for(self, ahead: int) -> None:
        """Be slow: wait until all producers are so far ahead that have more to make."""
        made = self.made

        def far_ahead() -> bool:
            return self.ahead >= ahead * sum([each.made < each.total for each in self.producers])

        eventually(far_ahead, f"{ahead} ahead each of {made} made")

    def consume(self, n: int, fills: int = 0) -> None:
        """Count items in hand; at some of them, have each producer run ahead as far as `fills`."""
        before = self.consumed
        self.consumed += n
        if fills and before // (ITEMS // PAUSES) != self.consumed // (ITEMS // PAUSES):
            self.wait_for(fills)


class Producer:
    def __init__(self, total: int) -> None:
        self.total = total
        self.made = 0


class Slow:
    """A Subscriber that asks for a few items, each time somebody says so."""

    def __init__(self, ledger: Ledger, step: int = 8) -> None:
        self._ledger = ledger
        self._step = step
        self.ended: Any = None
        self.upstream: Subscription

    def on_subscribe(self, subscription: Subscription) -> None:
        self.upstream = subscription

    def ask(self) -> None:
        self.upstream.request(self._step)

    def on_next(self, item: Any) -> None:
        self._ledger.consume(len(item) if isinstance(item, (list, tuple)) else 1)

    def on_error(self, error: Exception) -> None:
        self.ended = error

    def on_complete(self) -> None:
        self.ended = "completed"


@contextmanager
def little_memory(ledger: Ledger) -> Iterator[None]:
    """Fail where memory grows, at any moment, by 1 MB: of all objects, or of its Items."""
    if ledger.kind is Item:
        yield
        assert 0 < ledger.most_alive * SIZE < MOST_GROWTH
        return
    list(Flow.range(2).limit_rate(1))  # what is imported at the first run is none of this one's
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak - before < MOST_GROWTH
