"""buffer(size, skip): lists that share items, or leave some out between them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators import Flow
from reactive_streams import UNBOUNDED
from tests.operators.kit import Handmade, Pulled, probe
from tests.operators.ways import fails, gives


def expected(items: list[int], size: int, skip: int) -> list[list[int]]:
    return [items[n : n + size] for n in range(0, len(items), skip)]


@pytest.mark.parametrize("many", [0, 1, 5, 7])
@pytest.mark.parametrize(("size", "skip"), [(3, 1), (3, 2), (2, 3), (1, 3), (2, 2), (9, 2), (2, 9)])
def test_a_list_begins_at_every_so_many_everywhere(many: int, size: int, skip: int):
    items = list(range(many))
    gives(lambda f: f.buffer(size, skip), items, expected(items, size, skip))


@given(st.integers(1, 5), st.integers(1, 5), st.lists(st.integers(1, 4), min_size=1, max_size=5))
def test_so_many_lists_ask_for_just_their_items(size: int, skip: int, asked: list[int]):
    publisher = Handmade()
    seen = probe(Flow.from_publisher(publisher).buffer(size, skip))
    lists = 0
    for n in asked:
        seen.request(n)
        lists += n
        assert publisher.asked == size + skip * (lists - 1)
        publisher.emit(*range(publisher.emitted, publisher.asked))
        assert seen.items == expected(list(range(publisher.emitted)), size, skip)[:lists]
    assert seen.violations == []


def test_unbounded_demand():
    for skip in (1, 3):
        publisher = Handmade()
        probe(Flow.from_publisher(publisher).buffer(2, skip)).request(UNBOUNDED)
        assert publisher.requests == [UNBOUNDED]


def test_the_lists_begun_wait_for_demand_at_the_end():
    for flow in (Flow.from_iterable(Pulled(range(3))), Flow.from_publisher(Handmade(range(3)))):
        seen = probe(flow.buffer(3, 1)).request(1)
        assert seen.items == [[0, 1, 2]]
        seen.request(1)
        assert seen.items[1:] == [[1, 2]]
        assert not seen.completed
        seen.request(1)
        assert seen.items[2:] == [[2]]
        assert seen.completed


def test_what_is_in_no_list_yet_is_discarded():
    left: list[Any] = []
    fails(lambda f: f.buffer(3, 1).on_discard(left.append), range(4), KeyError,
          [[0, 1, 2], [1, 2, 3]], KeyError())  # fmt: skip
    assert left == []
    fails(
        lambda f: f.buffer(3, 2).on_discard(left.append),
        range(4),
        KeyError,
        [[0, 1, 2]],
        KeyError(),
    )
    assert left == [3] * 25
    left.clear()
    fails(
        lambda f: f.buffer(2, 3).on_discard(left.append), range(4), KeyError, [[0, 1]], KeyError()
    )
    assert left == [3] * 25


def test_each_list_is_a_new_one():
    first, second, *_ = Flow.range(5).buffer(3, 1)
    first.append(9)
    assert second == [1, 2, 3]
