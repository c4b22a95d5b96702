"""default_if_empty: an item in place of a flow without items."""

from __future__ import annotations

from operators import Flow
from tests.operators.kit import Handmade, probe
from tests.operators.ways import fails, gives


def test_the_value_where_there_are_no_items_everywhere():
    gives(lambda f: f.default_if_empty(-1), [], [-1])
    gives(lambda f: f.default_if_empty(-1), [0], [0])
    gives(lambda f: f.default_if_empty(-1), range(5), [0, 1, 2, 3, 4])
    gives(lambda f: f.filter(lambda n: n > 9).default_if_empty(-1).map(str), range(5), ["-1"])


def test_an_error_is_no_empty_flow():
    fails(lambda f: f.default_if_empty(-1), [], KeyError, error=KeyError())
    fails(lambda f: f.default_if_empty(-1), [1], KeyError, [1], error=KeyError())


def test_the_value_waits_for_demand_and_the_end_comes_with_it():
    for flow in (Flow.empty(), Flow.from_publisher(Handmade([]))):
        seen = probe(flow.default_if_empty(-1))
        assert seen.signals == [("on_subscribe", None)]
        seen.request(1)
        assert seen.signals[1:] == [("on_next", -1), ("on_complete", None)]


def test_demand_passes_and_the_end_comes_with_the_last_item():
    publisher = Handmade()
    seen = probe(Flow.from_publisher(publisher).default_if_empty(-1)).request(2).request(3)
    assert publisher.requests == [2, 3]
    publisher.emit(1)
    publisher.complete()
    assert seen.signals[1:] == [("on_next", 1), ("on_complete", None)]

    seen = probe(Flow.of(1).default_if_empty(-1), 1)
    assert seen.items == [1]


def test_a_cancel_while_the_value_waits():
    seen = probe(Flow.from_publisher(Handmade([])).default_if_empty(-1))
    seen.cancel()
    seen.request(1)
    assert seen.signals == [("on_subscribe", None)]
