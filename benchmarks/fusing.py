"""Chains of synchronous operators over one source: fused, pushed, and by an async loop."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from typing import Any

import reactivex
from reactivex import operators as rx
from reactivex.disposable import Disposable

from benchmarks.measure import SHOWN, AtMost, Case, Faster
from benchmarks.support import (
    Asked,
    Everything,
    Foreign,
    Summing,
    SummingAll,
    by_for,
    is_even,
    plus_one,
    total_of,
)
from operators import Flow
from reactive_streams import UNBOUNDED, Subscription

MILLION = 1_000_000
SIDE = 1_000


def fused() -> list[Case]:
    """map + filter over a range, against the built-ins."""
    flow = Flow.range(MILLION).map(plus_one).filter(is_even)

    def builtins() -> int:
        return sum(filter(is_even, map(plus_one, range(MILLION))))

    def case(title: str, ours: Callable[[], int], limit: float) -> Case:
        return Case(title, ours, AtMost(limit), MILLION, builtins, "sum(filter(map(range)))")

    return [
        case("sum(flow)", lambda: sum(flow), 1.15),
        case("Subscriber, request(UNBOUNDED)", lambda: total_of(flow), 1.5),
        case("Subscriber, request(256)", lambda: total_of(flow, Summing(256)), 1.7),
    ]


class _ToObserver:
    """A Subscriber that hands all signals to an observer of reactivex."""

    def __init__(self, observer: Any) -> None:
        self.on_next = observer.on_next
        self.on_error = observer.on_error
        self.on_complete = observer.on_completed

    def on_subscribe(self, subscription: Subscription) -> None:
        subscription.request(UNBOUNDED)


def pushed() -> list[Case]:
    """The same, and ten maps, behind a foreign Publisher."""
    publisher = Foreign(range(MILLION))
    flow = Flow.from_publisher(publisher).map(plus_one).filter(is_even)

    def in_rx() -> int:
        def subscribed(observer: Any, _: Any) -> Disposable:
            publisher.subscribe(_ToObserver(observer))
            return Disposable()

        source: reactivex.Observable[int] = reactivex.create(subscribed)
        summing = SummingAll()
        source.pipe(rx.map(plus_one), rx.filter(is_even)).subscribe(
            summing.on_next, summing.on_error, summing.on_complete
        )
        return summing.total

    ten: Flow[int] = Flow.from_publisher(publisher)
    for _ in range(10):
        ten = ten.map(plus_one)

    def in_a_row() -> None:
        a = b = c = d = e = f = g = h = i = j = plus_one
        for n in range(MILLION):
            j(i(h(g(f(e(d(c(b(a(n))))))))))

    def ten_maps() -> None:
        ten.subscribe(Everything())

    looped = Flow.from_publisher(Asked(range(SIDE * 20))).map(plus_one).filter(is_even)
    name = "reactivex create|map|filter, same Publisher"
    return [
        Case("pushed map, filter", lambda: total_of(flow), Faster(1.5), MILLION, in_rx, name),
        Case("pushed, ten maps", ten_maps, AtMost(2.0), MILLION, in_a_row, "ten calls in a row"),
        Case("pushed map, filter, for", lambda: by_for(looped), SHOWN, SIDE * 20),
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
        Case("async for, map and filter", two, AtMost(1.15), MILLION, two_by_hand, name),
        Case("async for, five operators", five, AtMost(0.75), MILLION, five_by_hand, name),
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

    def in_a_chain(title: str, flow: Flow[int]) -> Case:
        name = "itertools.chain.from_iterable"
        return Case(title, lambda: sum(flow), AtMost(3.0), MILLION, in_itertools, name)

    flat_map = Case(
        "flat_map 1,000 x 1,000", lambda: total_of(merged), Faster(4.0), MILLION, in_rx,
        "reactivex flat_map",
    )  # fmt: skip
    return [
        flat_map,
        in_a_chain("concat_map 1,000 x 1,000", chained),
        in_a_chain("flat_map_iterable 1,000 x 1,000", listed),
    ]
