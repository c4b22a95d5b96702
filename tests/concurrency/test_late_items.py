"""An item that is on its way when the cancel comes is delivered or discarded, exactly once (DESIGN 13)."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from operators import Flow
from operators.schedulers import immediate
from reactive_streams import UNBOUNDED, Subscriber, Subscription
from tests.operators.kit import eventually

pytestmark = pytest.mark.long

Build = Callable[[Flow[Any]], Flow[Any]]


class Opaque:
    def __init__(self, flow: Flow[Any]) -> None:
        self._flow = flow

    def subscribe(self, subscriber: Subscriber[Any]) -> None:
        self._flow.subscribe(subscriber)


class Collector:
    def __init__(self, demand: int) -> None:
        self.demand = demand
        self.got: list[Any] = []
        self.upstream: Subscription

    def on_subscribe(self, subscription: Subscription) -> None:
        self.upstream = subscription

    def on_next(self, item: Any) -> None:
        self.got.append(item)

    def on_error(self, error: Exception) -> None:
        raise AssertionError(error)

    def on_complete(self) -> None:
        raise AssertionError("it was cancelled")


HOLDING: dict[str, Build] = {
    "buffer": lambda flow: flow.buffer(4),
    "flat_map_iterable": lambda flow: flow.flat_map_iterable(lambda item: [item]),
    "limit_rate": lambda flow: flow.limit_rate(8),
    "merge": lambda flow: flow.merge(Flow.never()),
    "flat_map": lambda flow: Flow.of(0).flat_map(lambda _: flow),
    "concat_map": lambda flow: Flow.of(0).concat_map(lambda _: flow),
    "concat": lambda flow: flow.concat(Flow.never()),
    "zip": lambda flow: flow.zip(Flow.never()),
    "zip on the other side": lambda flow: Flow.never().zip(flow),
    "retry": lambda flow: flow.retry(1),
    "on_error_resume": lambda flow: flow.on_error_resume(lambda error: Flow.error(error)),
    "publish_on": lambda flow: flow.publish_on(immediate()),
    "on_backpressure_buffer": lambda flow: flow.on_backpressure_buffer(99),
    "on_backpressure_buffer block": lambda flow: flow.on_backpressure_buffer(9, overflow="block"),
    "on_backpressure_latest": lambda flow: flow.on_backpressure_latest(),
    "on_backpressure_drop": lambda flow: flow.on_backpressure_drop(),
    "relays": lambda flow: _long(flow),
}


def _long(flow: Flow[Any]) -> Flow[Any]:
    for _ in range(70):
        flow = flow.limit_rate(8)
    return flow


def flat(items: list[Any]) -> list[int]:
    return [n for item in items for n in (item if isinstance(item, list) else [item])]


@pytest.mark.parametrize("demand", [1, 2, UNBOUNDED])
@pytest.mark.parametrize("name", HOLDING)
def test_it_is_not_lost(name: str, demand: int) -> None:
    begun: list[int] = []
    discarded: list[int] = []
    subscriber = Collector(demand)

    def cancel_on_the_way(item: int) -> int:
        begun.append(item)
        if item == 1:
            subscriber.upstream.cancel()
        return item

    source = Flow.from_publisher(Opaque(Flow.range(9))).map(cancel_on_the_way)
    HOLDING[name](source).on_discard(discarded.append).subscribe(subscriber)
    subscriber.upstream.request(demand)
    assert sorted(flat(subscriber.got) + discarded) == begun
    subscriber.upstream.cancel()


def test_it_is_not_lost_in_a_pool() -> None:
    begun: list[int] = []
    discarded: list[int] = []
    subscriber = Collector(9)

    def cancel_on_the_way(item: int) -> int:
        begun.append(item)
        if item == 1:
            subscriber.upstream.cancel()
        return item

    with ThreadPoolExecutor(1) as pool:
        source = Flow.from_publisher(Opaque(Flow.range(9))).map(cancel_on_the_way)
        flow = source.map_async(lambda item: item, executor=pool).on_discard(discarded.append)
        flow.subscribe(subscriber)
        subscriber.upstream.request(9)
    eventually(
        lambda: sorted(subscriber.got + discarded) == begun, "the discards on another thread"
    )
