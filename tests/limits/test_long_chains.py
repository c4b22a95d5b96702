"""A thousand chained operators assemble, run, fail and cancel: at the default limit, from a deep stack."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable
from typing import Any

import pytest

from operators import Flow, as_processor
from operators.schedulers import immediate
from tests.limits.deep import LENGTH, Collector, Source, from_deep_down

pytestmark = pytest.mark.long

Step = Callable[[Flow[Any]], Flow[Any]]


def identity(item: Any) -> Any:
    return item


def process(flow: Flow[Any]) -> Flow[Any]:
    processor = as_processor(lambda inner: inner.map(identity))
    flow.subscribe(processor)
    return Flow.from_publisher(processor)


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
