"""distinct_until_changed: each item that differs from the one before."""

from __future__ import annotations

import itertools
from typing import Any

from operators import Flow
from tests.operators.kit import Handmade, notes, probe

ITEMS = [1, 1, 2, 2, 2, 1, 3]


def test_agrees_with_groupby():
    expected = [key for key, _ in itertools.groupby(ITEMS)]

    assert list(Flow.from_iterable(ITEMS).distinct_until_changed()) == expected
    assert list(Flow.from_publisher(Handmade(ITEMS)).distinct_until_changed()) == expected


def test_by_key():
    for flow in (Flow.from_iterable(ITEMS), Flow.from_publisher(Handmade(ITEMS))):
        assert list(flow.distinct_until_changed(lambda n: n % 2)) == [1, 2, 1]


def test_what_cannot_be_hashed_will_do():
    assert list(Flow.of([1], [1], [2]).distinct_until_changed()) == [[1], [2]]


def test_a_key_of_none_is_a_key():
    for flow in (Flow.of(1, 2), Flow.from_publisher(Handmade([1, 2]))):
        assert list(flow.distinct_until_changed({7: 8}.get)) == [1]


def test_a_comparison_that_raises_is_an_error():
    class Odd:
        def __eq__(self, other: object) -> bool:
            raise ArithmeticError("no")

        __hash__ = None  # type: ignore[assignment]

    worlds: list[Flow[Any]] = [Flow.of(Odd(), Odd()), Flow.from_publisher(Handmade([Odd(), Odd()]))]
    for flow in worlds:
        seen = probe(flow.distinct_until_changed(), 5)
        assert len(seen.items) == 1
        assert isinstance(seen.error, ArithmeticError)
        assert "in distinct_until_changed, written at" in notes(seen.error)
