"""shed: under load, items are dropped by age, by priority, or by how long they wait."""

from __future__ import annotations

from typing import Any

import pytest

from operators import Flow
from operators.testing import VirtualClock
from reactive_streams import UNBOUNDED
from tests.operators.kit import Handmade, probe


def opened(request: int = 0, **settings: Any) -> tuple[VirtualClock, Handmade, Any, list[Any]]:
    clock, publisher, dropped = VirtualClock(), Handmade(), list[Any]()
    flow = Flow.from_publisher(publisher).shed(on_drop=dropped.append, scheduler=clock, **settings)
    return clock, publisher, probe(flow, request), dropped


def test_what_is_too_old_when_its_turn_comes_is_dropped():
    clock, publisher, seen, dropped = opened(age=1)
    assert publisher.requests == [UNBOUNDED]
    publisher.emit("a")
    clock.advance(0.5)
    publisher.emit("b")
    clock.advance(0.500_000_001)
    seen.request(1)
    assert (seen.items, dropped) == (["b"], ["a"])
    publisher.emit("c")
    clock.advance(1)
    seen.request(1)
    assert (seen.items, dropped) == (["b", "c"], ["a"])


def test_the_lowest_priority_goes_first_and_of_equals_the_oldest():
    _, publisher, seen, dropped = opened(capacity=3, priority=lambda pair: pair[0])
    for pair in [(5, "a"), (1, "b"), (3, "c"), (3, "d"), (0, "e"), (3, "f"), (9, "g")]:
        publisher.emit(pair)
    assert dropped == [(1, "b"), (0, "e"), (3, "c"), (3, "d")]
    seen.request(9)
    assert seen.items == [(5, "a"), (3, "f"), (9, "g")]
    publisher.complete()
    assert seen.completed


def test_the_queue_stays_as_short_as_its_target():
    clock, publisher, seen, dropped = opened(capacity=UNBOUNDED, target=0.1, interval=1)
    waits: list[float] = []
    for n in range(4_000):  # two come for each that is taken, for 20 seconds
        publisher.emit((n, clock.now()))
        if n % 2:
            seen.request(1)
            waits.append(clock.now() - seen.items[-1][1])
        clock.advance(0.005)
    # It takes an interval, in which half a second's worth has piled up, until it is known.
    assert max(waits) < 0.7
    assert max(waits[150:]) <= 0.1 + 1e-9
    assert len(seen.items) == 2_000
    assert 1_900 < len(dropped) <= 2_000
    before = len(dropped)
    for n in range(1_000):  # then as many as are taken
        publisher.emit((n, clock.now()))
        seen.request(1)
        clock.advance(0.01)
    assert len(dropped) - before < 30
    clock.advance(5)
    publisher.emit(*[(n, clock.now()) for n in range(50)])  # a burst, late
    clock.advance(0.3)
    before = len(dropped)
    seen.request(50)
    assert len(dropped) == before
    seen.cancel()


def test_a_short_burst_is_let_through():
    clock, publisher, seen, dropped = opened(target=0.1, interval=1)
    for _ in range(5):
        publisher.emit(*range(10))
        clock.advance(0.2)
        seen.request(10)
        clock.advance(2)
    assert (len(seen.items), dropped) == (50, [])


def test_without_load_nothing_is_dropped_and_nothing_waits():
    _, publisher, seen, dropped = opened(
        UNBOUNDED, capacity=1, age=0, priority=lambda _: 0, target=0.1
    )
    publisher.emit(*range(1_000))
    publisher.complete()
    assert (seen.items, dropped, seen.completed) == (list(range(1_000)), [], True)


def test_what_is_dropped_goes_to_on_discard_without_a_function():
    left: list[Any] = []
    publisher = Handmade()
    flow = Flow.from_publisher(publisher).shed(2, priority=lambda n: n).on_discard(left.append)
    seen = probe(flow)
    publisher.emit(3, 1, 2)
    assert left == [1]
    seen.cancel()
    assert left == [1, 3, 2]


def test_the_end_comes_after_what_is_kept():
    lost = KeyError()
    for error in (None, lost):
        _, publisher, seen, _ = opened(age=1)
        publisher.emit("a")
        publisher.complete() if error is None else publisher.fail(error)
        assert not seen.ended
        seen.request(1)
        assert seen.items == ["a"]
        assert (seen.completed, seen.error) == (error is None, error)


def test_a_function_that_raises_is_the_streams_error():
    left: list[Any] = []
    publisher = Handmade()
    seen = probe(
        Flow.from_publisher(publisher).shed(2, priority=lambda n: 1 // n).on_discard(left.append)
    )
    publisher.emit(1, 0)
    assert isinstance(seen.error, ZeroDivisionError)
    assert "item: 0" in seen.error.__notes__[0]
    assert (left, publisher.cancels) == ([1, 0], 1)


def test_a_loop_gets_what_is_kept():
    assert list(Flow.range(1_000).shed(10, priority=lambda n: n)) == list(range(990, 1_000))


def test_it_needs_to_know_what_to_drop():
    with pytest.raises(TypeError, match="shed: needs a target, a priority or an age"):
        Flow.range(3).shed()
    with pytest.raises(TypeError, match="shed: an interval goes with a target"):
        Flow.range(3).shed(age=1, interval=2)
