"""take_until: the items before some time, or before another flow says so."""

from __future__ import annotations

import pytest

from operators import Flow
from operators.testing import VirtualClock
from reactive_streams import UNBOUNDED
from tests.operators.kit import Handmade, probe


def test_it_ends_at_its_time_to_the_tick_with_or_without_demand():
    for asked in (2, UNBOUNDED):
        clock, publisher = VirtualClock(), Handmade()
        seen = probe(Flow.from_publisher(publisher).take_until(1, scheduler=clock), asked)
        publisher.emit("a")
        clock.advance(0.999_999_999)
        publisher.emit("b")
        assert not seen.ended
        clock.advance(0.000_000_001)
        assert (seen.items, seen.completed) == (["a", "b"], True)
        assert (publisher.cancels, clock.pending) == (1, 0)


def test_an_item_of_the_other_flow_ends_it():
    publisher, other = Handmade(), Handmade()
    seen = probe(Flow.from_publisher(publisher).take_until(Flow.from_publisher(other)), 5)
    assert (publisher.requests, other.requests) == ([5], [1])
    publisher.emit("a")
    other.emit("now")
    assert (seen.items, seen.completed) == (["a"], True)
    assert (publisher.cancels, other.cancels) == (1, 1)


def test_the_end_of_the_other_flow_ends_it():
    publisher, other = Handmade(), Handmade()
    seen = probe(Flow.from_publisher(publisher).take_until(Flow.from_publisher(other)), 5)
    other.complete()
    assert (seen.completed, publisher.cancels, other.cancels) == (True, 1, 0)


def test_one_that_says_so_at_once_lets_nothing_pass():
    publisher = Handmade(range(5))
    seen = probe(Flow.from_publisher(publisher).take_until(Flow.of("now")), 5)
    assert [name for name, _ in seen.signals] == ["on_subscribe", "on_complete"]
    assert publisher.cancels == 1
    assert list(Flow.range(5).take_until(Flow.empty())) == []


def test_the_error_of_the_other_flow_is_its_own():
    publisher, other, lost = Handmade(), Handmade(), KeyError()
    seen = probe(Flow.from_publisher(publisher).take_until(Flow.from_publisher(other)), 5)
    other.fail(lost)
    assert (seen.error, publisher.cancels) == (lost, 1)


def test_the_end_of_upstream_cancels_the_other_flow_and_the_timer():
    publisher, other, clock = Handmade(), Handmade(), VirtualClock()
    flow = Flow.from_publisher(publisher).take_until(9, scheduler=clock)
    seen = probe(flow.take_until(Flow.from_publisher(other)), 5)
    publisher.complete()
    assert (seen.completed, other.cancels, clock.pending) == (True, 1, 0)


def test_it_is_one_method_for_seconds_and_flows():
    with pytest.raises(TypeError, match="take_until: end must give a Flow or a Publisher"):
        Flow.range(3).take_until([1])  # type: ignore[arg-type]
