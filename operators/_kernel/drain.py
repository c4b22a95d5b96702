"""Drain: a loop that many may start and one at a time runs."""

from __future__ import annotations

import threading


class Drain:
    """Who finds it idle runs it; whoever comes meanwhile leaves a mark, and the runner goes round again.

    This is how signals stay serial (§1.3) without a lock being held while anybody's code runs, and
    how a request made from inside on_next becomes another turn of a loop instead of a recursion (§3.3).
    """

    __slots__ = ("_lock", "_marks")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._marks = 0

    def enter(self) -> bool:
        """Leave a mark; return True where the caller is now the one to run the loop."""
        with self._lock:
            self._marks += 1
            return self._marks == 1

    def again(self) -> bool:
        """Ask, after a turn: return True where marks were left meanwhile, else fall idle."""
        with self._lock:
            if self._marks > 1:
                self._marks = 1
                return True
            self._marks = 0
            return False
