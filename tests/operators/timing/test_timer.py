"""timer: one item, when some time has gone by."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from operators import Flow
from operators.schedulers import Worker
from operators.testing import VirtualClock
from tests.operators.kit import notes, probe


def test_it_comes_at_its_time_and_ends():
    clock = VirtualClock()
    seen = probe(Flow.timer(2, scheduler=clock), 1)
    clock.advance(1.999_999_999)
    assert not seen.items
    clock.advance(0.000_000_001)
    assert (seen.items, seen.completed) == ([0], True)
    assert clock.pending == 0


def test_it_waits_for_demand():
    clock = VirtualClock()
    seen = probe(Flow.timer(2, scheduler=clock))
    clock.advance(100)
    assert not seen.items
    seen.request(1)
    assert (seen.items, seen.completed) == ([0], True)


def test_a_cancel_leaves_nothing_pending():
    clock = VirtualClock()
    seen = probe(Flow.timer(2, scheduler=clock), 1)
    seen.cancel()
    assert clock.pending == 0
    clock.advance(3)
    assert seen.items == []


def test_a_bad_request_is_answered():
    seen = probe(Flow.timer(2, scheduler=VirtualClock()), -1)
    assert isinstance(seen.error, ValueError)


def test_time_without_end_is_refused():
    with pytest.raises(ValueError, match="timer: seconds must be at least 0"):
        Flow.timer(float("inf"))


class NoWorker:
    def now(self) -> float:
        return 0.0

    def worker(self) -> Worker:
        raise OSError("no worker")


@pytest.mark.parametrize("make", [Flow.timer, Flow.interval])
def test_a_scheduler_without_a_worker_fails_the_flow(make: Callable[..., Flow[int]]):
    flow = make(1, scheduler=NoWorker())
    seen = probe(flow, 1)
    assert isinstance(seen.error, OSError)
    assert make.__name__ in notes(seen.error)
    with pytest.raises(OSError, match="no worker"):
        list(flow)
