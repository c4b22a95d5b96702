"""throttle_last: of the items of some time, the last."""

from __future__ import annotations

from typing import Any

from operators import Flow
from operators.testing import VirtualClock
from reactive_streams import UNBOUNDED
from tests.operators.kit import Handmade, probe


def test_the_time_begins_with_an_item_and_its_last_comes():
    clock, publisher, left = VirtualClock(), Handmade(), list[Any]()
    flow = Flow.from_publisher(publisher).throttle_last(1, scheduler=clock).on_discard(left.append)
    seen = probe(flow, UNBOUNDED)
    clock.advance(10.3)
    publisher.emit("a")
    clock.advance(0.6)
    publisher.emit("b")
    clock.advance(0.399_999_999)
    assert seen.items == []
    clock.advance(0.000_000_001)
    assert (seen.items, left) == (["b"], ["a"])
    assert clock.pending == 0
    clock.advance(3)
    publisher.emit("c")
    publisher.complete()
    assert (seen.items, seen.completed, clock.pending) == (["b", "c"], True, 0)


def test_it_holds_one_item_for_demand():
    clock, publisher, left = VirtualClock(), Handmade(), list[Any]()
    flow = Flow.from_publisher(publisher).throttle_last(1, scheduler=clock).on_discard(left.append)
    seen = probe(flow)
    assert publisher.requests == [UNBOUNDED]
    for n in range(4):
        publisher.emit(n)
        clock.advance(1)
    seen.request(1)
    assert (seen.items, left) == ([3], [0, 1, 2])
