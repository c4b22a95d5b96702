"""Feed: the items of a flow as somebody pulls them, and what all feeds of one consumer share.

A feed is an iterator that gives an item, or PAUSE: there is none now. Its consumer then waits until the
bell is rung, or gives the event loop its turn, and pulls again. So one iterator serves a `for` loop,
an `async for`, and the loop that pushes to a Subscriber; and an operator on several flows goes on with
those that have something.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from operators._kernel.slices import SLICE

_MOST_BEATS = 64
_SLOW = 0.0005
_NEVER = float("inf")


class _Pause:
    __slots__ = ()

    def __repr__(self) -> str:
        return "PAUSE"


PAUSE: Any = _Pause()


class Bell(Protocol):
    """Wakes a consumer, from any thread."""

    def ring(self) -> None:
        """Have the consumer look again."""
        ...

    def wait(self) -> None:
        """Wait, on a thread, until it is rung; it may have been already."""
        ...


class Run:
    """What the feeds of one consumer share: its bell, its time, and whether it has left."""

    __slots__ = ("_beats", "_bell", "_last", "_make", "deadline", "halted")

    def __init__(self, make: Callable[[], Bell]) -> None:
        self._make = make
        self._bell: Bell | None = None  # most never wait
        self.deadline = _NEVER
        self.halted = False
        self._beats = 1
        self._last = 0.0

    @property
    def bell(self) -> Any:
        """What wakes the consumer."""
        bell = self._bell
        if bell is None:
            self._bell = bell = self._make()
        return bell

    def begin_slice(self) -> None:
        """Take note that the consumer begins to run on an event loop, for a slice of its time."""
        self._last = now = time.monotonic()
        self.deadline = now + SLICE

    def end_slices(self) -> None:
        """Take note that the consumer runs on a thread of its own, for as long as it likes."""
        self.deadline = _NEVER

    def pace(self) -> int:
        """Return how many items may pass until this is asked again; 0: give a turn; -1: be over.

        The number grows while items are quick, so that a look at the clock costs next to nothing.
        """
        if self.halted:
            return -1
        if self.deadline == _NEVER:
            return _MOST_BEATS
        now = time.monotonic()
        beats = self._beats
        if now - self._last < _SLOW:
            beats = min(beats * 2, _MOST_BEATS)
        else:
            beats = max(1, beats // 8)
        self._beats, self._last = beats, now
        if now < self.deadline:
            return beats
        self.bell.ring()
        return 0


class Counted(Iterator[Any]):
    """An iterator whose length hint is 0 exactly at its end."""

    def __length_hint__(self) -> int:
        raise NotImplementedError


class Feed:
    """The items of one flow, for one consumer."""

    __slots__ = ("_close", "after", "ending", "failing", "items", "length", "pauses")

    def __init__(
        self,
        items: Iterator[Any],
        ending: Callable[[], bool],
        close: Callable[[], object],
        *,
        pauses: bool,
        failing: Callable[[], bool] = bool,
        length: int | None = None,
    ) -> None:
        self.items: Iterator[Any] = items
        self.ending: Callable[[], bool] = ending
        """Tells, without a pull, whether it is known that no further item comes."""
        self.failing: Callable[[], bool] = failing
        """Tells, where it is known to be over, whether that is by an error."""
        self.pauses: bool = pauses
        """Whether a PAUSE may come instead of an item."""
        self.length: int | None = length
        """How many items it has in all, where that is known."""
        self.after: list[Callable[[], None]] = []
        """What is to be done once the end has been told, the last first."""
        self._close = close

    def let_go(self) -> None:
        """Close all that is open."""
        self._close()

    def close(self) -> None:
        """Close all that is open, and do what is to be done at the end."""
        self._close()
        self.told()

    def told(self) -> None:
        """Do what is to be done once the end has been told."""
        while self.after:
            self.after.pop()()
