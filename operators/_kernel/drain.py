"""Drain: a loop that many may start and one at a time runs."""

from __future__ import annotations

import threading
from collections import deque


class Drain:
    """Who finds it idle runs it; whoever comes meanwhile leaves a mark, and the runner goes round again.

    This is how signals stay serial (§1.3) without a lock being held while anybody's code runs, and
    how a request made from inside on_next becomes another turn of a loop instead of a recursion (§3.3).

    The lock says that somebody runs the loop; it is never waited for. A mark is left before the lock
    is tried, and looked for after it is given back: so no mark is left that nobody sees.
    """

    __slots__ = ("_mark", "_marks", "_take", "_turns")

    def __init__(self) -> None:
        self._marks: deque[None] = deque(maxlen=1)
        self._mark = self._marks.append
        self._turns = threading.Lock()
        self._take = self._turns.acquire

    def enter(self) -> bool:
        """Leave a mark; return True where the caller is now the one to run the loop."""
        if self._marks:
            return False  # an unseen mark says it already: somebody is to go round after this
        self._mark(None)
        if self._take(False):
            self._see()
            return True
        return False

    def claim(self) -> bool:
        """Take the turn where it is free, without a mark: for who has something of its own to do first."""
        return self._take(False)

    def again(self) -> bool:
        """Ask, after a turn: return True where marks were left meanwhile, else fall idle."""
        if self._marks and self._see():
            return True
        self._turns.release()
        return bool(self._marks) and self._take(False) and (self._see() or True)

    def _see(self) -> bool:
        try:
            self._marks.popleft()
        except IndexError:
            return False
        return True
