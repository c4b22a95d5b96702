"""window_time: a flow for each stretch of time in which something comes."""

from __future__ import annotations

from operators import Flow
from operators.testing import VirtualClock
from tests.operators.kit import Handmade, probe


def test_a_window_is_for_the_seconds_since_the_subscription():
    clock, upstream = VirtualClock(), Handmade()
    outer = probe(Flow.from_publisher(upstream).window_time(10.0, scheduler=clock), 99)
    clock.advance(9.0)
    upstream.emit("a")
    first = probe(outer.items[0], 99)
    clock.advance(0.9)
    upstream.emit("b")
    assert not first.ended
    clock.advance(0.1)
    assert (first.items, first.completed) == (["a", "b"], True)
    clock.advance(35.0)
    assert len(outer.items) == 1, "nothing came"
    upstream.emit("c")
    second = probe(outer.items[1], 99)
    clock.advance(5.0)
    assert (second.items, second.completed) == (["c"], True)


def test_a_window_ends_after_its_most_items_as_well():
    clock, upstream = VirtualClock(), Handmade()
    outer = probe(Flow.from_publisher(upstream).window_time(10.0, most=2, scheduler=clock), 99)
    upstream.emit(0, 1, 2)
    windows = [probe(window, 99) for window in outer.items]
    assert [seen.items for seen in windows] == [[0, 1], [2]]
    assert [seen.ended for seen in windows] == [True, False]
    clock.advance(10.0)
    assert windows[1].completed


def test_without_demand_nothing_is_emitted():
    clock, upstream = VirtualClock(), Handmade()
    flow = Flow.from_publisher(upstream).window_time(1.0, prefetch=4, scheduler=clock)
    outer = probe(flow, 0)
    for n in range(4):
        upstream.emit(n)
        clock.advance(1.0)
    assert (outer.items, upstream.asked) == ([], 4)
    outer.request(9)
    assert [probe(window, 9).items for window in outer.items] == [[0], [1], [2], [3]]
