"""distinct: each item once."""

from __future__ import annotations

from typing import Any

from operators import Flow
from tests.operators.kit import Handmade, notes, probe

ITEMS = [1, 2, 1, 3, 2, 4]


def test_each_item_once_in_the_order_of_the_first():
    assert list(Flow.from_iterable(ITEMS).distinct()) == list(dict.fromkeys(ITEMS))
    assert list(Flow.from_publisher(Handmade(ITEMS)).distinct()) == list(dict.fromkeys(ITEMS))


def test_by_key():
    for flow in (Flow.from_iterable(ITEMS), Flow.from_publisher(Handmade(ITEMS))):
        assert list(flow.distinct(lambda n: n % 2)) == [1, 2]


def test_each_subscriber_begins_anew():
    flow = Flow.from_iterable(ITEMS).distinct()

    assert list(flow) == list(flow)


def test_request_brings_so_many_new_ones():
    for flow in (Flow.from_iterable(ITEMS), Flow.from_publisher(Handmade(ITEMS))):
        seen = probe(flow.distinct()).request(3)
        assert seen.items == [1, 2, 3]
        seen.cancel()


def test_what_cannot_be_hashed_is_an_error():
    worlds: list[Flow[Any]] = [Flow.of([1]), Flow.from_publisher(Handmade([[1]]))]
    for flow in worlds:
        seen = probe(flow.distinct(), 1)
        assert isinstance(seen.error, TypeError)
        assert "in distinct, written at" in notes(seen.error)
        assert "item: [1]" in notes(seen.error)
