"""combine_latest: a tuple whenever one of the flows has another item."""

from __future__ import annotations

import itertools
from typing import Any

from operators import Flow
from operators.schedulers import thread
from tests.operators.kit import Handmade, probe


def test_a_tuple_for_each_item_once_all_have_had_one():
    left, right = Handmade(), Handmade()
    seen = probe(Flow.from_publisher(left).combine_latest(Flow.from_publisher(right)), 99)
    left.emit(1, 2)
    assert seen.items == []
    right.emit("a")
    left.emit(3)
    right.emit("b")

    assert seen.items == [(2, "a"), (3, "a"), (3, "b")]


def test_each_side_waits_for_what_is_emitted_of_it():
    left, right = Handmade(), Handmade()
    flow = Flow.from_publisher(left).combine_latest(Flow.from_publisher(right), prefetch=4)
    seen = probe(flow, 0)
    right.emit("a")
    left.emit(0, 1, 2, 3)
    assert (left.asked, right.asked) == (4, 4)
    seen.request(3)
    assert (seen.items, left.asked) == ([(0, "a"), (1, "a"), (2, "a")], 7)


def test_what_was_replaced_before_there_was_a_tuple_is_discarded():
    left, right, discarded = Handmade(), Handmade(), list[Any]()
    flow = Flow.from_publisher(left).combine_latest(Flow.from_publisher(right))
    seen = probe(flow.on_discard(discarded.append), 9)
    left.emit(0, 1)
    assert discarded == [0]
    seen.cancel()
    assert discarded == [0, 1]


def test_it_completes_when_all_have():
    left, right = Handmade(), Handmade()
    seen = probe(Flow.from_publisher(left).combine_latest(Flow.from_publisher(right)), 9)
    left.emit(0)
    left.complete()
    right.emit("a", "b")
    assert (seen.items, seen.ended) == ([(0, "a"), (0, "b")], False)
    right.complete()
    assert seen.completed


def test_it_completes_with_one_that_has_nothing():
    left, right = Handmade(), Handmade()
    seen = probe(Flow.from_publisher(left).combine_latest(Flow.from_publisher(right)), 9)
    left.emit(0)
    right.complete()
    assert seen.completed
    assert left.cancels


def test_on_threads_nothing_is_lost():
    left = Flow.range(1_000).publish_on(thread())
    right = Flow.range(1_000).publish_on(thread())
    seen = list(left.combine_latest(right))

    assert seen[-1] == (999, 999)
    assert all(a[0] <= b[0] and a[1] <= b[1] for a, b in itertools.pairwise(seen))
