"""Slices: how long one of our loops may run on an event loop before that gets its turn."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from operators._kernel.hosts import background
from operators._kernel.hosts.exits import ending_all
from operators._kernel.hosts.loops import LoopLease, Posted, running_loop

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

    def go_on(self, run: Callable[[], object], lost: Callable[[Exception], object]) -> None:
        """Have the loop go on in a later turn of the event loop; `lost` as for `next_turn`."""
        next_turn(run, lost)


def next_turn(run: Callable[[], object], lost: Callable[[Exception], object]) -> None:
    """Have the event loop that runs here call it in a later turn, or `lost` where that is closed first.

    The library's own might be over by then: whoever has a lease on it may give it back meanwhile.
    """

    def told(error: Exception) -> None:
        lost(ending_all(error))  # all that rests there is lost, and each of them tells so

    loop = running_loop()
    assert loop is not None
    if background.owns(loop):
        lease = LoopLease(movable=True)
        lease.post(_leased, lease, run, lost=told)
    else:
        loop.call_soon(Posted(run, told))


def _leased(lease: LoopLease, run: Callable[[], object]) -> None:
    try:
        run()
    finally:
        lease.release()
