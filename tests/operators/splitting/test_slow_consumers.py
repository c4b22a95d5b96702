"""Flows of flows, and consumers who take their time: what stalls is told from who is busy."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from operators import Emitter, Flow, GroupError
from operators.testing import VirtualClock
from reactive_streams import UNBOUNDED
from tests.operators.kit import Handmade, probe

Cut = Callable[[Flow[int], VirtualClock], Flow[Any]]
CUTS: dict[str, Cut] = {
    "window": lambda flow, clock: flow.window(2, prefetch=4, scheduler=clock),
    "window_until": lambda flow, clock: flow.window_until(
        lambda n: n % 2 == 1, prefetch=4, scheduler=clock
    ),
    "group_by": lambda flow, clock: flow.group_by(
        lambda n: n // 2, most=2, prefetch=4, scheduler=clock
    ),
}


@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS)
def test_who_asks_for_nothing_for_a_while_makes_no_stall(cut: Cut):
    clock = VirtualClock()
    seen = probe(cut(Flow.range(8), clock).concat_map(lambda flow: flow), 2)
    clock.advance(3600)
    assert (seen.items, seen.error) == ([0, 1], None)
    seen.request(UNBOUNDED)
    assert (seen.items, seen.completed) == (list(range(8)), True)


@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS)
def test_nor_does_who_asks_for_none_of_them(cut: Cut):
    clock = VirtualClock()
    seen = probe(cut(Flow.range(8), clock).concat_map(lambda flow: flow), 0)
    clock.advance(3600)
    seen.request(UNBOUNDED)
    assert (seen.items, seen.completed) == (list(range(8)), True)


def test_one_that_was_given_away_and_left_alone_is_a_stall():
    clock = VirtualClock()
    seen = probe(Flow.range(8).window(2, prefetch=4, scheduler=clock), 1)
    clock.advance(6)
    assert isinstance(seen.error, GroupError)
    assert "2 are open, 0 of them subscribed to, and 1 not even asked for" in str(seen.error)


def test_a_loop_that_is_busy_with_an_item_makes_no_stall():
    clock, more, seen = VirtualClock(), threading.Event(), list[str]()
    sent = threading.Event()

    def send(emitter: Emitter[str]) -> None:
        emitter.emit("a1")
        emitter.emit("c1")
        more.wait(20)
        for n in range(8):
            emitter.emit(f"b{n}")
        sent.set()

    groups = Flow.create(send).group_by(lambda text: text[0], prefetch=4, scheduler=clock)
    for item in groups.flat_map(lambda group: group):
        seen.append(item)
        if item == "c1":  # the groups of "a" and "c" have nothing, that of "b" has all places
            more.set()
            assert sent.wait(20)
            clock.advance(3600)
    assert seen == ["a1", "c1", *(f"b{n}" for n in range(8))]


def test_an_error_that_comes_by_a_group_and_by_their_flow_is_told_once():
    """Who has both is told of it by the one, while it asks the other for more."""
    clock, source = VirtualClock(), Handmade()
    windows = Flow.from_publisher(source).window_time(2, prefetch=4, scheduler=clock)
    seen = probe(windows.flat_map(lambda window: window.to_list(), concurrency=2), 0)
    source.emit(1, 2)
    clock.advance(3)
    source.emit(3)
    clock.advance(2)
    source.emit(4)
    source.fail(ValueError("x"))
    seen.request(UNBOUNDED)
    assert isinstance(seen.error, ValueError)  # and nothing was dropped: the fixture looks
