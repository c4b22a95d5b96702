"""throttle: as many items a second as a rate allows, and none is lost."""

from __future__ import annotations

from typing import Any

import pytest

from operators import Flow
from operators.testing import VirtualClock
from reactive_streams import UNBOUNDED
from tests.operators.kit import Handmade, probe


def timed(flow: Flow[Any], clock: VirtualClock, *arguments: Any, **settings: Any) -> Flow[Any]:
    """Return pairs of time and item."""
    return flow.throttle(*arguments, scheduler=clock, **settings).timestamp(scheduler=clock)


def test_items_come_at_the_rate_to_the_tick_and_none_is_lost():
    clock = VirtualClock()
    seen = probe(timed(Flow.range(5), clock, 20), UNBOUNDED)
    clock.advance(0.049_999_999)
    assert seen.items == [(0, 0)]
    clock.advance(0.000_000_001)
    assert seen.items == [(0, 0), (0.05, 1)]
    clock.advance(1)
    assert seen.items == [(0, 0), (0.05, 1), (0.1, 2), (0.15, 3), (0.2, 4)]
    assert seen.completed
    assert clock.pending == 0


def test_a_burst_is_let_through_and_saved_up_again():
    clock, publisher = VirtualClock(), Handmade(range(100))
    seen = probe(timed(Flow.from_publisher(publisher), clock, 1, burst=3), 4)
    clock.advance(1)
    assert seen.items == [(0, 0), (0, 1), (0, 2), (1, 3)]
    clock.advance(100)
    seen.request(5)
    clock.advance(2)
    assert [time for time, _ in seen.items[4:]] == [101, 101, 101, 102, 103]
    seen.cancel()
    assert clock.pending == 0


def test_no_token_is_spent_on_what_was_not_asked_for():
    clock, publisher = VirtualClock(), Handmade(range(100))
    seen = probe(timed(Flow.from_publisher(publisher), clock, 1))
    clock.advance(100)
    assert (seen.items, publisher.requests) == ([], [1])
    seen.request(3)
    clock.advance(10)
    assert seen.items == [(100, 0), (101, 1), (102, 2)]
    seen.cancel()


def test_an_item_costs_what_the_function_says_and_more_than_the_burst_leaves_a_debt():
    clock = VirtualClock()
    seen = probe(timed(Flow.of(2, 1, 5, 1), clock, 1, burst=2, cost=float), UNBOUNDED)
    clock.advance(100)
    # The 5 waits for a full bucket, at 3 s, and leaves a debt of 3, which is paid at 6 s.
    assert seen.items == [(0, 2), (1, 1), (3, 5), (7, 1)]


def test_the_rate_may_be_read_while_it_runs():
    clock = VirtualClock()
    rate = [1.0]
    seen = probe(timed(Flow.range(100), clock, lambda: rate[0]), UNBOUNDED)
    clock.advance(2)
    assert [n for _, n in seen.items] == [0, 1, 2]
    rate[0] = 10.0
    clock.advance(1)
    assert len(seen.items) in (12, 13)
    rate[0] = 0.0
    clock.advance(0.2)
    before = len(seen.items)
    clock.advance(100)
    assert len(seen.items) == before
    rate[0] = 1.0
    clock.advance(5.1)
    assert len(seen.items) - before in (4, 5, 6)
    seen.cancel()
    assert clock.pending == 0


def test_the_end_waits_for_the_last_item():
    lost = KeyError()
    for error in (None, lost):
        clock, publisher = VirtualClock(), Handmade()
        seen = probe(Flow.from_publisher(publisher).throttle(1, scheduler=clock), UNBOUNDED)
        publisher.emit("a", "b")
        publisher.complete() if error is None else publisher.fail(error)
        assert not seen.ended
        clock.advance(1)
        assert seen.items == ["a", "b"]
        assert (seen.completed, seen.error) == (error is None, error)


def test_what_waits_is_discarded_by_a_cancel():
    clock, publisher, left = VirtualClock(), Handmade(), list[Any]()
    flow = Flow.from_publisher(publisher).throttle(1, scheduler=clock).on_discard(left.append)
    seen = probe(flow, UNBOUNDED)
    publisher.emit("a", "b")
    seen.cancel()
    assert (left, clock.pending, publisher.cancels) == (["b"], 0, 1)


def test_a_function_that_raises_or_gives_no_number_is_the_streams_error():
    bad: list[Any] = [lambda item: 1 // 0, lambda item: "1", lambda item: -1]
    for cost, kind in zip(bad, (ZeroDivisionError, TypeError, ValueError), strict=True):
        clock = VirtualClock()
        seen = probe(Flow.range(3).throttle(1, cost=cost, scheduler=clock), UNBOUNDED)
        assert isinstance(seen.error, kind)
        assert "in throttle, written at" in seen.error.__notes__[0]
        assert clock.pending == 0


def test_a_loop_takes_a_token_when_it_comes_for_the_item():
    assert list(Flow.range(5).throttle(500)) == [0, 1, 2, 3, 4]


def test_numbers_that_make_no_sense_are_refused():
    flow = Flow.range(3)
    with pytest.raises(ValueError, match="throttle: rate must be over 0"):
        flow.throttle(0)
    with pytest.raises(ValueError, match="throttle: burst must be over 0"):
        flow.throttle(1, burst=0)
    with pytest.raises(TypeError, match="throttle: rate must be a number"):
        flow.throttle("1")  # type: ignore[arg-type]
