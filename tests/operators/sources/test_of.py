"""of: the given items."""

from __future__ import annotations

from operators import Flow
from tests.operators.kit import probe


def test_the_items_in_order_for_each_subscriber():
    flow = Flow.of("a", "b", "c")

    assert list(flow) == list(flow) == ["a", "b", "c"]


def test_completes_with_the_last_item():
    seen = probe(Flow.of("a", "b")).request(1)
    assert not seen.ended

    seen.request(1)
    assert seen.signals[1:] == [("on_next", "a"), ("on_next", "b"), ("on_complete", None)]


def test_of_nothing_completes_without_demand():
    assert probe(Flow.of()).completed


def test_falsy_items_are_items():
    assert list(Flow.of(0, "", [], False)) == [0, "", [], False]
