"""of_type: the items of a class."""

from __future__ import annotations

from operators import Flow
from tests.operators.kit import Handmade, probe
from tests.operators.ways import gives

MIXED = [1, "a", True, 2.0, [3]]


def test_the_instances_everywhere():
    gives(lambda f: f.of_type(int), MIXED, [1, True])
    gives(lambda f: f.of_type((str, float)), MIXED, ["a", 2.0])
    gives(lambda f: f.of_type(bytes), MIXED, [])
    gives(lambda f: f.of_type(object), MIXED, MIXED)


def test_another_item_is_asked_for_in_place_of_one_that_is_left_out():
    publisher = Handmade()
    seen = probe(Flow.from_publisher(publisher).of_type(int), 1)
    publisher.emit("a", "b", 1)
    assert (publisher.requests, seen.items) == ([1, 1, 1], [1])
