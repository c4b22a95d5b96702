"""throttle_first: an item, and then none for some time."""

from __future__ import annotations

from operators import Flow
from operators.testing import VirtualClock
from tests.operators.kit import Handmade, probe


def test_what_comes_within_its_time_is_left_out_to_the_tick():
    clock, publisher = VirtualClock(), Handmade()
    seen = probe(Flow.from_publisher(publisher).throttle_first(1, scheduler=clock), 9)
    publisher.emit("a", "b")
    clock.advance(0.999_999_999)
    publisher.emit("c")
    clock.advance(0.000_000_001)
    publisher.emit("d")
    clock.advance(5)
    publisher.emit("e", "f")
    assert seen.items == ["a", "d", "e"]


def test_another_is_asked_for_in_place_of_each():
    clock, publisher = VirtualClock(), Handmade()
    seen = probe(Flow.from_publisher(publisher).throttle_first(1, scheduler=clock), 2)
    publisher.emit("a", "b")
    assert (seen.items, publisher.requests) == (["a"], [2, 1])


def test_each_run_has_its_own_time():
    flow = Flow.range(3).throttle_first(1, scheduler=VirtualClock())
    assert list(flow) == list(flow) == [0]
