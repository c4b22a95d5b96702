"""SlowStart: how a limit on calls in flight finds, in few calls, about how many are too many."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from itertools import islice
from math import sqrt

from operators.concurrency._call import Call

_STEPS = (2.5, 1.5)
"""By how much the limit is multiplied at first, when nothing is known, and from then on."""
_SMALLEST = 1.25
_HEADROOM = 1.5
"""As many times as calls would fit into the target, at most that much of it is tried at once."""
_NEAR = 0.8
"""The share of the limit from which calls in flight on, a call tells of that limit."""
_KEPT = 32
_WIDEST = 0.3
"""The largest spread that is put down to chance: when it is more, calls begin to wait."""
_LATE = 1.1
_SURE = 1.2


class SlowStart:
    """Tries ever larger limits, until the calls that began under one of them are slower than the first ones.

    Which is known before these are over: when an eighth of the calls in flight should have been long ago.
    (Those that end first are never the slow ones.) Then the last limit that was seen to do no harm is had
    again; and what the burst of calls that was too much took, at its end, says whether more would do.
    """

    __slots__ = (
        "_alone",
        "_burst",
        "_lately",
        "_near",
        "_peak",
        "_target",
        "_tolerated",
        "good",
        "step",
    )

    def __init__(self, alone: Mapping[int, float], target: float, tolerated: float) -> None:
        self._alone = alone  # by the size of calls, as that becomes known
        self._target = target
        self._tolerated = tolerated
        self._lately: deque[tuple[Call, float]] = deque(maxlen=_KEPT)
        self._near: list[tuple[Call, float]] = []
        self._burst: list[tuple[int, float]] = []
        self._peak = 0.0
        self.good = 0.0
        """The largest limit that was seen to do no harm, or 0."""
        self.step = 0

    def took(
        self,
        call: Call,
        seconds: float,
        exact: float,
        live: Mapping[Call, object],
    ) -> float:
        """Return the limit that is to be, given what a call took; less than `exact` if that is too much."""
        now = call.began + seconds
        self._lately.append((call, seconds))
        if call.among > self.good:
            self._burst.append((call.among, self._slowness(call, seconds)))
        spread = self._spread()
        if call.among >= _NEAR * exact:
            self._near.append((call, seconds))
            after = self._judged(call, exact, live, now, spread)
            if after is not None:
                return after
        late = next(islice(live, max(1, int(exact) // 8), None), None)
        if late is not None and len(self._lately) >= 4:
            lag = self._slowness(late, now - late.began)
            if lag > _LATE + _SURE * spread:
                return self._too_many(exact, lag, spread)
        return exact

    def _slowness(self, call: Call, seconds: float) -> float:
        """Return how long that is, in times of what such a call takes on its own."""
        return seconds / self._alone.get(call.size.bit_length(), seconds)

    def _spread(self) -> float:
        n = len(self._lately)
        if n < 4:
            return 0.1
        lately = [self._slowness(call, seconds) for call, seconds in self._lately]
        mean = sum(lately) / n
        return min(_WIDEST, sqrt(sum([(each - mean) ** 2 for each in lately]) / n))

    def _judged(
        self,
        call: Call,
        exact: float,
        live: Mapping[Call, object],
        now: float,
        spread: float,
    ) -> float | None:
        # Of those that began along with them, most must have ended: the slow ones are the last.
        near = self._near
        waiting: list[float] = []
        for other in live:
            if other.began > call.began:
                break
            if other.among >= _NEAR * exact:
                waiting.append(self._slowness(other, now - other.began))
        n = len(near)
        if n < 2 or n < 3 * len(waiting):
            return None
        ended = sum([self._slowness(each, took) for each, took in near])
        slowness = (ended + sum(waiting)) / (n + len(waiting))
        seconds = sum([took for _, took in near]) / n
        over = seconds * (1 + 2.5 * spread) / self._target
        if slowness > self._tolerated + 2 * spread / sqrt(n) or over > 1:
            return self._too_many(exact, max(slowness, over), spread)
        self._near, self._burst = [], []
        self.good = exact
        step = min(_STEPS[min(self.step, len(_STEPS) - 1)], _HEADROOM * self._target / seconds)
        self.step += 1
        return exact * max(_SMALLEST, step)

    def _too_many(self, exact: float, slowness: float, spread: float) -> float:
        self._peak = exact
        if not self.good:
            self.good = exact / slowness
        # Of those that began beyond what is known to be good, the first may be in time all the same.
        in_time = sorted(among for among, each in self._burst if each <= self._tolerated + spread)
        if len(in_time) > 2:
            self.good = max(self.good, float(in_time[int(0.8 * len(in_time))]))
        return min(self.good, 0.99 * exact)

    def late(self, call: Call, seconds: float) -> None:
        """Take note of a call that began before it was too many."""
        if call.among > self.good:
            self._burst.append((call.among, self._slowness(call, seconds)))

    def settled(self) -> float:
        """Return the limit that does no harm, now that all calls of the burst are over."""
        if len(self._burst) < 2:
            return self.good
        slowness = max(1.0, sum([each for _, each in self._burst]) / len(self._burst))
        # As many as that would be in flight, were each as fast as on its own, at the same rate.
        return max(self.good, min(self._peak, 0.95 * self._peak / slowness))
