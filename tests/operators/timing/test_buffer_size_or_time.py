"""buffer_size_or_time: lists of so many items, or of what came within some time."""

from __future__ import annotations

from typing import Any

from operators import Flow
from operators.testing import VirtualClock
from reactive_streams import UNBOUNDED
from tests.operators.kit import Handmade, probe


def opened(request: int, size: int = 3) -> tuple[VirtualClock, Handmade, Any, list[Any]]:
    clock, publisher, left = VirtualClock(), Handmade(), list[Any]()
    flow = Flow.from_publisher(publisher).buffer_size_or_time(size, 1, scheduler=clock)
    return clock, publisher, probe(flow.on_discard(left.append), request), left


def test_a_list_comes_when_it_is_full_or_when_its_first_item_has_waited_for_its_time():
    clock, publisher, seen, _ = opened(UNBOUNDED)
    publisher.emit(1, 2, 3)
    assert seen.items == [[1, 2, 3]]
    clock.advance(0.7)
    publisher.emit(4)
    clock.advance(0.5)
    publisher.emit(5)
    clock.advance(0.499_999_999)
    assert seen.items == [[1, 2, 3]]
    clock.advance(0.000_000_001)
    assert seen.items == [[1, 2, 3], [4, 5]]
    publisher.emit(6)
    publisher.complete()
    assert (seen.items[2:], seen.completed, clock.pending) == ([[6]], True, 0)


def test_without_demand_it_holds_the_list_back_and_stops_asking():
    clock, publisher, seen, left = opened(0)
    assert publisher.requests == [3]
    publisher.emit(1, 2)
    clock.advance(10)
    publisher.emit(3)
    clock.advance(10)
    assert (seen.items, publisher.requests) == ([], [3])
    seen.request(1)
    assert (seen.items, publisher.requests) == ([[1, 2]], [3, 2])
    seen.cancel()
    assert (left, clock.pending) == ([3], 0)


def test_a_thousand_lists_have_one_pending_task():
    clock, publisher, seen, _ = opened(UNBOUNDED, 2)
    for n in range(2_000):
        publisher.emit(n)
        clock.advance(0.001)
        assert clock.pending <= 1
    assert len(seen.items) == 1_000
    seen.cancel()


def test_an_error_comes_after_the_lists_that_are_full():
    _, publisher, seen, left = opened(0, 2)
    publisher.emit(1, 2)
    publisher.fail(lost := KeyError())
    assert not seen.ended
    seen.request(1)
    assert (seen.items, seen.error, left) == ([[1, 2]], lost, [])
