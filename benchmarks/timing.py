"""Operators with time: against reactivex, and each way to consume against the best one."""

from __future__ import annotations

import reactivex
from reactivex import operators as rx

from benchmarks.matrix import Build, Peer, matrix
from benchmarks.measure import Case
from operators import CircuitBreaker, Flow, KillSwitch
from reactive_streams import UNBOUNDED

MANY = 20_000
LATE = 100.0
"""Seconds: nothing is due while it is measured, so that it is the items that count."""


# Theirs has the last item at the next sample only, which nobody waits for.
_SAMPLED = reactivex.compose(rx.sample(reactivex.never()), rx.start_with(0))


# Passed on as they come: a loop asks for each item anew, which goes all the way up and down for it. What is
# asked for at once is a fraction of that.
PASSING: dict[str, tuple[Build, Peer | None]] = {
    "timeout": (lambda f: f.timeout(LATE), rx.timeout(LATE)),
    "idle_timeout": (lambda f: f.idle_timeout(LATE), None),
    "take_until a time": (lambda f: f.take_until(LATE), rx.take_until_with_time(LATE)),
    "take_until a flow": (lambda f: f.take_until(Flow.never()), rx.take_until(reactivex.never())),
    "skip_until a flow": (lambda f: f.skip_until(Flow.of(1)), None),
    "kill_switch": (lambda f: f.kill_switch(KillSwitch()), None),
    "retry with pauses": (lambda f: f.retry(backoff=1.0), None),
    "circuit_breaker": (lambda f: f.circuit_breaker(CircuitBreaker()), None),
}
HELD: dict[str, tuple[Build, Peer | None]] = {
    "debounce": (lambda f: f.debounce(LATE), rx.debounce(LATE)),
    "sample": (lambda f: f.sample(LATE), _SAMPLED),
    "throttle_last": (lambda f: f.throttle_last(LATE), None),
    "buffer_time": (
        lambda f: f.buffer_time(LATE, capacity=UNBOUNDED),
        rx.buffer_with_time(LATE),
    ),
    "buffer_size_or_time": (
        lambda f: f.buffer_size_or_time(10, LATE),
        lambda source: source.pipe(rx.buffer_with_time_or_count(LATE, 10), rx.filter(bool)),
    ),
    "keep_alive": (lambda f: f.keep_alive(LATE, int), None),
    "throttle": (lambda f: f.throttle(1e9, burst=1e9), None),
    "shed": (lambda f: f.shed(UNBOUNDED, age=LATE), None),
    "throttle_first": (lambda f: f.throttle_first(0), None),
    "timestamp": (lambda f: f.timestamp(), rx.timestamp()),
    "time_interval": (lambda f: f.time_interval(), None),
}


def timed() -> list[Case]:
    """Each operator: UNBOUNDED against reactivex, and the other ways against that."""
    return matrix({**PASSING, **HELD}, MANY)
