"""Virtual time: what is different on an event loop whose time is not the real one.

Such a loop, of a test kit, lets its time jump to the next timer whenever nothing is ready. Two things it
has to be told: which timers only look after what happens outside of it, and so are for real seconds; and
that somebody works for it elsewhere, while which its time is to stand still.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from operators._kernel.hosts.runtimes import Loop


def later_in_earnest(
    loop: Loop, seconds: float, function: Callable[..., object], *args: Any
) -> Any:
    """Call the function in `seconds` of real time, on any loop."""
    later = getattr(loop, "call_later_in_earnest", loop.call_later)
    return later(seconds, function, *args)


_NONE: deque[Callable[[], object]] = deque()


class Elsewhere:
    """Counts what is done on other threads for a loop; where that has virtual time, it then stands still."""

    __slots__ = ("_hold", "_releases")

    def __init__(self, loop: Loop | None) -> None:
        self._hold: Callable[[], Callable[[], object]] | None = getattr(loop, "hold", None)
        # A loop on real time, as almost all are, needs none; a hundred thousand timers are as many of these.
        self._releases: deque[Callable[[], object]] = _NONE if self._hold is None else deque()

    def begin(self) -> None:
        """Take note that something is handed over."""
        if self._hold is not None:
            self._releases.append(self._hold())

    def end(self) -> None:
        """Take note that one thing is done, and that the loop was told what came of it."""
        if self._hold is not None:
            with suppress(IndexError):
                self._releases.popleft()()

    def give_up(self) -> None:
        """Expect nothing any more."""
        while self._releases:
            self.end()
