"""start_with: some items before those of a flow."""

from __future__ import annotations

from operators import Flow
from tests.operators.kit import Handmade, Pulled, probe
from tests.operators.ways import fails, gives


def test_before_the_others_everywhere():
    gives(lambda f: f.start_with(-2, -1), [0, 1], [-2, -1, 0, 1])
    gives(lambda f: f.start_with(-1), [], [-1])
    gives(lambda f: f.start_with(), [1], [1])
    gives(lambda f: f.start_with(2).start_with(1), [3], [1, 2, 3])
    fails(lambda f: f.start_with(0), [1], KeyError, [0, 1], KeyError())


def test_upstream_is_asked_for_what_is_left_of_the_demand():
    publisher = Handmade()
    seen = probe(Flow.from_publisher(publisher).start_with("a", "b")).request(1)
    assert (seen.items, publisher.subscriber) == (["a"], None)
    seen.request(4)
    assert (seen.items, publisher.requests) == (["a", "b"], [3])

    pulled = Pulled(range(9))
    seen = probe(Flow.from_iterable(pulled).start_with("a"), 1)
    assert (seen.items, pulled.opened) == (["a"], 0)
