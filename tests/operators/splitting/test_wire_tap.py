"""wire_tap: a second Subscriber, which has no say."""

from __future__ import annotations

from operators import Flow
from tests.operators.kit import Handmade, Probe, probe


def test_what_it_has_not_asked_for_it_misses():
    upstream, side = Handmade(), Probe(2)
    seen = probe(Flow.from_publisher(upstream).wire_tap(side, prefetch=4), 99)
    for n in range(20):
        upstream.emit(n)
    upstream.complete()

    assert seen.items == list(range(20))
    assert (side.items, side.completed) == ([0, 1], True)
