"""map_not_none: another item for each item for which there is one."""

from __future__ import annotations

import pytest

from operators import Flow
from tests.operators.kit import Handmade, Pulled, notes, probe

SIZES = {0: 10, 2: 30, 5: 0}


def test_agrees_with_a_comprehension():
    for flow in (Flow.range(9), Flow.from_publisher(Handmade(range(9)))):
        assert list(flow.map_not_none(SIZES.get)) == [10, 30, 0]


def test_for_each_one_left_out_another_is_asked_for():
    publisher, pulled = Handmade(range(9)), Pulled(range(9))
    for flow in (Flow.from_publisher(publisher), Flow.from_iterable(pulled)):
        seen = probe(flow.map_not_none(SIZES.get)).request(2)
        assert seen.items == [10, 30]
        seen.cancel()
    assert publisher.asked == 3
    assert pulled.pulled == 3


def test_nothing_but_none_completes():
    assert list(Flow.range(3).map_not_none(lambda _: None)) == []


def test_an_error_names_it():
    with pytest.raises(KeyError) as caught:
        list(Flow.of(0, 1).map_not_none(SIZES.__getitem__))
    assert "in map_not_none, written at" in notes(caught.value)


def test_it_is_the_remedy_for_a_none():
    with pytest.raises(TypeError, match="map_not_none"):
        list(Flow.range(3).map(SIZES.get))
