"""skip: all but the first items."""

from __future__ import annotations

import pytest

from operators import Flow
from reactive_streams import UNBOUNDED
from tests.operators.kit import Handmade, probe


@pytest.mark.parametrize("n", [0, 1, 4, 5, 9, UNBOUNDED])
def test_the_rest(n: int):
    assert list(Flow.range(5).skip(n)) == list(range(min(n, 5), 5))
    assert list(Flow.from_publisher(Handmade(range(5))).skip(n)) == list(range(min(n, 5), 5))


def test_what_is_skipped_is_asked_for_once():
    publisher = Handmade()
    seen = probe(Flow.from_publisher(publisher).skip(3)).request(2).request(4)
    assert publisher.requests == [5, 4]

    publisher.emit(*range(9))
    assert seen.items == [3, 4, 5, 6, 7, 8]


def test_skips_add_up():
    for flow in (Flow.range(9), Flow.from_publisher(Handmade(range(9)))):
        assert list(flow.skip(2).skip(3)) == [5, 6, 7, 8]


def test_in_front_of_and_behind_take():
    for flow in (Flow.range(9), Flow.from_publisher(Handmade(range(9)))):
        assert list(flow.skip(2).take(3)) == [2, 3, 4]
    for flow in (Flow.range(9), Flow.from_publisher(Handmade(range(9)))):
        assert list(flow.take(3).skip(2)) == [2]


def test_unbounded_demand_stays_so():
    publisher = Handmade()
    probe(Flow.from_publisher(publisher).skip(3), UNBOUNDED)

    assert publisher.requests == [UNBOUNDED]
