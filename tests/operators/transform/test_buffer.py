"""buffer: lists of items."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from operators import Flow
from reactive_streams import UNBOUNDED
from tests.operators.kit import Handmade, Pulled, probe


def worlds(items: Any, error: Exception | None = None) -> list[Flow[Any]]:
    return [Flow.from_iterable(Pulled(items, error)), Flow.from_publisher(Handmade(items, error))]


@pytest.mark.parametrize("size", [1, 2, 5, 6, UNBOUNDED])
@pytest.mark.parametrize("many", [0, 1, 5, 6])
def test_lists_of_that_size_and_a_rest(size: int, many: int):
    items = list(range(many))
    expected = [items[n : n + size] for n in range(0, many, min(size, 100))]

    for flow in worlds(items):
        assert list(flow.buffer(size)) == expected


def test_a_list_asks_for_so_many_items():
    publisher = Handmade()
    seen = probe(Flow.from_publisher(publisher).buffer(3)).request(2).request(UNBOUNDED)
    assert publisher.requests == [6, UNBOUNDED]

    publisher.emit(*range(7))
    assert seen.items == [[0, 1, 2], [3, 4, 5]]
    publisher.complete()
    assert seen.items[2:] == [[6]]
    assert seen.completed


def test_each_list_is_a_new_one():
    for flow in worlds(range(4)):
        first, second = flow.buffer(2)
        first.append("mine")
        assert second == [2, 3]


def test_a_list_begun_is_discarded_at_an_error():
    lost = KeyError("lost")
    for flow in worlds(range(5), lost):
        left: list[int] = []
        seen = probe(flow.buffer(2).on_discard(left.append), 9)
        assert seen.items == [[0, 1], [2, 3]]
        assert seen.error is lost
        assert left == [4]


def test_a_list_begun_is_discarded_at_a_cancel():
    publisher = Handmade()
    left: list[int] = []
    seen = probe(Flow.from_publisher(publisher).buffer(3).on_discard(left.append), 2)
    publisher.emit(*range(5))
    seen.cancel()
    seen.cancel()
    assert (seen.items, left) == ([[0, 1, 2]], [3, 4])

    publisher.emit(5)
    assert left == [3, 4, 5]


@pytest.mark.parametrize("world", ["fused", "pushed"])
def test_a_cancel_from_inside_an_operator_above_loses_nothing(world: str):
    left: list[Any] = []
    probes: list[Any] = []

    def cancel_at_two(n: int) -> int:
        if n == 2:
            probes[0].cancel()
        return n

    source: Flow[int] = (
        Flow.range(9) if world == "fused" else Flow.from_publisher(Handmade(range(9)))
    )
    seen = probe(source.map(cancel_at_two).buffer(4).on_discard(left.append))
    probes.append(seen)
    seen.request(1)

    delivered = [n for it in seen.items for n in it]
    assert sorted([*delivered, *left]) == list(range(len(delivered) + len(left)))
    assert len(delivered) + len(left) >= 3


def test_a_cancel_from_another_thread_loses_nothing():
    for _ in range(200):
        left: list[Any] = []
        publisher = Handmade()
        seen = probe(Flow.from_publisher(publisher).buffer(3).on_discard(left.append), UNBOUNDED)
        emitting = threading.Thread(target=publisher.emit, args=range(20))
        emitting.start()
        seen.cancel()
        emitting.join()

        delivered = [n for it in seen.items for n in it]
        # A list that was full when the cancel came is discarded as the item that it is.
        discarded = [n for it in left for n in (it if isinstance(it, list) else [it])]
        assert sorted([*delivered, *discarded]) == list(range(20))


def test_behind_take_and_in_front_of_it():
    for flow in worlds(range(9)):
        assert list(flow.take(5).buffer(2)) == [[0, 1], [2, 3], [4]]
    for flow in worlds(range(9)):
        assert list(flow.buffer(2).take(2)) == [[0, 1], [2, 3]]


def test_lists_of_lists():
    for flow in worlds(range(5)):
        assert list(flow.buffer(2).buffer(2)) == [[[0, 1], [2, 3]], [[4]]]
