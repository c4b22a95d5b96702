"""keep_alive: another item where none comes for a while."""

from __future__ import annotations

from typing import Any

from operators import Flow
from operators.testing import VirtualClock
from reactive_streams import UNBOUNDED
from tests.operators.kit import Handmade, probe


def opened(request: int, fn: Any = lambda: "beat") -> tuple[VirtualClock, Handmade, Any, list[Any]]:
    clock, publisher, left = VirtualClock(), Handmade(), list[Any]()
    flow = Flow.from_publisher(publisher).keep_alive(1, fn, scheduler=clock)
    return clock, publisher, probe(flow.on_discard(left.append), request), left


def test_an_item_comes_wherever_none_has_come_for_its_time():
    clock, publisher, seen, _ = opened(UNBOUNDED)
    clock.advance(0.999_999_999)
    assert seen.items == []
    clock.advance(0.000_000_001)
    assert seen.items == ["beat"]
    clock.advance(0.5)
    publisher.emit("a")
    clock.advance(0.999_999_999)
    assert seen.items == ["beat", "a"]
    clock.advance(1.000_000_001)
    assert seen.items == ["beat", "a", "beat", "beat"]
    publisher.complete()
    assert (seen.completed, clock.pending) == (True, 0)


def test_none_comes_that_is_not_asked_for():
    clock, publisher, seen, left = opened(1)
    clock.advance(10)
    assert seen.items == ["beat"]
    publisher.emit("a")
    clock.advance(10)
    assert (seen.items, publisher.requests) == (["beat"], [1])
    seen.request(1)
    assert (seen.items, publisher.requests) == (["beat", "a"], [1, 1])
    publisher.emit("b")
    seen.cancel()
    assert (left, clock.pending) == (["b"], 0)


def test_an_error_of_the_function_is_the_streams():
    clock, publisher, seen, _ = opened(1, lambda: 1 // 0)
    clock.advance(1)
    assert isinstance(seen.error, ZeroDivisionError)
    assert "in keep_alive, written at" in seen.error.__notes__[0]
    assert (publisher.cancels, clock.pending) == (1, 0)
    clock, publisher, seen, _ = opened(1, lambda: None)
    clock.advance(1)
    assert "keep_alive" in str(seen.error)
    assert isinstance(seen.error, TypeError)
