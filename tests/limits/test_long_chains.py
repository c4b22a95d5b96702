"""A thousand chained operators assemble, run, fail and cancel: at the default limit, from a deep stack."""

from __future__ import annotations

import asyncio
import itertools
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from random import Random
from typing import Any

import pytest

from operators import ConnectableFlow, Flow, as_processor
from operators.schedulers import immediate
from reactive_streams import UNBOUNDED, Subscription
from tests.limits.deep import LENGTH, Collector, Source, from_deep_down

pytestmark = pytest.mark.long

Step = Callable[[Flow[Any]], Flow[Any]]


def identity(item: Any) -> Any:
    return item


def process(flow: Flow[Any]) -> Flow[Any]:
    processor = as_processor(lambda inner: inner.map(identity))
    flow.subscribe(processor)
    return Flow.from_publisher(processor)


class Onlooker(Collector):
    def on_subscribe(self, subscription: Subscription) -> None:
        subscription.request(UNBOUNDED)


# Each passes on what it gets, perhaps wrapped once more.
STEPS: dict[str, Step] = {
    "map": lambda flow: flow.map(identity),
    "filter": lambda flow: flow.filter(lambda item: True),
    "take": lambda flow: flow.take(99),
    "skip": lambda flow: flow.skip(0),
    "scan": lambda flow: flow.scan(lambda _, item: item),
    "tap": lambda flow: flow.tap(identity),
    "distinct": lambda flow: flow.distinct(),
    "buffer": lambda flow: flow.buffer(1).map(lambda items: items[0]),
    "flat_map_iterable": lambda flow: flow.flat_map_iterable(lambda item: [item]),
    "concat_map": lambda flow: flow.concat_map(lambda item: Flow.of(item)),
    "flat_map": lambda flow: flow.flat_map(lambda item: Flow.of(item), concurrency=1),
    "concat": lambda flow: flow.concat(Flow.empty()),
    "concat, named": lambda flow: flow.concat(Flow.empty()).named("one"),
    "merge": lambda flow: flow.merge(Flow.empty()),
    "merge, named": lambda flow: flow.merge(Flow.empty()).named("one"),
    "zip": lambda flow: flow.zip(Flow.range(9), prefetch=1).map(lambda pair: pair[0]),
    "limit_rate": lambda flow: flow.limit_rate(2),
    "retry": lambda flow: flow.retry(0),
    "on_error_resume": lambda flow: flow.on_error_resume(lambda error: Flow.error(error)),
    "on_finally": lambda flow: flow.on_finally(lambda: None),
    "on_discard": lambda flow: flow.on_discard(identity),
    "tap on_request": lambda flow: flow.tap(on_request=identity),
    "on_backpressure_buffer": lambda flow: flow.on_backpressure_buffer(99),
    "on_backpressure_buffer block": lambda flow: flow.on_backpressure_buffer(9, overflow="block"),
    "publish_on": lambda flow: flow.publish_on(immediate(), prefetch=2),
    "subscribe_on": lambda flow: flow.subscribe_on(immediate()),
    "share": lambda flow: flow.share(),
    "ref_count": lambda flow: flow.publish(prefetch=4).ref_count(),
    "ref_count of replay": lambda flow: flow.replay(2).ref_count(),
    "auto_connect": lambda flow: flow.publish().auto_connect(),
    "cache": lambda flow: flow.cache(),
    "broadcast": lambda flow: flow.broadcast(1)[0],
    "balance": lambda flow: flow.balance(1)[0],
    "partition": lambda flow: flow.partition(lambda item: 0, 1)[0],
    "parallel": lambda flow: flow.parallel(1).sequential(),
    "also_to": lambda flow: flow.also_to(Onlooker()),
    "wire_tap": lambda flow: flow.wire_tap(Onlooker()),
}


def chain(flow: Flow[Any], *steps: Step, length: int = LENGTH) -> Flow[Any]:
    for _, step in zip(range(length), itertools.cycle(steps), strict=False):
        flow = step(flow)
    return flow


@pytest.fixture(autouse=True)
def default_recursion_limit() -> Any:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(1_000)
    yield
    sys.setrecursionlimit(before)


@pytest.mark.parametrize("pushed", [False, True], ids=["fused", "pushed"])
@pytest.mark.parametrize("name", STEPS)
def test_a_loop_runs_through(name: str, pushed: bool) -> None:
    source = Source(5)
    flow = chain(source.flow(pushed=pushed), STEPS[name])
    assert from_deep_down(lambda: list(flow)) == list(range(5))
    assert source.closed == 1


@pytest.mark.parametrize("pushed", [False, True], ids=["fused", "pushed"])
@pytest.mark.parametrize("name", STEPS)
def test_a_loop_is_left_midway(name: str, pushed: bool) -> None:
    source = Source(50)
    flow = chain(source.flow(pushed=pushed), STEPS[name])

    def run() -> None:
        items = iter(flow)
        assert next(items) == 0
        items.close()

    from_deep_down(run)
    assert source.closed == 1


