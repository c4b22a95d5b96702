"""Times that are sums and differences of floats: what is due at a tick is due then, and not a tick later."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from operators import Backoff, CircuitBreaker, Flow, Replay
from operators.testing import VirtualClock
from reactive_streams import UNBOUNDED
from tests.operators.kit import Handmade, Probe, probe

Build = Callable[[Flow[Any], VirtualClock], Flow[Any]]


def every_tenth(n: int, build: Build, begin: float = 0.0) -> Probe:
    """Return what became of 1 to n, of which each came at so many tenths of a second."""
    clock, source = VirtualClock(), Handmade()
    clock.advance(begin)
    seen = probe(build(Flow.from_publisher(source), clock), UNBOUNDED)
    for number in range(1, n + 1):
        clock.advance_to(number / 10)
        source.emit(number)
    source.complete()
    clock.advance(1)
    return seen


def test_throttle_first_lets_through_what_comes_at_the_end_of_its_time():
    # 0.3 - 0.2 is a little less than 0.1.
    seen = every_tenth(9, lambda flow, clock: flow.throttle_first(0.1, scheduler=clock))
    assert seen.items == list(range(1, 10))


def test_skip_until_lets_through_what_comes_at_its_time():
    # 0.1 + 0.2 is a little more than 0.3.
    flow: Build = lambda flow, clock: flow.skip_until(0.2, scheduler=clock)  # noqa: E731
    assert every_tenth(5, flow, begin=0.1).items == [3, 4, 5]


def test_a_window_begins_with_what_comes_at_its_first_moment():
    # 0.3 // 0.1 is 2.
    clock, source = VirtualClock(), Handmade()
    windows = Flow.from_publisher(source).window_time(0.1, scheduler=clock)
    seen = probe(windows.flat_map(lambda window: window.to_list()), UNBOUNDED)
    for number in range(1, 9):
        clock.advance_to(number / 10)
        source.emit(number)
        clock.advance_to(number / 10 + 0.05)
        source.emit(-number)
    source.complete()
    assert seen.items == [[n, -n] for n in range(1, 9)]


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "build"),
    [
        ("sample", lambda flow, clock: flow.sample(0.1, scheduler=clock)),
        ("buffer_time", lambda flow, clock: flow.buffer_time(0.1, scheduler=clock)),
        ("keep_alive", lambda flow, clock: flow.keep_alive(0.1, int, scheduler=clock)),
    ],
)
def test_what_comes_every_so_often_is_as_exact_after_a_day(name: str, build: Build):
    """The 100,000th tick of a tenth of a second is at 10,000 seconds, and not 19 nanoseconds later."""
    clock, source, seen = VirtualClock(), Handmade(), list[Any]()
    build(Flow.from_publisher(source), clock).for_each(seen.append)
    clock.advance_to(9_999.95)
    before = len(seen)
    if name != "keep_alive":
        source.emit("a")
    clock.advance_to(10_000.0)
    assert len(seen) == before + 1
    clock.advance_to(10_000.05)
    assert len(seen) == before + 1


@pytest.mark.long
@pytest.mark.parametrize("begin", [0.0, 1_234_567.0])
def test_an_interval_has_all_its_ticks_by_their_time(begin: float):
    clock, seen = VirtualClock(begin), list[int]()
    Flow.interval(0.1, scheduler=clock).for_each(seen.append)
    clock.advance(10_000)
    assert len(seen) == 100_000


def test_a_breaker_is_half_open_after_just_its_rest():
    clock = VirtualClock()
    breaker = CircuitBreaker(failures=1, rest=0.2, scheduler=clock)
    clock.advance(0.1)
    failing = Flow.error(OSError()).circuit_breaker(breaker).on_error_return("failed")
    assert failing.run() == "failed"
    clock.advance(0.2)
    assert breaker.state == "half-open"
    assert Flow.of("well").circuit_breaker(breaker).run() == "well"


def test_failures_that_are_just_a_window_apart_are_in_one():
    clock = VirtualClock()
    breaker = CircuitBreaker(failures=2, window=0.1, scheduler=clock)
    failing = Flow.error(OSError()).circuit_breaker(breaker).on_error_return("failed")
    clock.advance(0.7)
    failing.run()
    clock.advance(0.1)
    failing.run()
    assert breaker.state == "open"


def test_what_is_just_so_old_is_not_older():
    clock, source, dropped = VirtualClock(), Handmade(), list[Any]()
    replay = Replay[str](9, age=0.1, scheduler=clock)
    shed = Flow.from_publisher(source).shed(age=0.1, on_drop=dropped.append, scheduler=clock)
    seen = probe(shed, 0)
    clock.advance(0.7)
    replay.emit("a")
    replay.complete()
    source.emit("a")
    clock.advance(0.1)
    seen.request(1)
    assert (seen.items, dropped, list(replay)) == (["a"], [], ["a"])
    clock.advance(0.000_000_001)
    assert list(replay) == []


def test_pauses_that_are_just_the_budget_are_within_it():
    clock, tries = VirtualClock(), list[None]()

    def fetch() -> Flow[str]:
        tries.append(None)
        return Flow.error(OSError())

    backoff = Backoff(0.1, factor=1, budget=0.3)  # three times 0.1 is a little more than 0.3
    seen = probe(Flow.defer(fetch).retry(9, backoff=backoff, scheduler=clock), 1)
    clock.advance(5)
    assert (len(tries), type(seen.error)) == (4, OSError)
