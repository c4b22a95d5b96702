"""buffer_time: lists of what came within each period."""

from __future__ import annotations

from typing import Any

from operators import Flow
from operators.testing import VirtualClock
from reactive_streams import UNBOUNDED
from tests.operators.kit import Handmade, probe


def opened(request: int, capacity: int = 4) -> tuple[VirtualClock, Handmade, Any, list[Any]]:
    clock, publisher, left = VirtualClock(), Handmade(), list[Any]()
    flow = Flow.from_publisher(publisher).buffer_time(1, capacity=capacity, scheduler=clock)
    return clock, publisher, probe(flow.on_discard(left.append), request), left


def test_a_list_comes_at_the_end_of_each_period_in_which_something_came():
    clock, publisher, seen, _ = opened(UNBOUNDED)
    publisher.emit(1, 2)
    clock.advance(0.999_999_999)
    assert seen.items == []
    clock.advance(0.000_000_001)
    assert seen.items == [[1, 2]]
    clock.advance(3)
    assert seen.items == [[1, 2]]
    publisher.emit(3)
    publisher.complete()
    assert (seen.items, seen.completed, clock.pending) == ([[1, 2], [3]], True, 0)


def test_it_asks_for_no_more_than_there_is_room_for():
    clock, publisher, seen, left = opened(0)
    assert publisher.requests == [4]
    publisher.emit(1, 2)
    clock.advance(1)
    publisher.emit(3, 4)
    clock.advance(1)
    assert (seen.items, publisher.requests) == ([], [4])
    seen.request(1)
    assert (seen.items, publisher.requests) == ([[1, 2]], [4, 2])
    publisher.emit(5)
    seen.cancel()
    assert (left, clock.pending) == ([3, 4, 5], 0)


def test_an_error_comes_after_the_lists_of_earlier_periods():
    clock, publisher, seen, left = opened(0)
    publisher.emit(1)
    clock.advance(1)
    publisher.emit(2)
    lost = KeyError()
    publisher.fail(lost)
    assert left == [2]
    seen.request(1)
    assert (seen.items, seen.error) == ([[1]], lost)


def test_a_plain_loop_over_a_source_that_is_all_there_holds_no_more_than_its_capacity():
    assert list(Flow.range(4).buffer_time(0.01, capacity=3)) in (
        [[0, 1, 2], [3]],
        [[0], [1, 2], [3]],
    )
