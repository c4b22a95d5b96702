"""sample: the latest item, every so often."""

from __future__ import annotations

from typing import Any

import pytest

from operators import Flow
from operators.testing import VirtualClock
from reactive_streams import UNBOUNDED
from tests.operators.kit import Handmade, probe


def test_the_latest_of_each_period_comes_at_its_end():
    clock, publisher, left = VirtualClock(), Handmade(), list[Any]()
    flow = Flow.from_publisher(publisher).sample(1, scheduler=clock).on_discard(left.append)
    seen = probe(flow, UNBOUNDED)
    publisher.emit("a", "b")
    clock.advance(0.999_999_999)
    assert seen.items == []
    clock.advance(0.000_000_001)
    assert (seen.items, left) == (["b"], ["a"])
    clock.advance(5)
    assert seen.items == ["b"]
    publisher.emit("c")
    clock.advance(1)
    publisher.emit("d")
    publisher.complete()
    assert (seen.items, seen.completed) == (["b", "c", "d"], True)
    assert clock.pending == 0


def test_it_asks_without_bound_and_holds_one_item_for_demand():
    clock, publisher, left = VirtualClock(), Handmade(), list[Any]()
    flow = Flow.from_publisher(publisher).sample(1, scheduler=clock).on_discard(left.append)
    seen = probe(flow)
    assert publisher.requests == [UNBOUNDED]
    for n in range(4):
        publisher.emit(n)
        clock.advance(1)
    assert (seen.items, left) == ([], [0, 1, 2])
    seen.request(1)
    assert seen.items == [3]
    seen.cancel()
    assert clock.pending == 0


def test_another_flow_may_give_the_times():
    publisher, times = Handmade(), Handmade()
    seen = probe(Flow.from_publisher(publisher).sample(Flow.from_publisher(times)), UNBOUNDED)
    assert times.requests == [UNBOUNDED]
    publisher.emit("a", "b")
    times.emit(0)
    times.emit(1)
    publisher.emit("c")
    times.complete()
    assert (seen.items, seen.completed, publisher.cancels) == (["b", "c"], True, 1)


def test_the_error_of_either_flow_ends_it():
    lost = KeyError()
    for first in (True, False):
        publisher, times = Handmade(), Handmade()
        seen = probe(Flow.from_publisher(publisher).sample(Flow.from_publisher(times)), UNBOUNDED)
        (publisher if first else times).fail(lost)
        assert seen.error is lost
        assert (publisher.cancels, times.cancels) == ((0, 1) if first else (1, 0))


def test_what_gives_no_times_is_refused():
    with pytest.raises(ValueError, match="sample: by must be at least"):
        Flow.range(3).sample(0)
    with pytest.raises(TypeError, match="sample: by must give a Flow or a Publisher"):
        Flow.range(3).sample("1")  # type: ignore[arg-type]
