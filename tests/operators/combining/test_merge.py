"""merge: the items of several flows, as they come."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from operators import Flow
from tests.operators.kit import Handmade, probe


def test_all_items_of_all():
    assert sorted(Flow.of(1, 2).merge(Flow.of(3), Handmade([4, 5]), Flow.empty())) == [
        1,
        2,
        3,
        4,
        5,
    ]
    assert list(Flow.of(1).merge()) == [1]


def test_items_come_as_they_come():
    first, second = Handmade(), Handmade()
    seen = probe(Flow.from_publisher(first).merge(second), 9)
    first.emit("a")
    second.emit("b")
    first.emit("c")
    first.complete()
    second.emit("d")
    assert not seen.ended
    second.complete()

    assert seen.items == ["a", "b", "c", "d"]
    assert seen.completed


def test_each_is_asked_for_its_prefetch():
    first, second = Handmade(), Handmade()
    seen = probe(Flow.from_publisher(first).merge(second, prefetch=4))
    assert (first.requests, second.requests) == ([4], [4])

    first.emit(1, 2, 3, 4)
    seen.request(3)
    assert (first.requests, second.requests) == ([4, 3], [4])
    seen.cancel()
    assert (first.cancels, second.cancels) == (1, 1)


def test_one_error_ends_all():
    lost = KeyError()
    first, second = Handmade(), Handmade()
    left: list[Any] = []
    seen = probe(Flow.from_publisher(first).merge(second).on_discard(left.append), 1)
    first.emit("a", "b")
    second.fail(lost)

    assert seen.items == ["a"]
    assert seen.error is lost
    assert (first.cancels, left) == (1, ["b"])


def test_none_starves_another():
    endless = [Flow.from_iterable(itertools.repeat(n)) for n in range(3)]
    seen = probe(endless[0].merge(*endless[1:], prefetch=5)).request(45)
    seen.cancel()

    assert [seen.items.count(n) for n in range(3)] == [15, 15, 15]


def test_a_thousand_in_a_row():
    flow = Flow.of(0)
    for n in range(1, 1000):
        flow = flow.merge(Flow.of(n))

    assert sorted(flow) == list(range(1000))


def test_a_merge_of_a_merge_keeps_the_prefetch_of_each():
    first, second, third = Handmade(), Handmade(), Handmade()
    flow = Flow.from_publisher(first).merge(second, prefetch=4).merge(third, prefetch=8)
    seen = probe(flow)

    assert (first.requests, second.requests) == ([4], [4])
    assert third.requests == [8]
    seen.cancel()


def test_a_named_merge_stays_a_stage():
    flow = Flow.of(1).merge(Flow.of(2)).named("inner").merge(Flow.of(3))
    titles = [stage.title for stage in flow.describe().stages]

    assert "merge 'inner'" in titles
    assert sorted(flow) == [1, 2, 3]


@pytest.mark.parametrize("end", ["cancel", "bad request"])
def test_what_is_held_is_discarded_once(end: str):
    first, second = Handmade(), Handmade()
    left: list[Any] = []
    seen = probe(Flow.from_publisher(first).merge(second).on_discard(left.append), 1)
    first.emit("a", "b")
    second.emit("c")
    seen.cancel() if end == "cancel" else seen.request(-1)

    assert sorted(left) == ["b", "c"]
