"""However short the slices of an event loop's time are, what comes out is the same, and it does end."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from operators import Flow
from operators._kernel.fusing import feed
from operators._kernel.hosts import slices
from operators._kernel.links import queued
from operators.schedulers import immediate
from tests.operators.kit import cancelled_after

Make = Callable[[Flow[Any]], Flow[Any]]


def tree(depth: int) -> Flow[int]:
    if not depth:
        return Flow.of(0)
    return Flow.merge(Flow.of(depth), Flow.defer(lambda: tree(depth - 1)), prefetch=2)


def nested(depth: int) -> Flow[int]:
    if not depth:
        return Flow.of(0)
    return Flow.of(depth - 1).flat_map(nested).buffer(2).flat_map(Flow.from_iterable)


def doubled(n: int) -> Flow[int]:
    return Flow.of(n, n)


def pushed(n: int) -> Flow[int]:
    return Flow.from_publisher(Flow.range(n % 4).limit_rate(2))


FLOWS: dict[str, Make] = {
    "map": lambda flow: flow.map(str),
    "filter": lambda flow: flow.filter(lambda n: n % 5 == 0),
    "flat_map, pulled": lambda flow: flow.flat_map(doubled, prefetch=1),
    "flat_map, pushed": lambda flow: flow.flat_map(pushed, prefetch=1),
    "flat_map, one at a time": lambda flow: flow.flat_map(pushed, concurrency=1, prefetch=3),
    "concat_map": lambda flow: flow.concat_map(pushed),
    "merge": lambda flow: flow.merge(Flow.range(50), prefetch=1),
    "merge, pushed": lambda flow: flow.limit_rate(3).merge(pushed(3), prefetch=2),
    "merge of merges": lambda flow: flow.merge(tree(20)),
    "flows in flows": lambda flow: flow.take(3).flat_map(lambda _: nested(12)),
    "concat": lambda flow: flow.concat(pushed(3), flow),
    "zip": lambda flow: flow.limit_rate(3).zip(flow.limit_rate(1), prefetch=2),
    "retry": lambda flow: flow.concat(Flow.error(ValueError())).retry(3).on_error_return(0),
    "on_error_resume": lambda flow: Flow.error(ValueError()).on_error_resume(lambda _: flow),
    "limit_rate": lambda flow: flow.limit_rate(1),
    "publish_on": lambda flow: flow.publish_on(immediate(), prefetch=1),
    "on_backpressure_buffer": lambda flow: flow.on_backpressure_buffer(999),
    "buffer": lambda flow: flow.buffer(3).flat_map(Flow.from_iterable, prefetch=1),
    "flat_map_iterable": lambda flow: flow.flat_map_iterable(range),
    "on_finally": lambda flow: flow.flat_map(pushed).on_finally(lambda: None),
    "map_async": lambda flow: flow.map_async(answer, concurrency=3),
}


async def answer(n: int) -> int:
    return n + 1


@pytest.fixture(params=[1, 2])
def looks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a slice be over after so many looks at the clock: the same at each run, on any machine."""
    clock = itertools.count()
    for module in (slices, queued, feed):
        monkeypatch.setattr(module, "SLICE", request.param)
        monkeypatch.setattr(module, "monotonic", lambda: next(clock))
    monkeypatch.setattr(feed, "SLICE", request.param + 1)  # it looks as it begins, before any work


async def loop(flow: Flow[Any]) -> list[Any]:
    return [item async for item in flow]


async def each(flow: Flow[Any]) -> list[Any]:
    got: list[Any] = []
    await flow.for_each(got.append)
    return got


async def one_by_one(flow: Flow[Any]) -> list[Any]:
    return await each(flow.limit_rate(1))


@pytest.mark.usefixtures("looks")
@pytest.mark.parametrize("source", [Flow.range(40), Flow.range(40).limit_rate(5)], ids=str)
@pytest.mark.parametrize("run", [loop, each, one_by_one])
@pytest.mark.parametrize("name", FLOWS)
def test_the_same_comes_out(name: str, run: Any, source: Flow[Any]) -> None:
    flow = FLOWS[name](source)
    got = asyncio.run(asyncio.wait_for(run(flow), 5))
    assert sorted(got, key=str) == sorted(flow, key=str)


def both(a: Make, b: Make = lambda flow: flow) -> Callable[[Flow[Any], Any], Flow[Any]]:
    return lambda flow, left: b(a(flow).on_discard(left))


CANCELLED: dict[str, Callable[[Flow[Any], Any], Flow[Any]]] = {
    "map": both(lambda flow: flow.map(str)),
    "buffer": both(lambda flow: flow.buffer(2)),
    "map behind": both(lambda flow: flow.buffer(2), lambda flow: flow.map(list).map(list)),
    "buffer behind": lambda flow, left: flow.on_discard(left).buffer(2).on_discard(left),
    "flat_map_iterable": both(lambda flow: flow.buffer(3).flat_map_iterable(iter)),
}


async def forty() -> AsyncIterator[int]:
    for n in range(40):
        yield n


@pytest.mark.usefixtures("looks")
@pytest.mark.parametrize("turns", range(1, 13))
@pytest.mark.parametrize(
    "source", [lambda: Flow.range(40), lambda: Flow.from_async_iterable(forty())]
)
@pytest.mark.parametrize("name", CANCELLED)
def test_what_is_in_hand_when_a_turn_is_given_is_not_lost_by_a_cancel(
    name: str, source: Callable[[], Flow[int]], turns: int
) -> None:
    made: list[int] = []
    came: list[Any] = []
    left: list[Any] = []

    async def go() -> None:
        async for item in CANCELLED[name](source().tap(made.append), left.append):
            came.append(item)

    asyncio.run(cancelled_after(turns, go()))
    found = sorted(int(n) for n in numbers_in([came, left]))
    assert found == list(range(len(found)))
    assert len(found) in {len(made), len(made) + 1}  # the one in hand above the tap


def numbers_in(values: list[Any]) -> Iterator[Any]:
    for each in values:
        if isinstance(each, list):
            yield from numbers_in(each)
        else:
            yield each
