"""last: the last item."""

from __future__ import annotations

import pytest

from operators import Flow, NoItemError
from reactive_streams import UNBOUNDED
from tests.operators.kit import Handmade, probe
from tests.operators.ways import fails, gives


def test_the_last_item_everywhere():
    gives(lambda f: f.last(), [3, 4, 5], [5])
    gives(lambda f: f.last(), [0], [0])
    gives(lambda f: f.take(4).last(), range(9), [3])


def test_no_items():
    error = fails(lambda f: f.last(), [], NoItemError)
    assert str(error) == "last: the flow had no items; give default=... for that"
    gives(lambda f: f.last(default=0), [], [0])


def test_an_error_passes_and_what_was_the_last_is_discarded():
    lost = KeyError("lost")
    left: list[int] = []
    fails(lambda f: f.last().on_discard(left.append), [1, 2], KeyError, error=lost)
    assert set(left) == {2}
    assert len(left) == 25


def test_upstream_is_asked_without_bound_once_there_is_demand():
    publisher = Handmade()
    seen = probe(Flow.from_publisher(publisher).last())
    assert publisher.requests == []
    seen.request(1).request(1)
    assert publisher.requests == [UNBOUNDED]
    publisher.emit(1, 2)
    assert seen.items == []
    publisher.complete()
    assert seen.signals[1:] == [("on_next", 2), ("on_complete", None)]


def test_a_cancel_discards_it():
    publisher = Handmade()
    left: list[int] = []
    seen = probe(Flow.from_publisher(publisher).last().on_discard(left.append), 1)
    publisher.emit(1, 2)
    seen.cancel()
    seen.cancel()
    assert (left, publisher.cancels) == ([2], 1)
    publisher.emit(3)
    assert left == [2, 3]


def test_a_default_of_none_is_refused():
    with pytest.raises(TypeError, match="last: default must not be None"):
        Flow.of(1).last(default=None)
