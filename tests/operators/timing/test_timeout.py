"""timeout: an error where an item, the first one, or the end takes too long."""

from __future__ import annotations

from typing import Any

import pytest

from operators import Flow
from operators.testing import VirtualClock
from reactive_streams import UNBOUNDED
from tests.operators.kit import Handmade, probe

A_TICK = 0.000_000_001


def opened(request: int = UNBOUNDED, **limits: Any) -> tuple[VirtualClock, Handmade, Any]:
    clock, publisher = VirtualClock(), Handmade()
    return (
        clock,
        publisher,
        probe(Flow.from_publisher(publisher).timeout(**limits, scheduler=clock), request),
    )


def test_each_item_has_its_time_to_the_tick():
    clock, publisher, seen = opened(each=1)
    for n in range(3):
        clock.advance(1 - A_TICK)
        publisher.emit(n)
    clock.advance(1 - A_TICK)
    assert not seen.ended
    clock.advance(A_TICK)
    assert isinstance(seen.error, TimeoutError)
    assert str(seen.error) == "an item was asked for, and did not come within 1 seconds"
    assert "in timeout, written at" in seen.error.__notes__[0]
    assert publisher.cancels == 1
    assert clock.pending == 0


def test_the_first_item_may_have_another_time():
    clock, publisher, seen = opened(each=1, first=10)
    clock.advance(9)
    publisher.emit("a")
    clock.advance(1 - A_TICK)
    assert not seen.ended
    clock.advance(A_TICK)
    assert isinstance(seen.error, TimeoutError)

    clock, publisher, seen = opened(first=2)
    clock.advance(1)
    publisher.emit("a")
    clock.advance(100)
    assert not seen.ended
    seen.cancel()

    clock, publisher, seen = opened(first=2)
    clock.advance(2)
    assert str(seen.error) == "the first item was asked for, and did not come within 2 seconds"


def test_the_whole_has_its_time_whatever_comes_meanwhile():
    clock, publisher, seen = opened(whole=3, each=1)
    for n in range(5):
        clock.advance(0.6 - A_TICK)
        publisher.emit(n)
    clock.advance(5 * A_TICK)
    assert str(seen.error) == "not at its end within 3 seconds"
    assert seen.items == [0, 1, 2, 3, 4]


def test_no_time_counts_while_nothing_is_asked_for():
    clock, publisher, seen = opened(0, each=1)
    clock.advance(100)
    assert not seen.ended
    seen.request(1)
    clock.advance(0.5)
    publisher.emit("a")
    clock.advance(100)
    assert not seen.ended
    seen.request(1)
    clock.advance(1 - A_TICK)
    assert not seen.ended
    clock.advance(A_TICK)
    assert isinstance(seen.error, TimeoutError)


def test_the_time_that_downstream_spends_on_an_item_does_not_count():
    clock, publisher = VirtualClock(), Handmade()
    flow = Flow.from_publisher(publisher).timeout(1, scheduler=clock)
    seen = probe(flow.tap(lambda _: clock.advance(50)), 1, each=1)
    publisher.emit("a")
    clock.advance(0.9)
    publisher.emit("b")
    clock.advance(0.9)
    assert seen.items == ["a", "b"]
    assert not seen.ended
    seen.cancel()


def test_nothing_is_pending_at_the_end():
    for limits in ({"each": 1}, {"first": 1}, {"whole": 1}):
        clock, publisher, seen = opened(**limits)
        publisher.emit(1)
        publisher.complete()
        assert seen.completed
        assert clock.pending == 0


def test_demand_passes():
    clock, publisher, seen = opened(2, each=1)
    seen.request(3)
    assert publisher.requests == [2, 3]
    seen.request(-1)
    assert isinstance(seen.error, ValueError)
    assert clock.pending == 0


def test_without_any_time_it_is_refused():
    with pytest.raises(TypeError, match="timeout: needs seconds"):
        Flow.range(3).timeout()


@pytest.mark.parametrize("over", ["item", "end"])
def test_an_item_and_the_end_of_its_time_at_once_are_one_of_the_two(over: str):
    """Two threads: it is not both delivered after the error, nor lost without one."""
    import threading

    for _ in range(50):
        clock, publisher, seen = opened(each=1)
        gate = threading.Barrier(2)

        def emit(publisher: Handmade = publisher, gate: threading.Barrier = gate) -> None:
            gate.wait()
            publisher.emit("a") if over == "item" else publisher.complete()

        thread = threading.Thread(target=emit)
        thread.start()
        gate.wait()
        clock.advance(1)
        thread.join()
        assert not seen.violations
        assert seen.ended or seen.items == ["a"]
        seen.cancel()
        assert clock.pending == 0
