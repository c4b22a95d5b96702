"""pairwise: each item with the one before."""

from __future__ import annotations

import itertools

import pytest

from operators import Flow
from tests.operators.kit import Handmade, Pulled, probe


@pytest.mark.parametrize("many", [0, 1, 2, 5])
def test_agrees_with_itertools(many: int):
    expected = list(itertools.pairwise(range(many)))

    assert list(Flow.range(many).pairwise()) == expected
    assert list(Flow.from_publisher(Handmade(range(many))).pairwise()) == expected


def test_the_first_item_is_asked_for_as_well_once():
    publisher, pulled = Handmade(range(9)), Pulled(range(9))
    for flow in (Flow.from_publisher(publisher), Flow.from_iterable(pulled)):
        seen = probe(flow.pairwise()).request(1).request(2)
        assert seen.items == [(0, 1), (1, 2), (2, 3)]
        seen.cancel()
    assert publisher.requests == [2, 2]
    assert pulled.pulled == 4


def test_twice():
    for flow in (Flow.range(4), Flow.from_publisher(Handmade(range(4)))):
        assert list(flow.pairwise().pairwise()) == [((0, 1), (1, 2)), ((1, 2), (2, 3))]
