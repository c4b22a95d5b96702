"""sum: all items added up."""

from __future__ import annotations

import pytest

from operators import Flow
from tests.operators.kit import Handmade, notes
from tests.operators.ways import fails, gives


def test_agrees_with_the_language():
    gives(lambda f: f.sum(), range(9), [sum(range(9))])
    gives(lambda f: f.sum(), [], [0])
    gives(lambda f: f.sum(5), range(4), [sum(range(4), 5)])
    gives(lambda f: f.sum([]), [[1], [2]], [[1, 2]])


def test_a_start_that_can_change_is_not_changed():
    start: list[int] = []
    flow = Flow.of([1], [2]).sum(start)
    assert flow.run() == flow.run() == [1, 2]
    assert start == []


def test_what_cannot_be_added_fails_with_the_item():
    error = fails(lambda f: f.sum(), [1, "a"], TypeError)
    assert "in sum, written at" in notes(error)
    assert "item: 'a'" in notes(error)


def test_an_error_of_a_pushed_one_cancels_upstream():
    publisher = Handmade([1, "a", 2])
    with pytest.raises(TypeError):
        Flow.from_publisher(publisher).sum().run()
    assert (publisher.cancels, publisher.emitted) == (1, 2)


def test_a_start_of_none_is_refused():
    with pytest.raises(TypeError, match="sum: start"):
        Flow.of(1).sum(None)
