"""count: how many items there are."""

from __future__ import annotations

import pytest

from operators import Flow
from tests.operators.kit import Handmade, probe
from tests.operators.ways import fails, gives


@pytest.mark.parametrize("many", [0, 1, 5, 300])
def test_the_number_everywhere(many: int):
    gives(lambda f: f.count(), range(many), [many])


def test_an_error_passes():
    fails(lambda f: f.count(), [1, 2], KeyError, error=KeyError())


def test_the_number_waits_for_demand():
    publisher = Handmade()
    seen = probe(Flow.from_publisher(publisher).count())
    publisher.complete()
    assert seen.signals == [("on_subscribe", None)]
    seen.request(1)
    assert seen.signals[1:] == [("on_next", 0), ("on_complete", None)]


def test_none_is_no_item_to_be_counted():
    for flow in (Flow.of(1, 2), Flow.from_publisher(Handmade([1, 2]))):
        with pytest.raises(TypeError, match="None is not an element"):
            flow.map({1: 1}.get).count().run()
