"""to_dict: all items in a dict."""

from __future__ import annotations

from operators import Flow
from tests.operators.kit import Handmade, notes, probe
from tests.operators.ways import fails, gives


def test_all_items_everywhere():
    words = ["one", "two", "three"]
    gives(lambda f: f.to_dict(len), words, [{3: "two", 5: "three"}])
    gives(lambda f: f.to_dict(str, len), words, [{word: len(word) for word in words}])
    gives(lambda f: f.to_dict(len), [], [{}])


def test_a_function_that_fails():
    error = fails(lambda f: f.to_dict(lambda n: 1 // n), [1, 0], ZeroDivisionError)
    assert "in to_dict, written at" in notes(error)
    assert "item: 0" in notes(error)
    fails(lambda f: f.to_dict(int, lambda n: 1 // n), [1, 0], ZeroDivisionError)
    fails(lambda f: f.to_dict(lambda n: [n]), [1], TypeError)


def test_the_values_are_discarded_at_a_cancel():
    publisher = Handmade()
    left: list[str] = []
    seen = probe(Flow.from_publisher(publisher).to_dict(len).on_discard(left.append), 1)
    publisher.emit("a", "bb")
    seen.cancel()
    assert left == ["a", "bb"]
