"""buffer_weighted: lists of items that weigh no more than a limit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators import Flow
from tests.operators.kit import Handmade, notes, probe
from tests.operators.ways import fails, gives


def test_as_many_as_fit_everywhere():
    gives(
        lambda f: f.buffer_weighted(5, lambda n: n),
        [1, 2, 3, 4, 5, 1],
        [[1, 2], [3], [4], [5], [1]],
    )
    gives(lambda f: f.buffer_weighted(3, lambda n: n), [3, 3], [[3], [3]])
    gives(lambda f: f.buffer_weighted(3, lambda n: n), [9, 1, 9, 9], [[9], [1], [9], [9]])
    gives(lambda f: f.buffer_weighted(0.5, lambda n: n / 10), [1, 2, 2, 3], [[1, 2, 2], [3]])
    gives(lambda f: f.buffer_weighted(3, len), [], [])


@given(st.lists(st.integers(0, 9), max_size=20), st.integers(1, 12))
def test_nothing_is_lost_and_nothing_too_heavy(items: list[int], limit: int):
    for flow in (Flow.from_iterable(items), Flow.from_publisher(Handmade(items))):
        lists = list(flow.buffer_weighted(limit, lambda n: n))
        assert [n for made in lists for n in made] == items
        assert all(len(made) == 1 or sum(made) <= limit for made in lists)


def test_one_more_is_asked_for_until_a_list_is_there():
    publisher = Handmade()
    seen = probe(Flow.from_publisher(publisher).buffer_weighted(3, lambda n: n), 1)
    publisher.emit(1, 1)
    assert (publisher.requests, seen.items) == ([1, 1, 1], [])
    publisher.emit(2)
    assert (publisher.requests, seen.items) == ([1, 1, 1], [[1, 1]])
    publisher.complete()
    assert not seen.completed
    seen.request(1)
    assert seen.signals[-2:] == [("on_next", [2]), ("on_complete", None)]


def test_the_list_begun_is_discarded_at_an_error():
    left: list[int] = []
    build = lambda f: f.buffer_weighted(3, lambda n: n).on_discard(left.append)  # noqa: E731
    fails(build, [3, 1], KeyError, [[3]], KeyError())
    assert left == [1] * 25
    error = fails(lambda f: f.buffer_weighted(3, lambda n: 1 // n), [0], ZeroDivisionError)
    assert "in buffer_weighted, written at" in notes(error)


def test_a_limit_that_is_no_number():
    for limit in (float("nan"), 0, -1):
        with pytest.raises(ValueError, match="limit must be greater than 0"):
            Flow.of("a").buffer_weighted(limit, len)
