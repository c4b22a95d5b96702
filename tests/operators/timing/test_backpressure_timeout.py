"""backpressure_timeout: an error where nothing is asked for."""

from __future__ import annotations

from operators import Flow
from operators.testing import VirtualClock
from tests.operators.kit import Handmade, probe


def test_it_counts_while_nothing_is_asked_for_to_the_tick():
    clock, publisher = VirtualClock(), Handmade()
    seen = probe(Flow.from_publisher(publisher).backpressure_timeout(1, scheduler=clock))
    clock.advance(0.999_999_999)
    seen.request(2)
    clock.advance(100)
    publisher.emit("a")
    clock.advance(100)
    publisher.emit("b")
    clock.advance(0.999_999_999)
    assert not seen.ended
    clock.advance(0.000_000_001)
    assert isinstance(seen.error, TimeoutError)
    assert str(seen.error) == "nothing was asked for for 1 seconds"
    assert (seen.items, publisher.cancels, clock.pending) == (["a", "b"], 1, 0)


def test_who_asks_within_on_next_never_lets_it_wait():
    clock, publisher = VirtualClock(), Handmade()
    seen = probe(Flow.from_publisher(publisher).backpressure_timeout(1, scheduler=clock), 1, each=1)
    for n in range(3):
        publisher.emit(n)
        clock.advance(10)
    assert not seen.ended
    publisher.complete()
    assert (seen.items, seen.completed, clock.pending) == ([0, 1, 2], True, 0)
