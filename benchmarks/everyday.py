"""The everyday operators, by each of the three ways to consume: for, async for, for_each."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import reactivex
from reactivex import operators as rx

from benchmarks.hopping import in_queue
from benchmarks.measure import SHOWN, AtMost, Case, Faster, Limit, Micros
from benchmarks.support import (
    by_async_for,
    by_for,
    by_for_each,
    ignore,
    on_a_loop,
    plus_one,
)
from operators import Flow
from operators.schedulers import thread

MANY = 50_000
SIDES = 50
TINY = 10_000  # flows of two items
LISTED = list(range(1_000))
FIFTY = 50  # runs of what is over after a thousand items, so that beginning and ending count


@dataclass(frozen=True)
class Shape:
    """One operator: what it is held to in a `for`, against what, which gives the same items."""

    name: str
    flow: Flow[Any]
    items: int
    peer: Callable[[], Iterable[Any]]
    peer_name: str
    limit: Limit = SHOWN
    mixes: bool = False

    def proof(self) -> bool:
        ours, expected = list(self.flow), list(self.peer())
        return sorted(ours) == sorted(expected) if self.mixes else ours == expected

    def cases(self) -> list[Case]:
        """Return the three rows; the async one is against a hand-written async generator."""
        flow, name = self.flow, self.name

        def peer() -> None:
            by_for(self.peer())

        def by_hand() -> None:
            asyncio.run(by_async_for(handwritten(iter(flow))))

        return [
            Case(
                f"{name}, for", lambda: by_for(flow), self.limit, self.items, peer, self.peer_name,
                proof=self.proof,
            ),
            Case(
                f"{name}, async for", lambda: on_a_loop(flow), AtMost(1.5), self.items, by_hand,
                "an async generator over iter(flow)",
            ),
            Case(
                f"{name}, for_each", lambda: by_for_each(flow), SHOWN, self.items, peer,
                self.peer_name,
            ),
        ]  # fmt: skip


async def handwritten(items: Iterator[Any]) -> AsyncIterator[Any]:
    for item in items:
        yield item


def mapped() -> Flow[int]:
    return Flow.range(MANY).map(plus_one)


def _joins() -> list[Shape]:
    half = MANY // 2
    side = MANY // SIDES
    sides = [range(n * side, (n + 1) * side) for n in range(SIDES)]
    flows = [Flow.from_iterable(one) for one in sides]

    def chain() -> Iterator[int]:
        return itertools.chain(*sides)

    def zipped() -> Iterator[Any]:
        return zip(range(half), range(half, MANY), strict=False)

    chained = "itertools.chain"
    return [
        Shape(
            "merge", Flow.range(half).merge(Flow.range(half, MANY)), MANY,
            lambda: itertools.chain(range(half), range(half, MANY)), chained, AtMost(4.0), mixes=True,
        ),
        Shape(
            "zip", Flow.range(half).zip(Flow.range(half, MANY)), half, zipped, "builtins.zip",
            AtMost(3.0),
        ),
        Shape(
            "flat_map of 50", Flow.range(SIDES).flat_map(lambda n: flows[n]), MANY, chain, chained,
            AtMost(4.0), mixes=True,
        ),
        Shape(
            "concat_map of 50", Flow.range(SIDES).concat_map(lambda n: flows[n]), MANY, chain,
            chained, AtMost(4.0),
        ),
    ]  # fmt: skip


def _guards() -> list[Shape]:
    def alone() -> Iterable[int]:
        return mapped()

    def shape(name: str, flow: Flow[int]) -> Shape:
        return Shape(name, flow, MANY, alone, "map alone", AtMost(1.5))

    return [
        Shape("map", mapped(), MANY, lambda: map(plus_one, range(MANY)), "builtins.map"),
        shape("limit_rate", mapped().limit_rate(256)),
        shape("retry", mapped().retry(3)),
        shape("on_error_resume", mapped().on_error_resume(lambda error: Flow.empty())),
        shape("on_finally", mapped().on_finally(list)),
        shape("tap", mapped().tap(ignore)),
        shape("on_discard", mapped().on_discard(ignore)),
    ]


def _of_lists() -> list[Case]:
    """A thousand items each time: what it takes to begin and to end counts as well."""
    one, two = Flow.from_iterable(LISTED), Flow.from_iterable(LISTED)

    def case(
        name: str, flow: Flow[Any], peer: Callable[[], Iterable[Any]], peer_name: str, limit: float,
        items: int,
    ) -> Case:  # fmt: skip
        def ours() -> None:
            for _ in range(FIFTY):
                by_for(flow)

        def theirs() -> None:
            for _ in range(FIFTY):
                by_for(peer())

        title = f"{name} of two lists of 1,000, for"
        return Case(title, ours, AtMost(limit), items * FIFTY, theirs, peer_name)

    def chain() -> Iterator[int]:
        return itertools.chain(LISTED, LISTED)

    def zipped() -> Iterator[Any]:
        return zip(LISTED, LISTED, strict=False)

    chained = "itertools.chain"
    flows = Flow.of(one, two)
    return [
        case("merge", one.merge(two), chain, chained, 4.0, 2_000),
        case("zip", one.zip(two), zipped, "builtins.zip", 3.0, 1_000),
        case("flat_map", flows.flat_map(lambda flow: flow), chain, chained, 4.0, 2_000),
        case("concat_map", flows.concat_map(lambda flow: flow), chain, chained, 4.0, 2_000),
    ]


def _tiny() -> list[Case]:
    flow = Flow.range(TINY).flat_map(lambda n: Flow.of(n, n))

    def in_rx() -> None:
        flat = rx.flat_map(lambda n: reactivex.of(n, n))
        reactivex.from_iterable(range(TINY)).pipe(flat).subscribe(ignore)

    ways = {"for": by_for, "async for": on_a_loop, "for_each": by_for_each}
    name = "reactivex flat_map"
    return [
        Case(f"flat_map of tiny flows, {way}", lambda run=run: run(flow), Faster(2.0), 2 * TINY, in_rx, name)  # type: ignore[misc]
        for way, run in ways.items()
    ]  # fmt: skip


async def _acall(n: int) -> int:
    return n + 1


def _crossing() -> list[Case]:
    """What goes through a queue: a thread hop, and calls of a coroutine function."""
    hop = Flow.range(MANY).publish_on(thread(), prefetch=256)
    calls = Flow.range(TINY).map_async(_acall, concurrency=16)

    def queued() -> None:
        in_queue(MANY)

    rows = [
        Case(
            f"publish_on(thread), {way}", lambda run=run: run(hop), Faster(3.0), MANY, queued,  # type: ignore[misc]
            "queue.Queue(256)",
        )
        for way, run in {"for": by_for, "async for": on_a_loop, "for_each": by_for_each}.items()
    ]  # fmt: skip
    rows += [
        Case("map_async of a coroutine, for", lambda: by_for(calls), Micros(5.0), TINY),
        Case("map_async of a coroutine, async for", lambda: on_a_loop(calls), Micros(5.0), TINY),
        Case("map_async of a coroutine, for_each", lambda: by_for_each(calls), Micros(5.0), TINY),
    ]
    return rows


def everyday() -> list[Case]:
    """The table of everyday operators."""
    rows = [case for shape in [*_joins(), *_guards()] for case in shape.cases()]
    return [*rows, *_of_lists(), *_tiny(), *_crossing()]


def looking_on() -> list[Case]:
    """Operators that only look on cost a `for` nothing an item beyond their own call."""
    alone = mapped()
    called = mapped().map(_pass)

    def case(name: str, flow: Flow[int], peer: Flow[int], peer_name: str) -> Case:
        return Case(
            f"{name}, for",
            lambda: by_for(flow),
            AtMost(1.15),
            MANY,
            lambda: by_for(peer),
            peer_name,
        )

    return [
        case("on_discard", mapped().on_discard(ignore), alone, "map alone"),
        case("named", mapped().named("plus one"), alone, "map alone"),
        case("on_finally", mapped().on_finally(list), alone, "map alone"),
        case("tap", mapped().tap(ignore), called, "map, and map of a call"),
        case("tap, on_discard, on_finally", _looked_at(), called, "map, and map of a call"),
    ]


def _looked_at() -> Flow[int]:
    return mapped().tap(ignore).on_discard(ignore).on_finally(list)


def _pass(item: int) -> int:
    return item
