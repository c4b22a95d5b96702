"""Flows that are made inside of one another by recursion: each depth runs, or ends by a clear error."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from operators import Flow
from tests.limits.deep import Collector, Opaque, from_deep_down

pytestmark = pytest.mark.long

Make = Callable[[int], Flow[int]]
Run = Callable[[Flow[int]], Any]

FRAMES = 150  # of the caller's


def down(step: Callable[[int, Make], Flow[int]]) -> Make:
    def tree(n: int) -> Flow[int]:
        return step(n, tree) if n else Flow.of(0)

    return tree


def later(n: int, tree: Make) -> Flow[int]:
    return Flow.defer(lambda: tree(n - 1))


TREES: dict[str, Make] = {
    "flat_map": down(lambda n, tree: Flow.of(n - 1).flat_map(tree)),
    "concat_map": down(lambda n, tree: Flow.of(n - 1).concat_map(tree)),
    "concat": down(lambda n, tree: Flow.empty().concat(later(n, tree))),
    "concat first": down(lambda n, tree: later(n, tree).concat(Flow.empty())),
    "merge": down(lambda n, tree: Flow.empty().merge(later(n, tree))),
    "zip": down(lambda n, tree: Flow.of(n).zip(later(n, tree)).map(max)),
    "retry": down(lambda n, tree: Flow.of(n - 1).flat_map(tree).retry(2).map(abs)),
    "on_error_resume": down(
        lambda n, tree: Flow.error(ValueError(n)).on_error_resume(lambda _: tree(n - 1))
    ),
    "on_error_return, on_finally": down(
        lambda n, tree: Flow.of(n - 1).concat_map(tree).on_error_return(5).on_finally(lambda: None)
    ),
    "buffer": down(
        lambda n, tree: Flow.of(n - 1).flat_map(tree).buffer(2).flat_map(Flow.from_iterable)
    ),
    "on_backpressure_buffer": down(
        lambda n, tree: Flow.of(n - 1).flat_map(tree).on_backpressure_buffer(4)
    ),
    "from_publisher": down(lambda n, tree: Flow.from_publisher(Opaque(later(n, tree)))),
}


def by_for(flow: Flow[int]) -> list[int]:
    return list(flow)


def by_async_for(flow: Flow[int]) -> list[int]:
    async def main() -> list[int]:
        return [item async for item in flow]

    return asyncio.run(main())


def by_for_each(flow: Flow[int]) -> list[int]:
    got: list[int] = []
    flow.for_each(got.append).result()
    return got


def by_for_each_on_a_loop(flow: Flow[int]) -> list[int]:
    async def main() -> list[int]:
        got: list[int] = []
        await flow.for_each(got.append)
        return got

    return asyncio.run(main())


class OneByOne(Collector):
    def on_subscribe(self, subscription: Any) -> None:
        super().on_subscribe(subscription)
        subscription.request(1)

    def on_next(self, item: Any) -> None:
        super().on_next(item)
        self.upstream.request(1)


def by_subscriber(flow: Flow[int]) -> list[int]:
    subscriber = OneByOne()
    flow.subscribe(subscriber)
    if isinstance(subscriber.ended, Exception):
        raise subscriber.ended
    assert subscriber.ended == "completed"
    return subscriber.got


RUNS = [by_for, by_async_for, by_for_each, by_for_each_on_a_loop, by_subscriber]


@pytest.mark.parametrize("depth", [150, 700])
@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("name", TREES)
def test_it_runs(name: str, run: Run, depth: int) -> None:
    flow = TREES[name](depth)
    got = from_deep_down(lambda: run(flow), FRAMES)
    assert len(got) == 1


@pytest.mark.parametrize("run", [by_async_for, by_for_each])
@pytest.mark.parametrize("name", ["flat_map", "concat_map", "concat first", "retry", "zip"])
def test_what_is_too_deep_says_so(name: str, run: Run) -> None:
    flow = TREES[name](10_001)
    try:
        assert len(from_deep_down(lambda: run(flow), FRAMES)) == 1
    except RecursionError as error:
        assert "maximum recursion" not in str(error)  # noqa: PT017 - either is right


@pytest.mark.parametrize("depth", [30, 60, 300])
@pytest.mark.parametrize("run", RUNS)
def test_an_error_at_the_bottom_comes_up_in_linear_time(run: Run, depth: int) -> None:
    def tree(n: int) -> Flow[int]:
        if not n:
            return Flow.error(ZeroDivisionError())
        return Flow.of(n - 1).limit_rate(1).flat_map(tree)

    with pytest.raises(ZeroDivisionError):
        run(tree(depth))
