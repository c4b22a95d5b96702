"""A great many requests, tries, flows and items: as loops, never as a recursion.

Python's stack ends at a thousand frames, and twenty thousand times what grows with each of them is seen in
time and memory as well.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from operators import Flow
from reactive_streams import UNBOUNDED, Subscription
from tests.limits.deep import Collector, Opaque, Source, from_deep_down

pytestmark = pytest.mark.long

MANY = 20_000


class OneByOne:
    """A Subscriber that asks for the next item inside on_next."""

    def __init__(self) -> None:
        self.got = 0
        self.ended: Any = None

    def on_subscribe(self, subscription: Subscription) -> None:
        self.request = subscription.request
        self.request(1)

    def on_next(self, item: Any) -> None:
        self.got += 1
        self.request(1)

    def on_error(self, error: Exception) -> None:
        self.ended = error

    def on_complete(self) -> None:
        self.ended = "completed"


WAYS: dict[str, Callable[[Flow[int]], Flow[int]]] = {
    "fused": lambda flow: flow.map(abs),
    "pushed": lambda flow: Flow.from_publisher(Opaque(flow)).map(abs),
    "queued": lambda flow: flow.on_backpressure_buffer(8, overflow="block"),
}


@pytest.mark.parametrize("way", WAYS)
def test_requests_from_inside_on_next(way: str) -> None:
    subscriber = OneByOne()
    flow = WAYS[way](Flow.range(MANY))
    from_deep_down(lambda: flow.subscribe(subscriber))
    assert (subscriber.got, subscriber.ended) == (MANY, "completed")


@pytest.mark.parametrize(
    "build",
    [
        pytest.param(lambda flow: flow.limit_rate(1), id="limit_rate"),
        pytest.param(lambda flow: flow.concat_map(Flow.of), id="concat_map"),
        pytest.param(lambda flow: flow.flat_map(Flow.of, concurrency=1), id="flat_map"),
        pytest.param(lambda flow: flow.flat_map_iterable(lambda n: [n]), id="flat_map_iterable"),
        pytest.param(lambda flow: flow.zip(Flow.range(MANY), prefetch=1), id="zip"),
        pytest.param(lambda flow: flow.filter(lambda n: n % 2).skip(5), id="filter, skip"),
    ],
)
def test_many_requests_through_an_operator(build: Any) -> None:
    for flow in (Flow.range(MANY), Flow.from_publisher(Opaque(Flow.range(MANY)))):
        subscriber = OneByOne()
        from_deep_down(lambda flow=flow, to=subscriber: build(flow).subscribe(to))
        assert subscriber.ended == "completed"
        assert subscriber.got >= MANY // 2 - 5


@pytest.mark.parametrize("pushed", [False, True], ids=["fused", "pushed"])
def test_items_that_are_all_left_out(pushed: bool) -> None:
    source = Source(MANY)
    assert list(source.flow(pushed=pushed).filter(lambda n: False)) == []
    assert source.pulled == MANY


@pytest.mark.parametrize("pushed", [False, True], ids=["fused", "pushed"])
def test_tries(pushed: bool) -> None:
    tries = iter(range(MANY))

    def attempt() -> Flow[int]:
        left = next(tries, None)
        flow: Flow[int] = Flow.of(7) if left is None else Flow.error(ValueError(left))
        return Flow.from_publisher(Opaque(flow)) if pushed else flow

    flow = Flow.defer(attempt).retry(UNBOUNDED)
    assert from_deep_down(lambda: list(flow)) == [7]


def test_tries_that_fail_midway() -> None:
    tries = iter(range(MANY))

    def attempt() -> Flow[int]:
        return Flow.of(next(tries)).map(lambda n: 1 // (n // (MANY - 1)))

    assert from_deep_down(lambda: list(Flow.defer(attempt).retry(MANY))) == [1]


def test_ten_thousand_empty_flows_in_a_row() -> None:
    flow = Flow.of(1).concat(*[Flow.empty()] * 10_000, Flow.of(2))
    assert from_deep_down(lambda: list(flow)) == [1, 2]
    subscriber = Collector()
    from_deep_down(lambda: flow.subscribe(subscriber))
    subscriber.upstream.request(2)
    assert (subscriber.got, subscriber.ended) == ([1, 2], "completed")


@pytest.mark.parametrize("pushed", [False, True], ids=["fused", "pushed"])
@pytest.mark.parametrize("kind", ["concat_map", "flat_map", "flat_map_iterable"])
def test_empty_inner_flows(kind: str, pushed: bool) -> None:
    empty: Any = () if kind == "flat_map_iterable" else Flow.empty()
    if pushed and kind != "flat_map_iterable":
        empty = Flow.from_publisher(Opaque(empty))
    source = Source(MANY)
    flow = getattr(source.flow(pushed=pushed), kind)(lambda n: empty)
    assert from_deep_down(lambda: list(flow)) == []
    assert source.pulled == MANY
    subscriber = Collector()
    source = Source(MANY)
    flow = getattr(source.flow(pushed=pushed), kind)(lambda n: empty)
    flow.subscribe(subscriber)
    subscriber.upstream.request(1)
    assert subscriber.ended == "completed"


def test_on_error_resume_again_and_again() -> None:
    def resume(n: int) -> Flow[int]:
        return Flow.error(ValueError(n)).on_error_resume(
            lambda _: resume(n + 1) if n < 60 else Flow.of(n)
        )

    assert from_deep_down(lambda: list(resume(0))) == [60]
