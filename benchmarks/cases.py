"""The cases: each figure that the project is held to."""

from __future__ import annotations

import asyncio
import itertools
import queue
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any

import reactivex
from reactivex import operators as rx

from benchmarks.measure import Case
from benchmarks.support import Everything, Foreign, Summing, total_of
from operators import Flow
from operators.schedulers import thread

MILLION = 1_000_000
SIDE = 1_000
HOPS = 200_000


def plus_one(n: int) -> int:
    return n + 1


def is_even(n: int) -> bool:
    return n % 2 == 0


def fused() -> list[Case]:
    """map + filter over a range, against the built-ins."""
    flow = Flow.range(MILLION).map(plus_one).filter(is_even)

    def builtins() -> int:
        return sum(filter(is_even, map(plus_one, range(MILLION))))

    name = "sum(filter(map(range)))"
    return [
        Case("sum(flow)", lambda: sum(flow), builtins, name, "lower", 1.15),
        Case(
            "Subscriber, request(UNBOUNDED)", lambda: total_of(flow), builtins, name, "lower", 1.5
        ),
        Case(
            "Subscriber, request(256)",
            lambda: total_of(flow, Summing(256)),
            builtins,
            name,
            "lower",
            1.7,
        ),
    ]


def pushed() -> list[Case]:
    """The same, and ten maps, behind a foreign Publisher."""
    flow = Flow.from_publisher(Foreign(range(MILLION))).map(plus_one).filter(is_even)
    summed = flow.reduce(lambda total, n: total + n, 0)

    def in_rx() -> Any:
        source = reactivex.from_iterable(range(MILLION))
        return source.pipe(rx.map(plus_one), rx.filter(is_even), rx.sum()).run()

    ten: Flow[int] = Flow.from_publisher(Foreign(range(MILLION)))
    for _ in range(10):
        ten = ten.map(plus_one)

    def in_a_row() -> None:
        a = b = c = d = e = f = g = h = i = j = plus_one
        for n in range(MILLION):
            j(i(h(g(f(e(d(c(b(a(n))))))))))

    def ten_maps() -> None:
        ten.subscribe(Everything())

    rx_name = "reactivex from_iterable|map|filter|sum"
    return [
        Case("pushed map, filter, sum", summed.run, in_rx, rx_name, "faster", 1.3),
        Case("pushed, ten maps", ten_maps, in_a_row, "ten calls in a row", "lower", 2.0),
    ]


async def numbers() -> AsyncIterator[int]:
    for n in range(MILLION):
        yield n


async def amap(fn: Callable[[int], int], items: AsyncIterator[int]) -> AsyncIterator[int]:
    async for item in items:
        yield fn(item)


async def afilter(keep: Callable[[int], bool], items: AsyncIterator[int]) -> AsyncIterator[int]:
    async for item in items:
        if keep(item):
            yield item


async def total(items: Any) -> int:
    result = 0
    async for item in items:
        result += item
    return result


def asynchronous() -> list[Case]:
    """async for over an async generator, against hand-written async generators."""

    def two_by_hand() -> int:
        return asyncio.run(total(afilter(is_even, amap(plus_one, numbers()))))

    def two() -> int:
        flow = Flow.from_async_iterable(numbers()).map(plus_one).filter(is_even)
        return asyncio.run(total(flow))

    def five_by_hand() -> int:
        items = amap(plus_one, afilter(is_even, amap(plus_one, numbers())))
        return asyncio.run(total(amap(plus_one, amap(plus_one, items))))

    def five() -> int:
        flow = Flow.from_async_iterable(numbers()).map(plus_one).filter(is_even)
        return asyncio.run(total(flow.map(plus_one).map(plus_one).map(plus_one)))

    name = "hand-written async generators"
    return [
        Case("async for, map and filter", two, two_by_hand, name, "lower", 1.15),
        Case("async for, five operators", five, five_by_hand, name, "lower", 0.75),
    ]


def flattened() -> list[Case]:
    """1,000 x 1,000 items of synchronous inner flows."""
    inner = Flow.range(SIDE)
    merged = Flow.range(SIDE).flat_map(lambda _: inner)
    chained = Flow.range(SIDE).concat_map(lambda _: inner)
    listed = Flow.range(SIDE).flat_map_iterable(lambda _: range(SIDE))

    def in_rx() -> Any:
        source = reactivex.from_iterable(range(SIDE))
        flat = rx.flat_map(lambda _: reactivex.from_iterable(range(SIDE)))
        return source.pipe(flat, rx.sum()).run()

    def in_itertools() -> int:
        sides = (range(SIDE) for _ in range(SIDE))
        return sum(itertools.chain.from_iterable(sides))

    name = "itertools.chain.from_iterable"
    return [
        Case(
            "flat_map 1,000 x 1,000",
            lambda: total_of(merged),
            in_rx,
            "reactivex flat_map",
            "faster",
            4.0,
        ),
        Case("concat_map 1,000 x 1,000", lambda: sum(chained), in_itertools, name, "lower", 3.0),
        Case(
            "flat_map_iterable 1,000 x 1,000", lambda: sum(listed), in_itertools, name, "lower", 3.0
        ),
    ]


def hopped() -> list[Case]:
    """One thread hop."""
    flow = Flow.range(HOPS).publish_on(thread(), prefetch=256)

    def ours() -> int:
        counted = Count()
        flow.for_each(counted).result()
        return counted.items

    def in_queue() -> int:
        items: queue.Queue[int | None] = queue.Queue(256)
        counted = Count()

        def consume() -> None:
            while (item := items.get()) is not None:
                counted(item)

        consumer = threading.Thread(target=consume)
        consumer.start()
        for n in range(HOPS):
            items.put(n)
        items.put(None)
        consumer.join()
        return counted.items

    return [
        Case("one thread hop, publish_on(256)", ours, in_queue, "queue.Queue(256)", "faster", 3.0)
    ]


class Count:
    """Counts what it is called with."""

    def __init__(self) -> None:
        self.items = 0

    def __call__(self, _: int) -> None:
        self.items += 1


GROUPS: dict[str, Callable[[], list[Case]]] = {
    "fused": fused,
    "pushed": pushed,
    "asynchronous": asynchronous,
    "flattened": flattened,
    "hopped": hopped,
}
