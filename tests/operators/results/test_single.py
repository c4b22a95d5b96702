"""single: the only item."""

from __future__ import annotations

import pytest

from operators import Flow, ManyItemsError, NoItemError
from tests.operators.kit import Handmade, notes, probe
from tests.operators.ways import fails, gives


def test_the_only_item_everywhere():
    gives(lambda f: f.single(), ["alone"], ["alone"])
    gives(lambda f: f.single(default=1), [0], [0])


def test_no_items():
    fails(lambda f: f.single(), [], NoItemError)
    gives(lambda f: f.single(default=0), [], [0])


def test_a_second_item_is_an_error_and_the_first_is_discarded():
    left: list[int] = []
    error = fails(lambda f: f.single().on_discard(left.append), [1, 2, 3], ManyItemsError)
    assert "more than one item" in str(error)
    assert "in single, written at" in notes(error)
    assert set(left) == {1}


def test_two_items_are_asked_for_and_upstream_is_left_at_the_second():
    publisher = Handmade()
    seen = probe(Flow.from_publisher(publisher).single()).request(1).request(7)
    assert publisher.requests == [2]
    publisher.emit(1)
    assert seen.items == []
    publisher.emit(2)
    assert isinstance(seen.error, ManyItemsError)
    assert publisher.cancels == 1


def test_a_default_of_none_is_refused():
    with pytest.raises(TypeError, match="single: default must not be None"):
        Flow.of(1).single(default=None)