@pytest.mark.parametrize("pushed", [False, True], ids=["fused", "pushed"])
@pytest.mark.parametrize("name", STEPS)
def test_an_error_comes_through(name: str, pushed: bool) -> None:
    boom = ValueError("boom")
    source = Source(2, boom)
    flow = chain(source.flow(pushed=pushed), STEPS[name])

    def run() -> None:
        with pytest.raises(ValueError, match="boom") as caught:
            list(flow)
        assert caught.value is boom

    from_deep_down(run)
    assert source.closed == 1


@pytest.mark.parametrize("pushed", [False, True], ids=["fused", "pushed"])
@pytest.mark.parametrize("name", STEPS)
def test_a_subscriber_asks_and_cancels(name: str, pushed: bool) -> None:
    source = Source(50)
    flow = chain(source.flow(pushed=pushed), STEPS[name])
    subscriber = Collector()

    def run() -> None:
        flow.subscribe(subscriber)
        subscriber.upstream.request(2)
        subscriber.upstream.request(1)
        assert subscriber.got == [0, 1, 2]
        subscriber.upstream.cancel()

    from_deep_down(run)
    assert source.closed == 1
    assert subscriber.ended is None


def test_a_mixed_chain() -> None:
    names = [name for name in STEPS if name not in ("zip", "merge, named", "concat, named")]
    for pushed in (False, True):
        source = Source(5)
        flow = chain(source.flow(pushed=pushed), *(STEPS[name] for name in names))
        assert from_deep_down(lambda flow=flow: list(flow)) == list(range(5))
        assert source.closed == 1


def test_a_chain_of_processors_is_as_long_as_the_stack_allows() -> None:
    # Each is subscribed to by itself, before it is known how long the way to the consumer will be.
    flow = chain(Flow.range(5), process, length=20)
    assert from_deep_down(lambda: list(flow)) == list(range(5))


@pytest.mark.parametrize("name", STEPS)
def test_it_is_described(name: str) -> None:
    flow = chain(Flow.range(3), STEPS[name])
    assert len(flow.describe().stages) >= 1
    assert str(flow.describe())
    assert len(repr(flow)) < 1_000


SWITCHING: dict[str, Step] = {
    "retry": lambda flow: flow.retry(1),
    "on_error_resume": lambda flow: flow.on_error_resume(lambda error: Flow.error(error)),
    "switch_if_empty": lambda flow: flow.switch_if_empty(Flow.of(-1)),
    "concat": lambda flow: flow.concat(Flow.empty()),
}
SHARED = (
    "share",
    "ref_count of replay",
    "broadcast",
    "balance",
    "partition",
    "parallel",
    "also_to",
)


@pytest.mark.parametrize("name", [*SWITCHING, *SHARED])
def test_what_awaits_its_cleanup_at_the_other_end_is_waited_for(name: str) -> None:
    ended: list[int] = []

    async def numbers() -> AsyncGenerator[int, None]:
        try:
            for n in range(3):
                yield n
        finally:
            await asyncio.sleep(0.01)
            ended.append(1)

    def build() -> Flow[int]:
        return chain(Flow.from_async_iterable(numbers()), SWITCHING.get(name) or STEPS[name])

    async def leave() -> None:
        async with aclosing(aiter(build())) as items:
            async for item in items:
                assert item == 0
                break

    assert list(build()) == [0, 1, 2]
    assert ended == [1]
    assert list(build().take(1)) == [0]
    assert ended == [1, 1]
    asyncio.run(leave())
    assert ended == [1, 1, 1]


@pytest.mark.parametrize("name", ["share", "ref_count of replay", "balance", "partition"])
def test_what_is_held_at_the_other_end_is_discarded(name: str) -> None:
    discarded: list[int] = []
    flow = chain(Source(9).flow().on_backpressure_buffer(9), STEPS[name]).on_discard(
        discarded.append
    )
    subscriber = Collector()
    flow.subscribe(subscriber)
    subscriber.upstream.request(2)
    subscriber.upstream.cancel()
    assert subscriber.got == [0, 1]
    assert discarded == list(range(2, 9))


@pytest.mark.parametrize("order", ["up", "down", "mixed"])
def test_shared_flows_are_connected_by_hand(order: str) -> None:
    flow: Flow[Any] = Source(100).flow()
    shared: list[ConnectableFlow[Any]] = []
    for _ in range(LENGTH):
        shared.append(flow.publish(prefetch=16))
        flow = shared[-1]
    got: list[Any] = []
    handle = flow.for_each(got.append)
    if order == "down":
        shared.reverse()
    elif order == "mixed":
        Random(1).shuffle(shared)
    for each in shared:
        each.connect()
    handle.result(60)
    assert got == list(range(100))


def test_a_division_whose_branches_subscribe_last_is_as_far_as_the_longest_way() -> None:
    flow: Flow[Any] = Source(9).flow()
    others: list[Flow[Any]] = []
    for _ in range(LENGTH):
        flow, other = flow.broadcast(2)
        others.append(other)
    got: list[Any] = []
    handle = flow.for_each(got.append)
    for other in reversed(others):
        other.for_each(identity)
    handle.result(60)
    assert got == list(range(9))
