"""delay_subscription: upstream is subscribed to later."""

from __future__ import annotations

from typing import Any

from operators import Flow
from operators.testing import VirtualClock
from tests.operators.kit import Handmade, probe


def test_upstream_is_subscribed_to_at_its_time_with_the_demand_of_before():
    clock, publisher = VirtualClock(), Handmade(range(5))
    seen = probe(Flow.from_publisher(publisher).delay_subscription(1, scheduler=clock), 2)
    seen.request(1)
    clock.advance(0.999_999_999)
    assert publisher.subscriber is None
    clock.advance(0.000_000_001)
    assert (seen.items, publisher.requests) == ([0, 1, 2], [3])
    seen.request(4)
    assert (seen.items, seen.completed) == ([0, 1, 2, 3, 4], True)
    assert clock.pending == 0


def test_a_cancel_before_its_time_subscribes_to_nobody():
    clock, publisher = VirtualClock(), Handmade()
    seen = probe(Flow.from_publisher(publisher).delay_subscription(1, scheduler=clock), 2)
    seen.cancel()
    assert clock.pending == 0
    clock.advance(2)
    assert publisher.subscriber is None


def test_a_bad_request_before_its_time_is_answered_at_once():
    clock = VirtualClock()
    seen = probe(Flow.range(3).delay_subscription(1, scheduler=clock))
    seen.request(0)
    assert isinstance(seen.error, ValueError)
    assert clock.pending == 0


def test_a_source_that_is_made_for_it_is_made_at_that_time():
    clock, made = VirtualClock(), list[float]()

    def factory() -> Flow[Any]:
        made.append(clock.now())
        return Flow.of(1)

    seen = probe(Flow.defer(factory).delay_subscription(3, scheduler=clock), 1)
    clock.advance(5)
    assert (made, seen.items) == ([3], [1])
