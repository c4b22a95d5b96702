"""Allowance: so many seconds of a component's own, however busy the machine is with other things."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

_LOOK: Final = 0.1
"""Seconds from one look at the clocks to the next: long enough for a runnable thread to have had its turn."""
_IDLE: Final = 0.05
"""A process that runs for less of the time than this is waiting, and not kept from running."""
_MOST: Final = 10


class Allowance:
    """Seconds that are used up by waiting, and by running, but not by having to wait for a processor.

    While the process does next to nothing the clock on the wall counts; while it has work to do, the time
    that it ran. So what is too slow is so on a busy machine and on an idle one alike. Callable from
    one thread at a time. By the clock on the wall it is at most `most` times as long, come what may.

    >>> Allowance(2.0).left <= 2.0
    True
    """

    def __init__(self, seconds: float, most: float = _MOST) -> None:
        self._left = seconds
        self._seen = time.perf_counter()
        self._ran = time.process_time()
        self._end = self._seen + most * seconds

    @property
    def left(self) -> float:
        """The seconds that are left; 0 or less when there are none."""
        now = time.perf_counter()
        wall = now - self._seen
        if wall >= _LOOK or wall >= self._left:
            ran = time.process_time()
            busy = ran - self._ran
            kept_waiting = wall >= _LOOK and busy > _IDLE * wall
            self._left -= min(busy, wall) if kept_waiting else wall
            self._seen, self._ran = now, ran
        return min(self._left, self._end - now)


def wait(attempt: Callable[[float], bool], seconds: float) -> bool:
    """Returns whether the attempt, which is given the seconds that it may wait, came true in time.

    >>> import threading
    >>> wait(threading.Event().wait, 0.01)
    False
    """
    allowance = Allowance(seconds)
    while (left := allowance.left) > 0:
        if attempt(min(left, _LOOK)):
            return True
    return attempt(0)
