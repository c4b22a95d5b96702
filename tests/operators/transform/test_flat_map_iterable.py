"""flat_map_iterable: the items of an iterable made of each item."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from operators import Flow
from tests.operators.kit import Handmade, Pulled, notes, probe


def worlds(items: Any, error: Exception | None = None) -> list[Flow[Any]]:
    return [Flow.from_iterable(Pulled(items, error)), Flow.from_publisher(Handmade(items, error))]


def test_agrees_with_chain():
    for flow in worlds([3, 0, 2]):
        assert list(flow.flat_map_iterable(range)) == list(itertools.chain(range(3), range(2)))


def test_completes_with_the_last_item_at_the_next_demand():
    for flow in worlds([2]):
        seen = probe(flow.flat_map_iterable(range)).request(2)
        assert seen.items == [0, 1]
        seen.request(1)
        assert seen.completed


def test_upstream_is_asked_for_one_when_there_is_demand_for_more():
    publisher = Handmade()
    seen = probe(Flow.from_publisher(publisher).flat_map_iterable(lambda n: [n] * 3))
    assert publisher.requests == []
    seen.request(2)
    assert publisher.requests == [1]
    publisher.emit("a")
    seen.request(1)
    assert (seen.items, publisher.requests) == (["a"] * 3, [1])
    seen.request(1)
    assert publisher.requests == [1, 1]


def test_one_iterable_is_open_at_a_time_and_pulled_on_demand():
    opened: list[Pulled] = []

    def make(n: int) -> Pulled:
        opened.append(Pulled([n, n + 1]))
        return opened[-1]

    for flow in worlds([0, 10, 20]):
        opened.clear()
        seen = probe(flow.flat_map_iterable(make)).request(3)
        assert seen.items == [0, 1, 10]
        assert [(it.pulled, it.closed) for it in opened] == [(2, 1), (1, 0)]
        seen.cancel()
        assert [(it.pulled, it.closed) for it in opened] == [(2, 1), (1, 1)]


@pytest.mark.parametrize("made", [5, None, object()])
def test_what_is_no_iterable_is_an_error(made: Any):
    for flow in worlds([1]):
        seen = probe(flow.flat_map_iterable(lambda n: made), 1)
        assert isinstance(seen.error, TypeError)
        assert f"fn must give an iterable, got {made!r}" in str(seen.error)


def test_an_error_inside_an_iterable_comes_after_its_items():
    def make(n: int) -> Iterator[int]:
        yield n
        raise OSError("inside")

    for flow in worlds([7, 8]):
        seen = probe(flow.flat_map_iterable(make), 9)
        assert seen.items == [7]
        assert isinstance(seen.error, OSError)
        assert "in flat_map_iterable, written at" in notes(seen.error)
        assert "item: 7" in notes(seen.error)


def test_an_error_of_upstream_comes_after_the_items_before_it():
    lost = KeyError()
    for flow in worlds([1, 2], lost):
        seen = probe(flow.flat_map_iterable(lambda n: [n, n])).request(1).request(9)
        assert seen.items == [1, 1, 2, 2]
        assert seen.error is lost


def test_an_item_that_waits_is_discarded():
    publisher = Handmade()
    left: list[int] = []
    seen: Any = None

    def make(n: int) -> list[int]:
        seen.cancel()
        return [n]

    seen = probe(Flow.from_publisher(publisher).flat_map_iterable(make).on_discard(left.append))
    seen.request(1)
    publisher.emit(1)
    publisher.emit(2)

    assert left == [2]
    assert len(seen.items) <= 1
    assert publisher.cancels == 1


def test_a_cleanup_that_raises_goes_to_the_hook(dropped: Any):
    def make(n: int) -> Iterator[int]:
        try:
            yield n
            yield n
        finally:
            raise OSError("cleanup")

    for flow in worlds([1, 2]):
        seen = probe(flow.flat_map_iterable(make)).request(1)
        seen.cancel()
        assert str(dropped.take(OSError)[0]) == "cleanup"
        assert not seen.ended


def test_one_inside_another():
    for flow in worlds([2, 3]):
        inner = flow.flat_map_iterable(range).flat_map_iterable(range).map(str)
        assert list(inner) == ["0", "0", "0", "1"]


def test_as_many_inside_each_other_as_one_likes():
    for flow in worlds([1]):
        for _ in range(30):
            flow = flow.flat_map_iterable(lambda n: [n])
        assert list(flow) == [1]


def test_a_future_which_can_be_iterated_is_to_be_awaited():
    loop = asyncio.new_event_loop()
    try:
        with pytest.raises(TypeError, match="map_async"):
            list(Flow.of(1).flat_map_iterable(lambda _: loop.create_future()))
    finally:
        loop.close()


@pytest.mark.parametrize("pushed", [False, True])
@pytest.mark.parametrize(
    "empty",
    [Flow.empty(), Flow.range(0), Flow.range(3).take(0), Flow.range(3).take(0).buffer(2)],
    ids=["empty", "range", "take", "buffer"],
)
def test_what_has_no_items_completes_without_demand(empty: Flow[Any], pushed: bool):
    flow = Flow.from_publisher(empty) if pushed else empty
    assert probe(flow.flat_map_iterable(range), 0).completed
    assert probe(flow.flat_map_iterable(range).map(str).take(3), 0).completed
