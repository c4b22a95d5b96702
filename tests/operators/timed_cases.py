"""The operators with time in the catalogue: their clock stands still, so that what they do is known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from operators import CircuitBreaker, Flow, KillSwitch
from operators.testing import VirtualClock
from reactive_streams import UNBOUNDED


def _all(r: int, d: int) -> int:
    return UNBOUNDED


def _pass(r: int, d: int) -> int:
    return r


def _same(items: list[int]) -> list[Any]:
    return items


def _last(items: list[int]) -> list[Any]:
    return items[-1:]


def _timed(items: list[int]) -> list[Any]:
    return [(0.0, n) for n in items]


def _pairs(items: list[int]) -> list[Any]:
    return [items[n : n + 2] for n in items[::2]]


def _clock() -> dict[str, Any]:
    return {"scheduler": VirtualClock()}


def add_timed_cases(case: Callable[..., None]) -> None:
    """Put them into the catalogue."""
    case("delay", "", lambda f: f.delay(0.001, prefetch=4), _same, lambda r, d: d + 4, hops=True)
    case("delay_subscription", "", lambda f: f.delay_subscription(0.001), _same, _pass, hops=True)
    case("timeout", "", lambda f: f.timeout(1, first=2, whole=3, **_clock()), _same, _pass)
    case("idle_timeout", "", lambda f: f.idle_timeout(1, **_clock()), _same, _pass)
    case("backpressure_timeout", "", lambda f: f.backpressure_timeout(1, **_clock()), _same, _pass)
    case("debounce", "", lambda f: f.debounce(1, **_clock()), _last, _all, drops=True)
    case("sample", "", lambda f: f.sample(1, **_clock()), _last, _all, drops=True)
    case("sample", "by a flow", lambda f: f.sample(Flow.never()), _last, _all, drops=True)
    case("throttle_first", "", lambda f: f.throttle_first(0, **_clock()), _same, _pass)
    case("throttle_last", "", lambda f: f.throttle_last(1, **_clock()), _last, _all, drops=True)
    case(
        "buffer_time",
        "",
        lambda f: f.buffer_time(1, capacity=UNBOUNDED, **_clock()),
        lambda i: [i],
        _all,
    )
    case(
        "buffer_size_or_time", "", lambda f: f.buffer_size_or_time(2, 1, **_clock()), _pairs,
        lambda r, d: 2 * d + 2,
    )  # fmt: skip
    case("take_until", "", lambda f: f.take_until(1, **_clock()), _same, _pass)
    case("take_until", "a flow", lambda f: f.take_until(Flow.never()), _same, _pass)
    case("skip_until", "", lambda f: f.skip_until(0, **_clock()), _same, _pass)
    case("skip_until", "a flow", lambda f: f.skip_until(Flow.of(1)), _same, _pass)
    case("keep_alive", "", lambda f: f.keep_alive(1, int, **_clock()), _same, lambda r, d: d + 1)
    case(
        "throttle",
        "",
        lambda f: f.throttle(1, burst=1_000_000, **_clock()),
        _same,
        lambda r, d: d + 1,
    )
    case("shed", "", lambda f: f.shed(99, age=1, **_clock()), _same, _all)
    case("retry", "later", lambda f: f.retry(0, backoff=1, **_clock()), _same, _pass)
    case("restart", "", lambda f: f.restart(1, times=0, **_clock()), _same, _pass)
    case(
        "circuit_breaker", "", lambda f: f.circuit_breaker(CircuitBreaker(**_clock())), _same, _pass
    )
    case("kill_switch", "", lambda f: f.kill_switch(KillSwitch()), _same, _pass)
    case("timestamp", "", lambda f: f.timestamp(**_clock()), _timed, _pass)
    case("time_interval", "", lambda f: f.time_interval(**_clock()), _timed, _pass)


TIMED_BUILDS: dict[str, Callable[[Any, Any], Any]] = {
    "delay": lambda f, it: f.delay(0.001, prefetch=8),
    "debounce": lambda f, it: f.debounce(1, **_clock()),
    "sample": lambda f, it: f.sample(1, **_clock()),
    "throttle_last": lambda f, it: f.throttle_last(1, **_clock()),
    "buffer_time": lambda f, it: f.buffer_time(0.001, capacity=4),
    "buffer_size_or_time": lambda f, it: f.buffer_size_or_time(3, 1, **_clock()),
    "keep_alive": lambda f, it: f.keep_alive(1, str, **_clock()),
    "throttle": lambda f, it: f.throttle(1_000, burst=2),
    "shed": lambda f, it: f.shed(2, priority=len, on_drop=it.drop, **_clock()),
    "shed, discarded": lambda f, it: f.shed(2, age=1, **_clock()),
}
"""Those that hold items, for the ledger."""

_F = Flow
BAD_TIMES: list[tuple[str, Callable[[Any], Any], type[Exception], str]] = [
    ("interval", lambda f: _F.interval(0), ValueError, "period must be at least"),
    ("interval", lambda f: _F.interval(1, delay=-1), ValueError, "delay must be at least 0"),
    ("timer", lambda f: _F.timer(float("nan")), ValueError, "seconds must be at least 0"),
    ("delay", lambda f: f.delay(-1), ValueError, "seconds must be at least 0"),
    ("delay", lambda f: f.delay(1, prefetch=0), ValueError, "prefetch must be at least 1"),
    ("delay_subscription", lambda f: f.delay_subscription(-1), ValueError, "seconds must be at"),
    ("timeout", lambda f: f.timeout(), TypeError, "needs seconds for each item, the first, or"),
    ("timeout", lambda f: f.timeout(-1), ValueError, "each must be at least 0"),
    ("timeout", lambda f: f.timeout(first="1"), TypeError, "first must be a number of seconds"),
    ("timeout", lambda f: f.timeout(whole=-1), ValueError, "whole must be at least 0"),
    ("idle_timeout", lambda f: f.idle_timeout(None), TypeError, "seconds must be a number"),
    ("backpressure_timeout", lambda f: f.backpressure_timeout(-1), ValueError, "seconds must be"),
    ("debounce", lambda f: f.debounce(-1), ValueError, "seconds must be at least 0"),
    ("debounce", lambda f: f.debounce("1"), TypeError, "seconds must be a number"),
    ("debounce", lambda f: f.debounce(1, scheduler=print), TypeError, "is not a Scheduler"),
    ("sample", lambda f: f.sample(0), ValueError, "by must be at least"),
    ("sample", lambda f: f.sample([1]), TypeError, "by must give a Flow or a Publisher"),
    ("throttle_first", lambda f: f.throttle_first(-1), ValueError, "seconds must be at least 0"),
    ("throttle_last", lambda f: f.throttle_last(True), TypeError, "seconds must be a number"),
    ("buffer_time", lambda f: f.buffer_time(0), ValueError, "seconds must be at least"),
    ("buffer_time", lambda f: f.buffer_time(1, capacity=0), ValueError, "capacity must be"),
    ("buffer_size_or_time", lambda f: f.buffer_size_or_time(0, 1), ValueError, "size must be at"),
    ("buffer_size_or_time", lambda f: f.buffer_size_or_time(1, -1), ValueError, "seconds must be"),
    ("take_until", lambda f: f.take_until("x"), TypeError, "end must give a Flow or a Publisher"),
    ("take_until", lambda f: f.take_until(-1), ValueError, "end must be at least 0"),
    ("skip_until", lambda f: f.skip_until(None), TypeError, "begin must give a Flow or a"),
    ("skip_until", lambda f: f.skip_until(-1), ValueError, "begin must be at least 0"),
    ("keep_alive", lambda f: f.keep_alive(1, 2), TypeError, "fn must be callable"),
    ("keep_alive", lambda f: f.keep_alive(0, int), ValueError, "seconds must be at least"),
    ("throttle", lambda f: f.throttle(0), ValueError, "rate must be over 0 and finite, got 0"),
    ("throttle", lambda f: f.throttle("1"), TypeError, "rate must be a number"),
    ("throttle", lambda f: f.throttle(1, burst=0), ValueError, "burst must be over 0"),
    ("throttle", lambda f: f.throttle(1, cost=1), TypeError, "cost must be callable"),
    ("shed", lambda f: f.shed(0, age=1), ValueError, "capacity must be at least 1"),
    ("shed", lambda f: f.shed(), TypeError, "needs a target, a priority or an age"),
    ("shed", lambda f: f.shed(age=-1), ValueError, "age must be at least 0"),
    ("shed", lambda f: f.shed(priority=1), TypeError, "priority must be callable"),
    ("shed", lambda f: f.shed(age=1, interval=1), TypeError, "an interval goes with a target"),
    ("retry", lambda f: f.retry(on=1), TypeError, "on must be callable"),
    ("retry", lambda f: f.retry(on=(KeyError, int)), TypeError, "on must be of exception classes"),
    (
        "retry",
        lambda f: f.retry(backoff="1"),
        TypeError,
        "backoff must be a Backoff, or the seconds",
    ),
    ("retry", lambda f: f.retry(on_retry=1), TypeError, "on_retry must be callable"),
    ("repeat", lambda f: f.repeat(pause=-1), ValueError, "pause must be at least 0"),
    ("restart", lambda f: f.restart(-1), ValueError, "backoff must be at least 0"),
    ("restart", lambda f: f.restart(None), TypeError, "backoff must be a Backoff, or the seconds"),
    ("restart", lambda f: f.restart(1, times=-1), ValueError, "times must be at least 0"),
    ("restart", lambda f: f.restart(1, on_restart=1), TypeError, "on_restart must be callable"),
    (
        "circuit_breaker",
        lambda f: f.circuit_breaker(5),
        TypeError,
        "breaker must be a CircuitBreaker",
    ),
    (
        "circuit_breaker",
        lambda f: f.circuit_breaker(CircuitBreaker(), fallback=1),
        TypeError,
        "fallback must be callable",
    ),
    ("kill_switch", lambda f: f.kill_switch(None), TypeError, "switch must be a KillSwitch"),
    ("timestamp", lambda f: f.timestamp(scheduler=1), TypeError, "is not a Scheduler"),
    ("time_interval", lambda f: f.time_interval(scheduler=1), TypeError, "is not a Scheduler"),
]
"""Calls with a bad argument, and the error."""
