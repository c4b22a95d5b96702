"""The time of a virtual clock, and what is to be done at which."""

from __future__ import annotations

import asyncio
import contextvars
import heapq
import itertools
import math
import threading
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar, Protocol

TICKS = 1_000_000_000
"""In a second. Time is counted in whole ones: ten times 0.1 seconds are exactly 1 second."""


class Owner(Protocol):
    """Whoever has something on a timeline, guarded by that."""

    closed: bool
    waiting: int
    loop: asyncio.AbstractEventLoop | None


class Timeline:
    """What is scheduled, in order. Its lock is held for moments only, and never while something runs."""

    def __init__(self, start: int) -> None:
        self.now: int = start  # in ticks; written by who advances alone
        self.wake: Callable[[], object] | None = None  # has who waits look again
        self._lock = threading.Lock()
        self._order = itertools.count()
        self._due: list[_Entry] = []
        self._holds: set[object] = set()
        self._closed = 0  # entries of closed workers among them

    @property
    def pending(self) -> int:
        """How many wait for their time."""
        with self._lock:
            return len(self._due) - self._closed

    @property
    def next_due(self) -> int | None:
        """The time of the next one, in ticks."""
        with self._lock:
            self._skip_closed()
            return self._due[0].at if self._due else None

    def take(self, until: int) -> Callable[[], object] | None:
        """Return the next task that is due by `until`, at its time, which it is then; or None."""
        with self._lock:
            self._skip_closed()
            if not self._due or self._due[0].at > until:
                return None
            entry = heapq.heappop(self._due)
            entry.owner.waiting -= 1
        # What another thread schedules for now, just as the time moves on, is not of the past.
        self.now = max(self.now, entry.at)
        return entry.run

    def add(self, owner: Owner, task: Callable[[], Any], delay: int) -> None:
        """Have the task run in `delay` ticks."""
        with self._lock:
            if not owner.closed:
                owner.waiting += 1
                entry = _Entry(self.now + delay, next(self._order), owner, task)
                heapq.heappush(self._due, entry)
        wake = self.wake
        if wake is not None:
            wake()

    def close(self, owner: Owner) -> None:
        """Forget what the worker has to do."""
        with self._lock:
            if owner.closed:
                return
            owner.closed = True
            self._closed += owner.waiting
            if self._closed > 64 and self._closed > len(self._due) // 2:
                self._due = [entry for entry in self._due if not entry.owner.closed]
                heapq.heapify(self._due)
                self._closed = 0

    def hold(self) -> Callable[[], None]:
        """Have time not go on by itself until what is returned is called, from any thread."""
        token = object()
        with self._lock:
            self._holds.add(token)

        def release() -> None:
            with self._lock:
                self._holds.discard(token)

        return release

    @property
    def held(self) -> int:
        """By how many it is held just now."""
        with self._lock:
            return len(self._holds)

    def forget(self, loop: asyncio.AbstractEventLoop) -> None:
        """Take off what a loop, which is closed, had here."""
        with self._lock:
            mine = [entry for entry in self._due if entry.owner.loop is loop]
            if mine:
                self._due = [entry for entry in self._due if entry.owner.loop is not loop]
                heapq.heapify(self._due)
            self._closed -= sum(entry.owner.closed for entry in mine)
            for entry in mine:
                entry.owner.closed = True
        # What is let go of here, and no sooner, may tell somebody that it will never run.

    def _skip_closed(self) -> None:
        while self._due and self._due[0].owner.closed:
            heapq.heappop(self._due)
            self._closed -= 1


class _Entry:
    __slots__ = ("at", "order", "owner", "task")

    def __init__(self, at: int, order: int, owner: Owner, task: Callable[[], Any]) -> None:
        self.at = at
        self.order = order
        self.owner = owner
        self.task = task

    def __lt__(self, other: _Entry) -> bool:
        return (self.at, self.order) < (other.at, other.order)

    def run(self) -> None:
        if not self.owner.closed:
            self.task()


class VirtualWorker:
    """A worker of a virtual clock; what is scheduled sees the context variables of who scheduled it."""

    elsewhere: ClassVar[bool] = True  # what is scheduled never runs inside of `schedule`
    at_rest: ClassVar[bool] = True  # somebody has to move the clock on

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self.loop: asyncio.AbstractEventLoop | None = None
        self.closed: bool = False
        self.waiting: int = 0  # guarded by the timeline, as `closed` is

    def schedule(self, fn: Callable[[], object], delay: float = 0.0) -> None:
        """Run `fn` when the clock has moved on by `delay` seconds; after `close` it is not run."""
        wait = ticks("delay", delay) if delay > 0 else 0
        self._timeline.add(self, partial(contextvars.copy_context().run, fn), wait)

    def close(self) -> None:
        """Run nothing that was not begun; a second call has no effect."""
        self._timeline.close(self)


def ticks(name: str, seconds: Any) -> int:
    """Return seconds in ticks; raise TypeError or ValueError for what is no time."""
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise TypeError(f"{name} must be a number of seconds, got {seconds!r}")
    if not (seconds >= 0 and math.isfinite(seconds)):
        raise ValueError(f"{name} must be 0 or more seconds, and finite; got {seconds!r}")
    return round(seconds * TICKS)
