"""cap_demand: no more than so many asked for at a time."""

from __future__ import annotations

from operators import Flow
from reactive_streams import UNBOUNDED
from tests.operators.kit import Handmade, probe
from tests.operators.ways import fails, gives


def test_the_same_items_everywhere():
    for most in (1, 3, 9, UNBOUNDED):
        gives(lambda f, most=most: f.cap_demand(most), range(5), [0, 1, 2, 3, 4])
    fails(lambda f: f.cap_demand(2), range(3), KeyError, [0, 1, 2], KeyError())


def test_the_next_are_asked_for_when_all_have_come():
    publisher = Handmade()
    seen = probe(Flow.from_publisher(publisher).cap_demand(3), UNBOUNDED)
    assert publisher.requests == [3]
    publisher.emit(0, 1)
    assert publisher.requests == [3]
    publisher.emit(2)
    assert publisher.requests == [3, 3]
    assert seen.items == [0, 1, 2]


def test_never_more_than_was_asked_of_it():
    publisher = Handmade()
    seen = probe(Flow.from_publisher(publisher).cap_demand(3)).request(2).request(2)
    assert publisher.requests == [2, 1]
    publisher.emit(0, 1, 2)
    assert publisher.requests == [2, 1, 1]
    assert seen.items == [0, 1, 2]
