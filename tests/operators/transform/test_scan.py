"""scan: a running fold."""

from __future__ import annotations

import itertools
import operator
from typing import Any

import pytest

from operators import Flow
from tests.operators.kit import Handmade, notes, probe


def worlds(*items: Any) -> list[Flow[Any]]:
    return [Flow.of(*items), Flow.from_publisher(Handmade(items))]


def test_agrees_with_accumulate():
    for flow in worlds(1, 2, 3):
        assert list(flow.scan(operator.add)) == list(itertools.accumulate([1, 2, 3]))
    for flow in worlds(1, 2, 3):
        assert list(flow.scan(operator.add, 10)) == [11, 13, 16]
    for flow in worlds():
        assert list(flow.scan(operator.add, 10)) == []


def test_the_first_item_is_the_first_result_and_fn_is_not_called():
    for flow in worlds("only"):
        assert list(flow.scan(lambda a, b: 1 / 0)) == ["only"]


def test_none_may_be_a_seed():
    for flow in worlds(1, 2):
        nothing: Any = None
        assert list(flow.scan(lambda so_far, n: (so_far, n), nothing)) == [
            (None, 1),
            ((None, 1), 2),
        ]


def test_each_subscriber_begins_anew():
    flow = Flow.of(1, 2).scan(operator.add, 10)

    assert list(flow) == list(flow) == [11, 13]


def test_a_seed_that_is_changed_is_not_where_the_next_run_starts():
    def collect(so_far: Any, n: int) -> Any:
        so_far.append(n)
        return so_far

    seed: list[int] = []
    for flow in worlds(1, 2):
        assert list(flow.scan(collect, seed))[-1] == [1, 2]
    assert seed == []
    flow = Flow.of(1, 2).scan(collect, seed_factory=list)
    assert flow.run() == flow.run() == [1, 2]


def test_a_factory_is_called_for_each_run_and_fails_as_the_step():
    for flow in worlds(1, 2):
        failing = flow.scan(operator.add, seed_factory=lambda: 1 // 0)
        with pytest.raises(ZeroDivisionError) as caught:
            list(failing)
        assert "in scan, written at" in notes(caught.value)
    assert list(Flow.empty().scan(operator.add, seed_factory=lambda: 1 // 0)) == []


def test_one_result_for_each_item_asked_for():
    for flow in worlds(1, 2, 3):
        seen = probe(flow.scan(operator.add)).request(2)
        assert seen.items == [1, 3]
        seen.cancel()
