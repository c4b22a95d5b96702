"""skip_until: the items from some time on, or from when another flow says so."""

from __future__ import annotations

from operators import Flow
from operators.testing import VirtualClock
from tests.operators.kit import Handmade, probe


def test_what_comes_before_its_time_is_left_out_to_the_tick():
    clock, publisher = VirtualClock(), Handmade()
    seen = probe(Flow.from_publisher(publisher).skip_until(1, scheduler=clock), 2)
    publisher.emit("a")
    clock.advance(0.999_999_999)
    publisher.emit("b")
    clock.advance(0.000_000_001)
    publisher.emit("c", "d")
    assert (seen.items, publisher.requests) == (["c", "d"], [2, 1, 1])


def test_an_item_or_the_end_of_another_flow_begins_it():
    for ends in (False, True):
        publisher, other = Handmade(), Handmade()
        seen = probe(Flow.from_publisher(publisher).skip_until(Flow.from_publisher(other)), 2)
        publisher.emit("a")
        assert (publisher.requests, other.requests) == ([2, 1], [1])
        other.complete() if ends else other.emit("now")
        assert other.cancels == (0 if ends else 1)
        publisher.emit("b", "c")
        publisher.complete()
        assert (seen.items, seen.completed) == (["b", "c"], True)


def test_one_that_says_so_at_once_skips_nothing():
    assert list(Flow.range(3).skip_until(Flow.of("now"))) == [0, 1, 2]


def test_an_error_of_the_other_flow_ends_it_before_its_first_item():
    publisher, other, lost = Handmade(), Handmade(), KeyError()
    seen = probe(Flow.from_publisher(publisher).skip_until(Flow.from_publisher(other)), 2)
    other.fail(lost)
    assert (seen.error, publisher.cancels) == (lost, 1)


def test_a_flow_that_never_says_so_gives_nothing():
    assert list(Flow.range(1000).skip_until(Flow.never())) == []
