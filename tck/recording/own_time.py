"""Own time: seconds as a component had them, however busy the machine is with other things."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import Final

LOOK: Final = 0.05
"""Seconds from one look at what the system counts to the next."""
_THREADS: Final = "/proc/self/task"
_MOST: Final = 10


def kept() -> dict[str, int]:
    """Returns, by thread, the nanoseconds that it was ready to run, and another had the processor."""
    found: dict[str, int] = {}
    try:
        for thread in os.listdir(_THREADS):
            try:
                found[thread] = int(_read(f"{_THREADS}/{thread}/schedstat").split()[1])
            except (FileNotFoundError, ProcessLookupError):  # it has ended in between
                continue
    except (OSError, ValueError, IndexError):
        return {}  # a system that does not tell: the clock on the wall has to do
    return found


def waiting() -> dict[str, bytes]:
    """Returns, by thread that is ready to run, what it has had of the processor so far; this one left out.

    `kept` tells of no turn that is still waited for, and of none of a thread that has ended since.
    """
    own = str(threading.get_native_id())
    found: dict[str, bytes] = {}
    try:
        for thread in os.listdir(_THREADS):
            try:
                state = _read(f"{_THREADS}/{thread}/stat").rpartition(b")")[2].split()[0]
                if state == b"R" and thread != own:
                    found[thread] = _read(f"{_THREADS}/{thread}/schedstat")
            except (FileNotFoundError, ProcessLookupError):  # it has ended in between
                continue
    except (OSError, IndexError):
        return {}
    return found


def _read(path: str) -> bytes:
    # No file object: deep in a recursion there may be no room to close it.
    number = os.open(path, os.O_RDONLY)
    try:
        return os.read(number, 200)
    finally:
        os.close(number)


class Clock:
    """Seconds since it was made, without those in which the process was ready to run and could not.

    So what is slow is so on a busy machine and on an idle one alike, where the system counts them, as
    Linux does. It never goes back, and may be a moment ahead. For one thread at a time.

    >>> Clock().now() < 1.0
    True
    """

    __slots__ = ("_began", "_kept", "_lost", "_now", "_seen", "_waiting")

    def __init__(self) -> None:
        # What is counted as lost lies between two readings of the clock, and never outside.
        self._began = self._seen = time.perf_counter()
        self._kept = kept()
        self._waiting: dict[str, bytes] = {}
        self._lost = self._now = 0.0

    def now(self) -> float:
        """Returns the seconds so far."""
        seen = time.perf_counter()
        if seen - self._seen >= LOOK:
            before, self._kept = self._kept, kept()
            waited, self._waiting = self._waiting, waiting()
            seen = time.perf_counter()
            lost = sum(most - before.get(thread, 0) for thread, most in self._kept.items()) / 1e9
            if any(waited.get(thread) == had for thread, had in self._waiting.items()):
                lost = seen - self._seen  # it was ready both times, and has had nothing in between
            self._lost += min(lost, seen - self._seen)
            self._seen = seen
        now = seen - self._began - self._lost
        if now > self._now:
            self._now = now
        return self._now


class Allowance:
    """Seconds of a `Clock` that are used up; on the wall they are `most` times as long, come what may.

    >>> Allowance(2.0).left <= 2.0
    True
    """

    __slots__ = ("_clock", "_end", "_seconds")

    def __init__(self, seconds: float, most: float = _MOST) -> None:
        self._seconds = seconds
        self._clock = Clock()
        self._end = time.perf_counter() + most * seconds

    @property
    def left(self) -> float:
        """The seconds that are left; 0 or less when there are none."""
        return min(self._seconds - self._clock.now(), self._end - time.perf_counter())


def wait(attempt: Callable[[float], bool], seconds: float) -> bool:
    """Returns whether the attempt, which is given the seconds that it may wait, came true in time.

    >>> import threading
    >>> wait(threading.Event().wait, 0.01)
    False
    """
    if attempt(min(seconds, LOOK)):
        return True
    allowance = Allowance(seconds - LOOK)
    while (left := allowance.left) > 0:
        if attempt(min(left, LOOK)):  # who waits for a turn shows only to one who looks often
            return True
    return False
