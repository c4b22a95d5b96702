"""empty: the end."""

from __future__ import annotations

from operators import Flow
from tests.operators.kit import probe


def test_completes_without_demand():
    assert probe(Flow.empty()).signals == [("on_subscribe", None), ("on_complete", None)]


def test_what_is_asked_or_cancelled_after_the_end_has_no_effect():
    seen = probe(Flow.empty())
    seen.request(1).request(-1).cancel()

    assert seen.signals == [("on_subscribe", None), ("on_complete", None)]


def test_a_request_inside_on_subscribe_changes_nothing():
    assert probe(Flow.empty(), 5).signals == [("on_subscribe", None), ("on_complete", None)]


def test_runs_to_none():
    assert list(Flow.empty()) == []
    assert Flow.empty().run() is None


def test_the_end_passes_operators_at_once():
    flow = Flow.empty().map(str).filter(bool).buffer(3).limit_rate(2).take(4)

    assert probe(flow).signals == [("on_subscribe", None), ("on_complete", None)]
