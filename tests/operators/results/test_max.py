"""max: the largest item."""

from __future__ import annotations

import pytest

from operators import Flow, NoItemError
from tests.operators.kit import Handmade, notes, probe
from tests.operators.ways import fails, gives


@pytest.mark.parametrize("items", [[3, 1, 2], [1], [2, 2], [-1, 5, -7, 5]])
def test_agrees_with_the_language(items: list[int]):
    gives(lambda f: f.max(), items, [max(items)])
    gives(lambda f: f.max(abs), items, [max(items, key=abs)])
    gives(lambda f: f.max(default=9), items, [max(items)])


def test_the_first_of_several():
    words = ["bb", "aa", "c", "d"]
    gives(lambda f: f.max(len), words, [max(words, key=len)])


def test_no_items():
    fails(lambda f: f.max(), [], NoItemError)
    fails(lambda f: f.max(abs), [], NoItemError)
    gives(lambda f: f.max(default=0), [], [0])


def test_what_cannot_be_compared_fails_with_the_item():
    left: list[object] = []
    error = fails(lambda f: f.max().on_discard(left.append), [1, "a"], TypeError)
    assert "item: 'a'" in notes(error)
    assert set(left) == {1}
    fails(lambda f: f.max(lambda n: 1 // n), [1, 0], ZeroDivisionError)


def test_a_cancel_discards_what_is_held():
    publisher = Handmade()
    left: list[int] = []
    seen = probe(Flow.from_publisher(publisher).max().on_discard(left.append), 1)
    publisher.emit(2, 2, 2)
    seen.cancel()
    assert (left, publisher.cancels) == ([2], 1)
