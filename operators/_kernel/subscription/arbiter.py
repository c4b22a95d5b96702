"""Arbiter: one Subscription downstream over a succession of upstreams."""

from __future__ import annotations

import threading
from typing import Any

from operators._kernel.failures.failure import NOTHING
from operators._kernel.subscription.demand import demand_error, plain
from operators._kernel.subscription.ends import NOWHERE
from reactive_streams import UNBOUNDED


class Arbiter:
    """Carries outstanding demand from one upstream to the next: what was asked minus what was produced."""

    __slots__ = ("_asked", "_bad", "_current", "_lock", "cancelled", "produced")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked = 0
        self._bad: Any = NOTHING  # whatever was asked for, None too
        self._current: Any = NOWHERE
        self.cancelled = False
        self.produced = 0
        """Items delivered by the current upstream; only its on_next, which is serial, raises it."""

    @property
    def wanted(self) -> bool:
        """Whether more was asked for than was produced; to be read between two upstreams."""
        with self._lock:
            return self._asked > self.produced or self._bad is not NOTHING

    @property
    def misused(self) -> bool:
        """Whether downstream made a bad request, so that an error now is the answer to it (§3.9)."""
        return self._bad is not NOTHING

    def answer(self, error: Exception) -> Exception:
        """Return the error for the bad request, where there was one, in place of any other (§3.9)."""
        return error if self._bad is NOTHING else demand_error(self._bad) or error

    def request(self, n: int) -> None:
        """Pass demand on to the current upstream, and remember it for the next."""
        n = plain(n)
        bad = demand_error(n)
        with self._lock:
            if bad is None:
                self._asked = min(self._asked + n, UNBOUNDED)
            elif self._bad is NOTHING:
                self._bad = n
            current = self._current
        current.request(n)

    def switch(self, upstream: Any) -> None:
        """Go over to a new upstream, between two of its signals: it is asked for what is outstanding."""
        with self._lock:
            cancelled, bad = self.cancelled, self._bad
            if self._asked != UNBOUNDED:
                self._asked -= self.produced
            self.produced = 0
            wanted = self._asked
            self._current = upstream
        if cancelled:
            upstream.cancel()
        elif bad is not NOTHING:
            upstream.request(bad)
        elif wanted:
            upstream.request(wanted)

    def cancel(self) -> None:
        """Cancel the current upstream, and any that comes after it."""
        with self._lock:
            self.cancelled = True
            current, self._current = self._current, NOWHERE
        current.cancel()
