"""delay: each item some time later."""

from __future__ import annotations

from operators import Flow
from operators.testing import VirtualClock
from reactive_streams import UNBOUNDED
from tests.operators.kit import Handmade, probe


def test_each_item_and_the_end_come_later_to_the_tick():
    clock, publisher = VirtualClock(), Handmade()
    seen = probe(Flow.from_publisher(publisher).delay(1, scheduler=clock), UNBOUNDED)
    publisher.emit("a")
    clock.advance(0.25)
    publisher.emit("b", "c")
    clock.advance(0.25)
    publisher.complete()
    clock.advance(0.499_999_999)
    assert seen.items == []
    clock.advance(0.000_000_001)
    assert seen.items == ["a"]
    clock.advance(0.25)
    assert (seen.items, seen.ended) == (["a", "b", "c"], False)
    clock.advance(0.25)
    assert seen.completed
    assert clock.pending == 0


def test_it_holds_no_more_than_its_prefetch_whatever_is_asked_for():
    clock = VirtualClock()
    pulled: list[int] = []
    flow = Flow.range(100).tap(pulled.append).delay(1, prefetch=8, scheduler=clock)
    seen = probe(flow, UNBOUNDED)
    assert len(pulled) == 8
    clock.advance(1)
    assert seen.items == list(range(8))
    assert len(pulled) == 16
    clock.advance(100)
    assert seen.items == list(range(100))
    assert seen.completed


def test_without_demand_it_waits_and_asks_no_more():
    clock = VirtualClock()
    pulled: list[int] = []
    seen = probe(Flow.range(100).tap(pulled.append).delay(1, prefetch=8, scheduler=clock), 3)
    clock.advance(100)
    assert (seen.items, len(pulled)) == ([0, 1, 2], 8)
    seen.request(3)
    assert (seen.items, len(pulled)) == (list(range(6)), 14)
    seen.cancel()


def test_an_error_comes_at_once_and_what_is_held_is_discarded():
    clock, publisher, left = VirtualClock(), Handmade(), list[str]()
    flow = Flow.from_publisher(publisher).delay(1, scheduler=clock).on_discard(left.append)
    seen = probe(flow, 1)
    publisher.emit("a", "b")
    clock.advance(0.5)
    publisher.emit("c")
    clock.advance(0.5)
    lost = KeyError()
    publisher.fail(lost)
    assert (seen.items, seen.error, left) == (["a"], lost, ["b", "c"])
    assert clock.pending == 0


def test_an_empty_flow_is_as_late():
    clock = VirtualClock()
    seen = probe(Flow.empty().delay(1, scheduler=clock), 1)
    assert not seen.ended
    clock.advance(1)
    assert seen.completed
