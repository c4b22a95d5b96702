"""What a subscription takes while nothing happens: a program may have a great many of them."""

from __future__ import annotations

import gc
import tracemalloc
from typing import Any

from operators import Flow
from reactive_streams import Subscription

MANY = 500
BYTES = 8 * 1024


class Quiet:
    """A Publisher that never signals, and the Subscription of all its Subscribers."""

    def subscribe(self, subscriber: Any) -> None:
        subscriber.on_subscribe(self)

    def request(self, n: int) -> None: ...

    def cancel(self) -> None: ...


class Idle:
    def __init__(self) -> None:
        self.subscription: Subscription | None = None

    def on_subscribe(self, subscription: Subscription) -> None:
        self.subscription = subscription

    def on_next(self, item: Any) -> None: ...

    def on_error(self, error: Exception) -> None: ...

    def on_complete(self) -> None: ...


def ten_stages(flow: Flow[Any]) -> Flow[Any]:
    flow = flow.map(str).filter(bool).map(len).skip(1).take(100)
    return flow.map(abs).scan(max).distinct_until_changed().pairwise().map(sum)


def bytes_of_each(flow: Flow[Any]) -> float:
    """Return what each of many subscriptions to the flow takes, its Subscriber included."""
    held = [Idle() for _ in range(MANY + 1)]
    flow.subscribe(held[0])  # for what is made once
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for each in held[1:]:
            flow.subscribe(each)
        gc.collect()
        return (tracemalloc.get_traced_memory()[0] - before) / MANY
    finally:
        tracemalloc.stop()
        for each in held:
            assert each.subscription is not None
            each.subscription.cancel()


def test_a_subscription_that_is_pushed_to() -> None:
    assert bytes_of_each(ten_stages(Flow.from_publisher(Quiet()))) <= BYTES


def test_a_subscription_that_pulls() -> None:
    assert bytes_of_each(ten_stages(Flow.range(10))) <= BYTES
