"""timestamp: each item with the time at which it came."""

from __future__ import annotations

from operators import Flow
from operators.testing import VirtualClock
from tests.operators.kit import Handmade, probe


def test_the_time_is_that_of_the_clock():
    clock, publisher = VirtualClock(start=100), Handmade()
    seen = probe(Flow.from_publisher(publisher).timestamp(scheduler=clock), 9)
    publisher.emit("a")
    clock.advance(0.5)
    publisher.emit("b")
    assert seen.items == [(100.0, "a"), (100.5, "b")]
    assert publisher.requests == [9]
    assert clock.pending == 0
