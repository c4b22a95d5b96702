"""Times that are compared, and counted: seconds are floats, whose sums and differences are rounded."""

from __future__ import annotations

SLACK = 5e-10
"""Half a nanosecond: less than that between two times is rounding (0.3 - 0.2 is less than 0.1)."""


class Beats:
    """The times `first`, `first + period`, ..., each counted from the first.

    A time that is added to the one before is off by a little more each time.
    """

    __slots__ = ("_count", "_first", "_period")

    def __init__(self, first: float, period: float) -> None:
        self._first = first
        self._period = period
        self._count = -1

    def next(self) -> float:
        """Return the next of the times, at first the first."""
        self._count += 1
        return self._first + self._count * self._period

    def after(self, time: float) -> float:
        """Return the first of the times that is later than `time`, and go on from there."""
        self._count = int((time - self._first + SLACK) // self._period)
        return self.next()
