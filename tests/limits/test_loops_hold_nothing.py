"""A `for` or an `async for` adds nothing to what the stages hold: what is asked for is taken.

The bound is what the stages declare, `describe()`'s `holds`. A producer that is handed nothing back
for a moment has run as far ahead as it can; only that it may be too far is looked for here.
"""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, closing
from typing import Any

import pytest

from operators import Flow
from operators.schedulers import event_loop, thread
from tests.operators.kit import DEADLINE

TAKEN = 12
QUIET = 0.005


class Source:
    """Endless items, which are counted as they are pulled."""

    def __init__(self) -> None:
        self.made = 0

    def items(self) -> Iterator[int]:
        for n in itertools.count():
            self.made += 1
            yield n

    async def aitems(self) -> AsyncIterator[int]:
        for n in itertools.count():
            self.made += 1
            yield n
            await asyncio.sleep(0)

    def flow(self) -> Flow[int]:
        return Flow.from_iterable(self.items())

    def aflow(self) -> Flow[int]:
        return Flow.from_async_iterable(self.aitems())

    def produce(self, emitter: Any) -> None:
        for n in self.items():
            if not emitter.emit(n):
                return

    async def aproduce(self, emitter: Any) -> None:
        for n in self.items():
            if not await emitter.emit(n):
                return

    def call(self, item: int) -> int:
        self.made += 1
        return item

    async def acall(self, item: int) -> int:
        self.made += 1
        await asyncio.sleep(0)
        return item

    def calls(self, items: list[int]) -> list[int]:
        return [self.call(item) for item in items]

    async def acalls(self, items: list[int]) -> list[int]:
        await asyncio.sleep(0)
        return self.calls(items)

    async def same(self, item: int) -> int:
        return item

    def still(self) -> bool:
        """Whether nothing was pulled for a moment."""
        before = self.made
        time.sleep(QUIET)
        return before == self.made


def endless() -> Flow[int]:
    return Flow.from_iterable(itertools.count())


# The flow, and what producers and the calls under way have in hand beside what the stages hold.
STAGES: dict[str, tuple[Callable[[Source], Flow[Any]], int]] = {
    "a fused chain": (lambda s: s.flow().map(abs), 0),
    "publish_on": (lambda s: s.flow().publish_on(thread(), prefetch=4), 0),
    "publish_on, the event loop": (lambda s: s.flow().publish_on(event_loop(), prefetch=4), 0),
    "publish_on and steps": (lambda s: s.flow().publish_on(thread(), prefetch=4).map(abs), 0),
    "two publish_on": (
        lambda s: s.flow().publish_on(thread(), prefetch=4).publish_on(thread(), prefetch=2), 0,
    ),
    "subscribe_on": (lambda s: s.flow().subscribe_on(thread()), 0),
    "map_async on threads": (lambda s: endless().map_async(s.call, concurrency=3), 0),
    "map_async of coroutines": (lambda s: endless().map_async(s.acall, concurrency=3), 0),
    "map_async, one at a time": (lambda s: endless().map_async(s.acall, concurrency=1), 0),
    "map_async as they come": (
        lambda s: endless().map_async(s.acall, concurrency=3, ordered=False), 0,
    ),
    "map_batches": (lambda s: endless().map_batches(s.calls, max_size=2), 0),
    "map_batches of coroutines": (
        lambda s: endless().map_batches(s.acalls, max_size=2, concurrency=2), 0,
    ),
    "map_async and steps": (lambda s: endless().map_async(s.acall, concurrency=3).map(abs), 0),
    "map_async behind publish_on": (
        lambda s: s.flow().publish_on(thread(), prefetch=4).map_async(s.same, concurrency=3), 0,
    ),
    "create, a thread": (lambda s: Flow.create(s.produce, capacity=4), 1),
    "create, a coroutine": (lambda s: Flow.create(s.aproduce, capacity=4), 1),
    "an async source": (lambda s: s.aflow(), 0),
    "on_backpressure_buffer": (
        lambda s: s.flow().on_backpressure_buffer(4, overflow="block"), 0,
    ),
    "buffer behind publish_on": (
        lambda s: s.flow().publish_on(thread(), prefetch=4).on_backpressure_buffer(3, overflow="block"), 0,
    ),
    "limit_rate": (lambda s: s.flow().limit_rate(8), 0),
    "limit_rate behind publish_on": (
        lambda s: s.flow().publish_on(thread(), prefetch=4).limit_rate(8), 0,
    ),
    "retry, on_finally, on_discard": (
        lambda s: s.flow().publish_on(thread(), prefetch=4).retry(2).on_finally(list).on_discard(abs), 0,
    ),
    "merge": (lambda s: s.flow().merge(s.flow(), prefetch=4), 0),
    "merge of threads": (
        lambda s: s.flow().publish_on(thread(), prefetch=4).merge(Flow.never(), prefetch=2), 0,
    ),
    "merge with an async source": (lambda s: s.aflow().merge(Flow.never(), prefetch=2), 0),
    "zip": (lambda s: s.flow().zip(endless(), prefetch=4), 0),
    "zip with a thread": (lambda s: s.flow().zip(endless().publish_on(thread()), prefetch=4), 0),
    "concat_map": (lambda s: Flow.of(1).concat_map(lambda n: s.flow()), 0),
    "flat_map": (lambda s: Flow.of(1).flat_map(lambda n: s.flow(), concurrency=2, prefetch=4), 0),
}  # fmt: skip


