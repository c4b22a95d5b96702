"""time_interval: each item with the time since the one before."""

from __future__ import annotations

from operators import Flow
from operators.testing import VirtualClock
from tests.operators.kit import Handmade, probe


def test_the_first_counts_from_the_subscription_and_each_other_from_the_one_before():
    clock, publisher = VirtualClock(start=100), Handmade()
    flow = Flow.from_publisher(publisher).time_interval(scheduler=clock)
    clock.advance(1)
    seen = probe(flow, 9)
    clock.advance(0.25)
    publisher.emit("a", "b")
    clock.advance(0.5)
    publisher.emit("c")
    assert seen.items == [(0.25, "a"), (0.0, "b"), (0.5, "c")]
