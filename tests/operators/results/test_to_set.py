"""to_set: all items in a set."""

from __future__ import annotations

from operators import Flow
from tests.operators.kit import Handmade, notes, probe
from tests.operators.ways import fails, gives


def test_all_items_everywhere():
    gives(lambda f: f.to_set(), [1, 2, 1], [{1, 2}])
    gives(lambda f: f.to_set(), [], [set()])


def test_what_cannot_be_hashed_fails_with_the_item():
    error = fails(lambda f: f.to_set(), [1, []], TypeError)
    assert "item: []" in notes(error)


def test_the_items_are_discarded_at_a_cancel():
    publisher = Handmade()
    left: list[int] = []
    seen = probe(Flow.from_publisher(publisher).to_set().on_discard(left.append), 1)
    publisher.emit(1, 2, 1)
    seen.cancel()
    assert sorted(left) == [1, 2]
