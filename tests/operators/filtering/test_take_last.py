"""take_last: the last items."""

from __future__ import annotations

import pytest

from operators import Flow
from reactive_streams import UNBOUNDED
from tests.operators.kit import Handmade, probe
from tests.operators.ways import fails, gives


@pytest.mark.parametrize("n", [0, 1, 3, 5, 9, UNBOUNDED])
def test_the_last_n_everywhere(n: int):
    gives(lambda f: f.take_last(n), range(5), list(range(5))[-n:] if n else [])
    gives(lambda f: f.take_last(n).map(str), [], [])


def test_in_a_row_with_others_that_give_at_the_end():
    gives(lambda f: f.take_last(4).buffer(3).take_last(2).count(), range(9), [2])


def test_they_come_as_they_are_asked_for_and_the_end_with_the_last():
    for flow in (Flow.range(9), Flow.from_publisher(Handmade(range(9)))):
        seen = probe(flow.take_last(3)).request(1)
        assert seen.items == [6]
        assert not seen.ended
        seen.request(1)
        assert not seen.ended
        seen.request(1)
        assert seen.signals[1:] == [("on_next", n) for n in (6, 7, 8)] + [("on_complete", None)]


def test_upstream_is_asked_once_and_without_bound():
    publisher = Handmade()
    seen = probe(Flow.from_publisher(publisher).take_last(2))
    assert publisher.requests == []
    seen.request(1).request(5)
    assert publisher.requests == [UNBOUNDED]


def test_what_is_kept_is_discarded_at_an_error_and_at_a_cancel_also_in_the_midst_of_it():
    left: list[int] = []
    lost = KeyError()
    fails(lambda f: f.take_last(2).on_discard(left.append), range(5), KeyError, error=lost)
    assert left == [3, 4] * 25

    for flow in (Flow.range(5), Flow.from_publisher(Handmade(range(5)))):
        left.clear()
        seen = probe(flow.take_last(3).on_discard(left.append)).request(1)
        seen.cancel()
        assert (seen.items, left) == ([2], [3, 4])


def test_a_loop_that_is_left_discards_what_is_kept():
    left: list[int] = []
    for item in Flow.range(5).take_last(3).on_discard(left.append):
        assert item == 2
        break
    assert left == [3, 4]
