"""partition: each item goes to the flow whose number a function gives."""

from __future__ import annotations

from typing import Any

import pytest

from operators import Flow
from tests.operators.kit import Handmade, probe


def test_each_has_what_is_its_own():
    upstream = Handmade(range(9))
    seen = [probe(flow, 9) for flow in Flow.from_publisher(upstream).partition(lambda n: n % 3, 3)]
    assert [each.items for each in seen] == [[0, 3, 6], [1, 4, 7], [2, 5, 8]]


def test_the_one_that_an_item_is_for_sets_the_pace():
    upstream = Handmade()
    flows = Flow.from_publisher(upstream).partition(bool, prefetch=4)
    false, true = (probe(flow, n) for flow, n in zip(flows, (0, 99), strict=True))
    upstream.emit(1, 0, 0, 0)
    assert (true.items, upstream.asked) == ([1], 5)
    upstream.emit(0)
    assert upstream.asked == 5
    false.request(9)
    assert false.items == [0, 0, 0, 0]
    assert upstream.asked > 5


def test_what_is_for_one_who_has_left_is_discarded():
    upstream, discarded = Handmade(), list[Any]()
    flows = Flow.from_publisher(upstream).partition(bool)
    false, true = (probe(flow.on_discard(discarded.append), 9) for flow in flows)
    false.cancel()
    upstream.emit(0, 1)
    assert (discarded, true.items) == ([0], [1])


@pytest.mark.parametrize("number", [2, -1, "x", None])
def test_a_number_that_is_none_of_theirs_fails_all(number: Any):
    upstream = Handmade()
    flows = Flow.from_publisher(upstream).partition(lambda n: number)
    seen = [probe(flow, 9) for flow in flows]
    upstream.emit("a")
    for each in seen:
        assert isinstance(each.error, ValueError)
        assert "0 to 1" in str(each.error)
    assert upstream.cancels == 1
