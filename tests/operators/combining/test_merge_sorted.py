"""merge_sorted: the items of flows in order, as one in order."""

from __future__ import annotations

from heapq import merge
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from operators import Flow
from tests.operators.kit import Handmade, Pulled, notes, probe
from tests.operators.ways import fails, gives


def both(items: Any) -> list[Flow[Any]]:
    return [Flow.from_iterable(items), Flow.from_publisher(Handmade(items))]


def test_in_order_everywhere():
    for other in (lambda *n: Flow.of(*n), lambda *n: Flow.from_publisher(Handmade(n))):
        gives(lambda f, of=other: f.merge_sorted(of(2, 3, 9), of()), [1, 4, 9], [1, 2, 3, 4, 9, 9])
        gives(lambda f, of=other: f.merge_sorted(of(1)), [], [1])
        gives(lambda f, of=other: f.merge_sorted(of(3, 1), key=lambda n: -n), [2], [3, 2, 1])
    gives(lambda f: f.merge_sorted(), [2, 1], [2, 1])


@given(st.lists(st.lists(st.integers(0, 9)).map(sorted), min_size=1, max_size=4))
def test_agrees_with_heapq(lists: list[list[int]]):
    pairs = [[(n, index) for n in items] for index, items in enumerate(lists)]
    expected = list(merge(*pairs, key=lambda pair: pair[0]))
    for world in (0, 1):
        first, *others = [both(items)[world] for items in pairs]
        assert list(first.merge_sorted(*others, key=lambda pair: pair[0])) == expected


def test_one_item_of_each_is_what_it_pulls_ahead():
    sides = [Pulled(range(0, 9, 3)), Pulled(range(1, 9, 3))]
    first, second = map(Flow.from_iterable, sides)
    seen = probe(first.merge_sorted(second)).request(2)
    assert seen.items == [0, 1]
    assert [side.pulled for side in sides] == [2, 1]


def test_prefetch_and_the_end():
    first, second = Handmade(), Handmade()
    flow = Flow.from_publisher(first).merge_sorted(Flow.from_publisher(second), prefetch=4)
    seen = probe(flow).request(9)
    assert (first.requests, second.requests) == ([4], [4])
    first.emit(1, 2)
    assert seen.items == []
    second.emit(3)
    assert seen.items == [1, 2]
    first.complete()
    assert seen.items == [1, 2, 3]
    second.complete()
    assert seen.completed


def test_what_cannot_be_compared_and_what_fails():
    left: list[Any] = []
    error = fails(lambda f: f.merge_sorted(Flow.of("a")).on_discard(left.append), [1], TypeError)
    assert "in merge_sorted, written at" in notes(error)
    assert sorted(map(str, left)) == ["1"] * 25 + ["a"] * 25
    fails(lambda f: f.merge_sorted(Flow.of(5), key=lambda n: 1 // n), [0], ZeroDivisionError)
    fails(lambda f: f.merge_sorted(Flow.of(5)), [], KeyError, error=KeyError())


def test_a_flow_that_fails_is_not_said_to_be_the_operators_doing():
    lost = KeyError("lost")
    fails(lambda f: f.merge_sorted(Flow.of(5)), [], KeyError, error=lost)
    assert "merge_sorted" not in notes(lost)
