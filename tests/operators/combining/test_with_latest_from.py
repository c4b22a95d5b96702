"""with_latest_from: each item, with what others had last."""

from __future__ import annotations

from typing import Any

from operators import Flow
from reactive_streams import UNBOUNDED
from tests.operators.kit import Handmade, probe


def test_each_item_with_the_latest_at_its_time():
    main, other = Handmade(), Handmade()
    seen = probe(Flow.from_publisher(main).with_latest_from(Flow.from_publisher(other)), 99)
    main.emit(0)
    other.emit("a")
    main.emit(1)
    other.emit("b", "c")
    main.emit(2)

    assert seen.items == [(1, "a"), (2, "c")]


def test_an_item_is_asked_for_when_one_is_wanted():
    main, other = Handmade(), Handmade()
    seen = probe(Flow.from_publisher(main).with_latest_from(Flow.from_publisher(other)), 0)
    other.emit("a")
    assert main.asked == 0
    seen.request(2)
    main.emit(0)
    assert main.asked == 2
    main.emit(1)
    assert (seen.items, main.asked) == ([(0, "a"), (1, "a")], 2)


def test_what_came_too_early_and_what_was_never_used_is_discarded():
    main, other, discarded = Handmade(), Handmade(), list[Any]()
    flow = Flow.from_publisher(main).with_latest_from(Flow.from_publisher(other))
    seen = probe(flow.on_discard(discarded.append), 9)
    main.emit(0)
    other.emit("a", "b")
    main.emit(1)
    other.emit("c")
    seen.cancel()
    assert discarded == [0, "a", "c"]


def test_the_end_of_the_others_is_none_but_without_an_item():
    main, other = Handmade(), Handmade()
    seen = probe(Flow.from_publisher(main).with_latest_from(Flow.from_publisher(other)), 9)
    other.emit("a")
    other.complete()
    main.emit(0)
    assert (seen.items, seen.ended) == ([(0, "a")], False)
    assert probe(Flow.never().with_latest_from(Flow.empty()), 9).completed


def test_none_is_asked_for_in_place_of_what_comes_too_early_where_all_are_wanted():
    main = Handmade()
    probe(Flow.from_publisher(main).with_latest_from(Flow.never()), UNBOUNDED)
    main.emit(0, 1, 2)
    assert main.requests == [UNBOUNDED]
