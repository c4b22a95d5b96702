"""also_to: a second Subscriber, which counts for the pace."""

from __future__ import annotations

from operators import Flow
from tests.operators.kit import Handmade, Probe, probe


def test_both_have_all():
    side = Probe(9)
    assert list(Flow.range(4).also_to(side)) == [0, 1, 2, 3]
    assert (side.items, side.completed) == ([0, 1, 2, 3], True)


def test_the_slower_of_the_two_sets_the_pace():
    upstream, side = Handmade(), Probe(0)
    seen = probe(Flow.from_publisher(upstream).also_to(side, prefetch=4), 99)
    upstream.emit(0, 1, 2, 3)
    assert (seen.items, upstream.asked) == ([0, 1, 2, 3], 4)
    side.request(3)
    assert upstream.asked == 7


def test_when_downstream_leaves_the_other_completes_with_what_it_has():
    upstream, side = Handmade(), Probe(1)
    seen = probe(Flow.from_publisher(upstream).also_to(side), 99)
    upstream.emit(0, 1)
    seen.cancel()
    assert (side.items, side.ended, upstream.cancels) == ([0], False, 1)
    side.request(1)
    assert (side.items, side.completed) == ([0, 1], True)


def test_when_the_other_leaves_downstream_goes_on():
    upstream, side = Handmade(), Probe(1)
    seen = probe(Flow.from_publisher(upstream).also_to(side), 99)
    side.cancel()
    upstream.emit(0)
    assert (seen.items, upstream.cancels) == ([0], 0)


def test_an_error_comes_to_both():
    upstream, side = Handmade(), Probe(9)
    seen = probe(Flow.from_publisher(upstream).also_to(side), 9)
    upstream.fail(KeyError())
    assert (type(seen.error), type(side.error)) == (KeyError, KeyError)
