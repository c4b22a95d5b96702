"""Slices: how long one of our loops may run on an event loop before that gets its turn."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from operators._kernel.loops import running_loop

SLICE = 0.003
"""Seconds; loops inside of each other each have their own."""


class Slice:
    """The time of one run of a loop; on a thread without an event loop it is never over."""

    __slots__ = ("_due", "_loop")

    def __init__(self) -> None:
        self._loop = running_loop()
        self._due = monotonic() + SLICE if self._loop is not None else 0.0

    @property
    def over(self) -> bool:
        """Whether the loop is to go on later."""
        return self._loop is not None and monotonic() >= self._due

    def go_on(self, run: Callable[[], object]) -> None:
        """Have the loop go on in a later turn of the event loop."""
        assert self._loop is not None
        self._loop.call_soon(run)
