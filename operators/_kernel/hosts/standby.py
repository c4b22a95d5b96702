"""Standby: a thread waits a moment for another one, as long as that mostly comes in time."""

from __future__ import annotations

import threading
from collections.abc import Sized
from contextlib import suppress
from time import monotonic

MOMENT = 0.0002
"""Seconds for which a thread stands by, at most: one that is quick takes a tenth of that."""


class Standby:
    """Where a thread that would have to be woken waits for what another one brings.

    To have it sleep, and wake it, may take longer than all that it then has to do. It does not wait again
    after it has waited in vain, until what it is brought would have come in time.
    """

    __slots__ = ("_bell", "_brisk", "_left", "_waits")

    def __init__(self) -> None:
        self._bell = threading.Lock()
        self._waits = False
        self._brisk = True
        self._left = 0.0  # when the other one was told to go on

    def leave(self) -> None:
        """Take note that the other one is about to be told to go on; on the thread that may wait."""
        if not self._brisk:
            self._left = monotonic()

    def come(self) -> None:
        """Take note that something was brought, for which this thread was woken; on that thread."""
        if not self._brisk:
            self._brisk = monotonic() - self._left < MOMENT

    def wait(self, brought: Sized) -> bool:
        """Wait until there is something brought, `MOMENT` seconds at most; return whether there is."""
        if self._brisk:
            # Each side looks at the other's when it has done its own: it has brought something, or waits.
            self._waits = True
            self._bell.acquire(blocking=False)
            if not brought:
                self._bell.acquire(timeout=MOMENT)
            self._waits = False
            self._brisk = bool(brought)
        return self._brisk

    def ring(self) -> bool:
        """Have the thread go on, after something was brought; False: it does not wait, and is to be woken."""
        if not self._waits:
            return False
        with suppress(RuntimeError):  # it was rung already
            self._bell.release()
        return True
