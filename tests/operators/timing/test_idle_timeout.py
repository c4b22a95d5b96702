"""idle_timeout: an error where no item passes."""

from __future__ import annotations

from operators import Flow
from operators.testing import VirtualClock
from tests.operators.kit import Handmade, probe


def test_it_counts_whether_something_is_asked_for_or_not():
    for asked in (0, 1, 100):
        clock, publisher = VirtualClock(), Handmade()
        seen = probe(Flow.from_publisher(publisher).idle_timeout(1, scheduler=clock), asked)
        clock.advance(0.9)
        if asked:
            publisher.emit("a")
            clock.advance(0.999_999_999)
            assert not seen.ended
        clock.advance(0.1)
        assert isinstance(seen.error, TimeoutError)
        assert str(seen.error) == "no item has passed for 1 seconds"
        assert publisher.cancels == 1
        assert clock.pending == 0


def test_nothing_is_pending_at_the_end():
    clock = VirtualClock()
    seen = probe(Flow.range(3).idle_timeout(1, scheduler=clock), 5)
    assert (seen.items, seen.completed, clock.pending) == ([0, 1, 2], True, 0)
