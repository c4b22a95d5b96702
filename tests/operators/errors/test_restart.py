"""restart: a source that is to run for ever is begun again when it ends."""

from __future__ import annotations

from typing import Any

from operators import Attempt, Backoff, Flow
from operators.testing import VirtualClock
from tests.operators.kit import BAD_REQUESTS, Handmade, probe


def test_it_begins_again_after_a_completion_and_after_an_error_with_growing_pauses():
    clock, begun, told = VirtualClock(), list[float](), list[Attempt]()

    def begin() -> Flow[Any]:
        begun.append(clock.now())
        return Flow.of(len(begun)).concat(Flow.error(OSError()) if len(begun) % 2 else Flow.empty())

    flow = Flow.defer(begin).restart(Backoff(1, most=5), on_restart=told.append, scheduler=clock)
    seen = probe(flow, 99)
    clock.advance(16)
    assert begun == [0, 1, 3, 7, 12]
    assert seen.items == [1, 2, 3, 4, 5]
    assert [type(each.error) for each in told[:2]] == [OSError, type(None)]
    assert [(each.number, each.pause) for each in told] == [(1, 1), (2, 2), (3, 4), (4, 5), (5, 5)]
    seen.cancel()
    assert clock.pending == 0


def test_after_a_run_that_was_well_for_long_the_pauses_begin_with_the_first():
    clock, begun = VirtualClock(), list[float]()
    publishers: list[Handmade] = []

    def begin() -> Flow[Any]:
        begun.append(clock.now())
        publishers.append(Handmade())
        return Flow.from_publisher(publishers[-1])

    seen = probe(Flow.defer(begin).restart(Backoff(1, factor=4, most=8), scheduler=clock), 99)
    publishers[-1].complete()
    clock.advance(1)
    publishers[-1].complete()
    clock.advance(4)
    clock.advance(8)
    publishers[-1].complete()
    clock.advance(1)
    assert begun == [0, 1, 5, 14]
    seen.cancel()


def test_after_the_last_restart_the_end_is_passed_on():
    clock = VirtualClock()
    seen = probe(Flow.of(1).restart(1, times=2, scheduler=clock), 99)
    clock.advance(9)
    assert (seen.items, seen.completed, clock.pending) == ([1, 1, 1], True, 0)
    lost = KeyError()
    seen = probe(Flow.error(lost).restart(1, times=2, scheduler=clock), 99)
    clock.advance(9)
    assert (seen.error, clock.pending) == (lost, 0)


def test_a_new_run_is_asked_for_what_is_left():
    clock = VirtualClock()
    seen = probe(Flow.range(2).restart(1, scheduler=clock), 3)
    clock.advance(9)
    assert (seen.items, clock.pending) == ([0, 1, 0], 0)
    seen.cancel()


def test_a_cancel_and_a_bad_request_end_a_pause():
    clock = VirtualClock()
    probe(Flow.empty().restart(1, scheduler=clock), 1).cancel()
    assert clock.pending == 0
    for n, kind in BAD_REQUESTS:
        seen = probe(Flow.empty().restart(1, scheduler=clock), 1).request(n)
        assert isinstance(seen.error, kind)
        assert clock.pending == 0


def test_a_function_that_raises_is_the_error():
    for flow in (Flow.empty(), Flow.error(OSError())):
        clock = VirtualClock()
        seen = probe(flow.restart(1, on_restart=lambda _: 1 // 0, scheduler=clock), 1)
        assert isinstance(seen.error, ZeroDivisionError)
        assert "in restart, written at" in seen.error.__notes__[0]
        assert clock.pending == 0


def test_a_source_that_is_used_up_is_not_begun_for_ever():
    clock = VirtualClock()
    seen = probe(Flow.from_iterable(iter([1])).restart(1, scheduler=clock), 9)
    clock.advance(99)
    assert "one-shot" in str(seen.error)
    assert (seen.items, clock.pending) == ([1], 0)
