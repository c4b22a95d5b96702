"""filter: the items that pass a test."""

from __future__ import annotations

from typing import Any

import pytest

from operators import Flow
from reactive_streams import UNBOUNDED
from tests.operators.kit import Handmade, Pulled, probe


@pytest.mark.parametrize("predicate", [lambda n: n % 3, bool, lambda n: None, lambda n: "yes", str])
def test_agrees_with_the_built_in(predicate: Any):
    assert list(Flow.range(10).filter(predicate)) == list(filter(predicate, range(10)))


def test_request_brings_so_many_that_pass():
    pulled = Pulled(range(100))
    seen = probe(Flow.from_iterable(pulled).filter(lambda n: n % 10 == 9)).request(2)

    assert seen.items == [9, 19]
    assert pulled.pulled == 20


def test_one_more_is_asked_for_each_that_is_left_out():
    publisher = Handmade()
    seen = probe(Flow.from_publisher(publisher).filter(lambda n: n % 3 == 0)).request(2)
    publisher.emit(1, 2, 3)
    assert publisher.requests == [2, 1, 1]
    publisher.emit(6)
    assert publisher.requests == [2, 1, 1]
    assert seen.items == [3, 6]


def test_nothing_more_is_asked_for_when_demand_is_unbounded():
    publisher = Handmade()
    probe(Flow.from_publisher(publisher).filter(lambda n: False), UNBOUNDED)
    publisher.emit(*range(10))

    assert publisher.requests == [UNBOUNDED]


def test_what_is_left_out_is_not_discarded():
    left: list[int] = []
    publisher = Handmade(range(5))
    flow = Flow.from_publisher(publisher).filter(lambda n: n > 2).on_discard(left.append)

    assert list(flow) == [3, 4]
    assert left == []


def test_a_long_run_that_does_not_pass_is_no_recursion():
    assert list(Flow.from_publisher(Handmade(range(5000))).filter(lambda n: n == 4999)) == [4999]
