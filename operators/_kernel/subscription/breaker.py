"""Breaker: the state of a circuit breaker, which many runs share."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from operators._kernel.subscription.times import SLACK


class Permit:
    """What one call was let through with; it is given back once."""

    __slots__ = ("era",)

    def __init__(self, era: int) -> None:
        self.era: int = era


class Breaker:
    """Counts calls and failures; lets calls through, or none, or some to see whether it is over.

    What was let through before the state changed last has no say in it any more.
    """

    __slots__ = (
        "_calls", "_era", "_failures", "_least", "_lock", "_most", "_now", "_opened", "_out", "_passed",
        "_probes", "_rate", "_rest", "_state", "_window",
    )  # fmt: skip

    def __init__(
        self,
        now: Callable[[], float],
        failures: int | None,
        rate: float | None,
        least: int,
        window: float,
        rest: float,
        probes: int,
    ) -> None:
        self._now = now
        self._most = failures
        self._rate = rate
        self._least = least
        self._window = window
        self._rest = rest
        self._probes = probes
        self._lock = threading.Lock()
        self._state = "closed"
        self._era = 0
        self._opened = 0.0
        self._out = 0
        self._passed = 0
        self._failures: deque[float] = deque(maxlen=failures)
        self._calls: deque[tuple[float, bool]] = deque(maxlen=MOST_CALLS)

    @property
    def state(self) -> str:
        """Return "closed", "open" or "half-open", as the next call would find it."""
        with self._lock:
            if self._state == "open" and self._now() + SLACK >= self._opened + self._rest:
                return "half-open"
            return self._state

    def ask(self) -> Permit | float:
        """Return what a call is let through with, or in how many seconds one may be; 0 where one is out."""
        with self._lock:
            now = self._now()
            if self._state == "open":
                left = self._opened + self._rest - now
                if left > SLACK:
                    return left
                self._change("half-open")
            if self._state == "half-open":
                if self._out + self._passed >= self._probes:
                    return 0.0
                self._out += 1
            return Permit(self._era)

    def give_back(self, permit: Permit, failed: bool | None) -> None:
        """Take note of how a call has ended; None: it was broken off, and tells nothing."""
        with self._lock:
            if permit.era != self._era:
                return
            if self._state == "half-open":
                self._out -= 1
                if failed:
                    self._open(self._now())
                elif failed is not None:
                    self._passed += 1
                    if self._passed >= self._probes:
                        self._change("closed")
            elif failed is not None:
                self._count(failed, self._now())

    def _count(self, failed: bool, now: float) -> None:
        since = now - self._window - SLACK
        if self._rate is not None:
            calls = self._calls
            calls.append((now, failed))
            while calls[0][0] < since:
                calls.popleft()
            bad = sum([each for _, each in calls]) if failed else 0
            if len(calls) >= self._least and bad >= self._rate * len(calls):
                self._open(now)
                return
        if failed and self._most is not None:
            self._failures.append(now)
            if len(self._failures) == self._most and self._failures[0] >= since:
                self._open(now)

    def _open(self, now: float) -> None:
        self._change("open")
        self._opened = now

    def _change(self, state: str) -> None:
        self._state = state
        self._era += 1
        self._out = self._passed = 0
        self._failures.clear()
        self._calls.clear()


MOST_CALLS = 1_000
"""The last runs that a rate is of, at most."""
