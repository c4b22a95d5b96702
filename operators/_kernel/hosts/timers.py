"""Timers: what one worker has to do later, on an event loop's queue of such things."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import count

from operators._kernel.hosts.loops import Delayed, LoopLease


class Timers:
    """Calls that are to be made later, all of which are off the loop when this is closed."""

    __slots__ = ("_closed", "_delayed", "_order")

    def __init__(self) -> None:
        self._order = count()
        # The loop alone is to hold them: by that it is seen when it goes.
        self._delayed: dict[int, weakref.ref[Delayed]] = {}
        self._closed = False

    def add(
        self,
        lease: LoopLease,
        delay: float,
        function: Callable[[], object],
        lost: Callable[[Exception], object],
    ) -> None:
        """Have the function called in `delay` seconds; `lost` as for `LoopLease.call`."""
        key = next(self._order)
        delayed = lease.later(delay, partial(self._due, key, function), lost)
        self._delayed[key] = weakref.ref(delayed)
        if self._closed:
            delayed.cancel()

    def _due(self, key: int, function: Callable[[], object]) -> None:
        self._delayed.pop(key, None)
        function()

    def close(self) -> None:
        """Have nothing called any more; from any thread."""
        self._closed = True
        while self._delayed:
            with suppress(KeyError):  # the last one is due just now
                delayed = self._delayed.popitem()[1]()
                if delayed is not None:
                    delayed.cancel()