def cases() -> list[Any]:
    return [
        pytest.param(*STAGES[name], way, id=f"{name}, {way}")
        for name in STAGES
        for way in ("for", "async for")
    ]  # fmt: skip


def bound(flow: Flow[Any]) -> int:
    return sum(stage.holds for stage in flow.describe().stages)


@pytest.mark.parametrize(("build", "in_hand", "way"), cases())
def test_a_loop_holds_nothing(build: Callable[[Source], Flow[Any]], in_hand: int, way: str) -> None:
    source = Source()
    flow = build(source)
    most = bound(flow) + in_hand
    ahead: list[int] = []

    def by_for() -> None:
        with closing(iter(flow)) as items:
            for taken, _ in enumerate(itertools.islice(items, TAKEN), 1):
                _until(source.still)
                ahead.append(source.made - taken)

    async def by_async_for() -> None:
        async with aclosing(aiter(flow)) as items:
            taken = 0
            async for _ in items:
                taken += 1
                await _auntil(source)
                ahead.append(source.made - taken)
                if taken == TAKEN:
                    break

    if way == "for":
        by_for()
    else:
        asyncio.run(by_async_for())
    assert len(ahead) == TAKEN
    assert max(ahead) <= most, ahead


def _until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE
    while not true():
        assert time.monotonic() < deadline


async def _auntil(source: Source) -> None:
    async with asyncio.timeout(DEADLINE):
        before = -1
        while before != source.made:
            before = source.made
            for _ in range(5):
                await asyncio.sleep(0)
            await asyncio.sleep(QUIET)


def test_leaving_at_the_first_item_has_made_two_calls() -> None:
    calls: list[int] = []

    async def ask(n: int) -> int:
        calls.append(n)
        return n

    async def main() -> None:
        async with aclosing(aiter(Flow.range(1000).map_async(ask, concurrency=1))) as items:
            async for _ in items:
                for _ in range(100):
                    await asyncio.sleep(0)
                break

    asyncio.run(main())
    assert len(calls) <= 2


class Bursts:
    """A producer that emits a burst whenever it is told to."""

    def __init__(self) -> None:
        self.go = threading.Semaphore(0)
        self.done = threading.Semaphore(0)
        self.left = False

    def produce(self, emitter: Any) -> None:
        emitter.emit(0)
        n = 1
        while True:
            self.go.acquire()
            if self.left:
                return
            for _ in range(50):
                emitter.emit(n)
                n += 1
            self.done.release()

    def burst(self) -> None:
        self.go.release()
        assert self.done.acquire(timeout=DEADLINE)

    def leave(self) -> None:
        self.left = True
        self.go.release()


LATEST: dict[str, Callable[[Bursts], Flow[int]]] = {
    "create": lambda b: Flow.create(b.produce, overflow="latest"),
    "create and steps": lambda b: Flow.create(b.produce, overflow="latest").map(abs),
    "on_backpressure_latest": lambda b: Flow.create(b.produce).on_backpressure_latest(),
    "on_backpressure_latest and steps": lambda b: (
        Flow.create(b.produce).on_backpressure_latest().filter(lambda n: n >= 0)
    ),
}


@pytest.mark.parametrize("way", ["for", "async for"])
@pytest.mark.parametrize("name", LATEST)
def test_the_latest_is_the_newest_when_it_is_taken(name: str, way: str) -> None:
    bursts = Bursts()
    flow = LATEST[name](bursts)
    taken: list[int] = []

    def by_for() -> None:
        with closing(iter(flow)) as items:
            for item in items:
                taken.append(item)
                if len(taken) == 5:
                    break
                bursts.burst()

    async def by_async_for() -> None:
        async with aclosing(aiter(flow)) as items:
            async for item in items:
                taken.append(item)
                if len(taken) == 5:
                    break
                await asyncio.to_thread(bursts.burst)

    try:
        if way == "for":
            by_for()
        else:
            asyncio.run(by_async_for())
    finally:
        bursts.leave()
    assert taken == [0, 50, 100, 150, 200]
