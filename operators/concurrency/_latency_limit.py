"""LatencyLimit: a limit on calls in flight that follows how long they take."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from math import inf, sqrt

from operators._kernel.failures.failure import drop_error
from operators._kernel.subscription.home import Home
from operators.concurrency._call import Call
from operators.concurrency._slow_start import SlowStart

_TOLERATED = 1.08
"""How much longer than on its own a call may take, but for chance, before that is put down to the others."""
_BACK = 0.95
"""How far below what seems right it goes back, so that what a call takes on its own is seen again."""
_ROOM = 0.9
"""The share of the target that all but the slowest one per cent may take."""
_SLOW = 2.5
"""How many standard deviations above the mean these are."""
_STUBBORN = 3
"""Times in a row that going back has not helped, after which the calls themselves have become slower."""
_PROBE = 20
"""Rounds after which it looks whether fewer calls would be faster."""
_FEWER = 0.75
"""The share of the limit with which it looks for that."""
_SHORTEST = 1e-9
_LEAST = 8
"""Calls from which a round is judged, at least."""


class LatencyLimit:
    """Grows while calls take no longer than when there are few, and goes back when they do.

    First by a slow start. Then by rounds of about as many calls as may be in flight, of those that began
    after the last step back. Its mean is compared with what calls of their size take on their own: where
    it is more than is tolerated, or too near to the target, the limit goes back in proportion, and a
    little more. Else it grows, by its square root. Where going back does not help, the others are not the
    cause: calls have become slower, and that is what they take from now on. Called in one thread at a time.
    """

    __slots__ = (
        "_alone", "_before", "_busiest", "_calls", "_exact", "_firsts", "_home", "_in_vain", "_least",
        "_most", "_on_change", "_quiet", "_rising", "_since", "_slowness", "_squares", "_start",
        "_target", "_total", "value",
    )  # fmt: skip

    def __init__(
        self,
        least: int,
        most: int,
        target: float,
        initial: int,
        on_change: Callable[[int], object] | None,
    ) -> None:
        self.value: int = initial
        self._exact = float(initial)
        self._least = least
        self._most = most
        self._target = target
        self._on_change = on_change
        self._home = Home()
        self._alone: dict[int, float] = {}  # by the size of calls, in powers of two
        self._start: SlowStart | None = SlowStart(self._alone, _ROOM * target, _TOLERATED)
        self._rising = True
        # The last step back; calls that began before it tell nothing of what is now.
        self._since = -inf
        self._calls = 0
        self._total = 0.0
        self._slowness = 0.0
        self._squares = 0.0
        self._firsts: dict[int, list[float]] = {}
        self._busiest = 0
        self._quiet = 0
        self._in_vain = 0
        self._before = 0.0

    def took(self, call: Call, seconds: float, live: Mapping[Call, object]) -> None:
        """Take note that a call took so long, and which are in flight, in the order in which they began."""
        kind = call.size.bit_length()
        alone = self._alone.get(kind)
        start = self._start
        if alone is None or (start is not None and self._rising and kind in self._firsts):
            alone = self._first(kind, seconds)
        if start is not None:
            self._find(start, call, seconds, live)
        elif call.began >= self._since and kind not in self._firsts:
            slowness = seconds / alone
            self._calls += 1
            self._total += seconds
            self._slowness += slowness
            self._squares += slowness * slowness
            self._busiest = max(self._busiest, call.among, len(live) + 1)
            if self._calls >= max(_LEAST, self.value):
                self._judge(call.began + seconds)

    def _first(self, kind: int, seconds: float) -> float:
        """Have the mean of the first calls of a size be what they take on their own, and return it."""
        firsts = self._firsts.setdefault(kind, [])
        firsts.append(max(seconds, _SHORTEST))
        mean = sum(firsts) / len(firsts)
        if self._rising or len(firsts) == _LEAST:
            self._alone[kind] = mean
        if len(firsts) == _LEAST:
            del self._firsts[kind]
        return mean

    def _find(
        self, start: SlowStart, call: Call, seconds: float, live: Mapping[Call, object]
    ) -> None:
        if self._rising:
            exact = start.took(call, seconds, self._exact, live)
            if exact < self._exact:
                self._since = call.began + seconds
                self._end_rise()
            self._set(exact)
            if self._exact >= self._most:
                self._start = None
                self._end_rise()
            return
        if call.began < self._since:
            start.late(call, seconds)
        first = next(iter(live), None)
        if first is None or first.began >= self._since:
            self._start = None
            self._set(max(self._exact, start.settled()))

    def _end_rise(self) -> None:
        self._rising = False
        self._firsts.clear()  # what is known of them has to do

    def _judge(self, now: float) -> None:
        calls, slowness, mean = self._calls, self._slowness / self._calls, self._total / self._calls
        spread = sqrt(max(0.0, self._squares / calls - slowness * slowness))
        used = self._busiest >= self.value
        self._calls, self._busiest = 0, 0
        self._total = self._slowness = self._squares = 0.0
        slow = mean * (1 + _SLOW * spread / slowness) / (_ROOM * self._target)
        if slow > 1 or slowness > _TOLERATED + 2 * spread / sqrt(calls):
            self._go_back(slowness, slow, now)
            return
        self._in_vain = 0
        self._learn(slowness, 0.5 if slowness < 1 else 0.1)
        if not used:
            return
        self._quiet += 1
        if self._quiet >= _PROBE:
            self._quiet = 0
            self._since = now
            self._set(self._exact * _FEWER)
        else:
            # The longer it was far from too many, the farther that may be.
            step = sqrt(self._exact) / 2 * 2 ** (self._quiet // 6)
            self._set(self._exact + min(step, self._exact / 4))

    def _go_back(self, slowness: float, slow: float, now: float) -> None:
        self._quiet = 0
        if self._in_vain and slowness > 0.9 * self._before:
            self._in_vain += 1
        else:
            self._in_vain = 1
        self._before = slowness
        if self._in_vain > _STUBBORN or (self._exact <= self._least and slowness > _TOLERATED):
            self._learn(slowness, 1.0)
            self._in_vain = 0
            slowness = 1.0
        share = min(1 / slowness, 1 / slow)
        self._since = now
        if share < 1:
            self._set(self._exact * max(0.5, share * _BACK))

    def _learn(self, slowness: float, weight: float) -> None:
        """Take calls for as slow on their own as they were, or nearer to that."""
        for kind, alone in self._alone.items():
            self._alone[kind] = alone * (1 + weight * (slowness - 1))

    def _set(self, exact: float) -> None:
        self._exact = min(float(self._most), max(float(self._least), exact))
        value = int(self._exact)
        if value != self.value:
            self.value = value
            if self._on_change is not None:
                self._tell(self._on_change, value)

    def _tell(self, on_change: Callable[[int], object], value: int) -> None:
        try:
            self._home.run(partial(on_change, value))
        except Exception as error:  # the calls go on without it
            drop_error(error, "raised by on_change of adaptive")
