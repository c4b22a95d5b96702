"""debounce: an item after which nothing came for a while."""

from __future__ import annotations

from typing import Any

import pytest

from operators import Flow
from operators.testing import VirtualClock
from reactive_streams import UNBOUNDED
from tests.operators.kit import Handmade, probe


def opened(request: int = 0) -> tuple[VirtualClock, Handmade, Any, list[Any]]:
    clock, publisher, left = VirtualClock(), Handmade(), list[Any]()
    flow = Flow.from_publisher(publisher).debounce(1, scheduler=clock).on_discard(left.append)
    return clock, publisher, probe(flow, request), left


def test_an_item_comes_when_nothing_came_for_a_second_to_the_tick():
    clock, publisher, seen, left = opened(UNBOUNDED)
    publisher.emit("a")
    clock.advance(0.6)
    publisher.emit("b")
    clock.advance(0.999_999_999)
    assert (seen.items, left) == ([], ["a"])
    clock.advance(0.000_000_001)
    assert seen.items == ["b"]
    clock.advance(100)
    publisher.emit("c")
    clock.advance(1)
    assert (seen.items, left) == (["b", "c"], ["a"])


def test_a_million_moves_of_its_time_are_one_pending_task():
    clock, publisher, seen, left = opened(UNBOUNDED)
    for n in range(1_000):
        publisher.emit(n)
        clock.advance(0.5)
        assert clock.pending == 1
    clock.advance(0.5)
    assert seen.items == [999]
    assert len(left) == 999
    assert clock.pending == 0


def test_it_asks_without_bound_and_emits_nothing_that_is_not_asked_for():
    clock, publisher, seen, left = opened()
    assert publisher.requests == [UNBOUNDED]
    publisher.emit("a")
    clock.advance(1)
    assert seen.items == []
    publisher.emit("b")  # as long as its time runs the first one may still be asked for
    clock.advance(1)
    assert left == ["a"]
    seen.request(1)
    assert seen.items == ["b"]


def test_the_last_item_comes_with_the_end():
    clock, publisher, seen, _ = opened(1)
    publisher.emit("a")
    publisher.complete()
    assert (seen.items, seen.completed) == (["a"], True)
    assert clock.pending == 0


def test_an_item_whose_time_is_over_comes_before_the_error_and_another_is_discarded():
    clock, publisher, seen, left = opened()
    lost = KeyError()
    publisher.emit("a")
    clock.advance(1)
    publisher.emit("b")
    publisher.fail(lost)
    assert left == ["b"]
    assert not seen.ended
    seen.request(1)
    assert (seen.items, seen.error) == (["a"], lost)


def test_nothing_is_pending_after_a_cancel():
    clock, publisher, seen, left = opened(1)
    publisher.emit("a")
    seen.cancel()
    assert (clock.pending, publisher.cancels, left) == (0, 1, ["a"])
    publisher.emit("late")
    assert left == ["a", "late"]


def test_the_arguments_are_checked():
    flow = Flow.range(3)
    for bad in (-1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="debounce: seconds must be at least 0"):
            flow.debounce(bad)
    with pytest.raises(TypeError, match="debounce: seconds must be a number"):
        flow.debounce("1")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="not a Scheduler"):
        flow.debounce(1, scheduler=print)  # type: ignore[arg-type]
