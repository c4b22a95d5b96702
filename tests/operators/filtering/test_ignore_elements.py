"""ignore_elements: only the end."""

from __future__ import annotations

from typing import Any

from operators import Flow
from reactive_streams import UNBOUNDED
from tests.operators.kit import Handmade, probe
from tests.operators.ways import fails, gives


def test_no_item_and_the_end_everywhere():
    gives(lambda f: f.ignore_elements(), range(5), [])
    gives(lambda f: f.ignore_elements(), [], [])
    fails(lambda f: f.ignore_elements(), range(5), KeyError, error=KeyError())


def test_upstream_is_asked_once_and_without_bound():
    publisher = Handmade()
    seen = probe(Flow.from_publisher(publisher).ignore_elements())
    assert publisher.requests == []
    seen.request(1).request(5)
    assert publisher.requests == [UNBOUNDED]
    publisher.emit(1, 2)
    publisher.complete()
    assert seen.signals == [("on_subscribe", None), ("on_complete", None)]


def test_what_the_items_do_is_done():
    done: list[Any] = []
    gives(lambda f: f.tap(done.append).ignore_elements(), range(3), [])
    assert done == [0, 1, 2] * 25
