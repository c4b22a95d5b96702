"""Drain: a loop that many may start and one at a time runs."""

from __future__ import annotations


class Drain:
    """Who finds it idle runs it; whoever comes meanwhile leaves a mark, and the runner goes round again.

    This is how signals stay serial (§1.3) without a lock being held while anybody's code runs, and
    how a request made from inside on_next becomes another turn of a loop instead of a recursion (§3.3).

    There is a token, and whoever has it runs the loop; it is never waited for. (A lock would do, and takes
    four times as long.) A mark is left before the token is tried, and looked for after it is given back: so
    no mark is left that nobody sees.
    """

    __slots__ = ("_mark", "_token", "leave", "marks", "take")

    def __init__(self) -> None:
        # As many as came at once, at most. A deque takes 600 bytes more.
        self.marks: list[None] = []
        """Not empty: whoever runs the loop is to go round once more."""
        self._mark = self.marks.append
        self._token: list[None] = [None]
        self.take = self._token.pop
        """Takes the turn, without a mark, or raises IndexError: `claim`, for who can spare no call."""
        self.leave = self._token.append
        """`leave(None)` gives the turn back; who does so looks at the marks then: see `revive`."""

    def enter(self) -> bool:
        """Leave a mark; return True where the caller is now the one to run the loop."""
        if self.marks:
            return False  # an unseen mark says it already: somebody is to go round after this
        self._mark(None)
        if self.claim():
            self._see()
            return True
        return False

    def claim(self) -> bool:
        """Take the turn where it is free, without a mark: for who has something of its own to do first."""
        if not self._token:
            return False
        try:
            self.take()
        except IndexError:  # a moment ago
            return False
        return True

    def forget(self) -> None:
        """Drop the marks left so far, for the first turn: it sees all that they tell of."""
        self.marks.clear()

    def again(self) -> bool:
        """Ask, after a turn: return True where marks were left meanwhile, else fall idle."""
        if self.marks and self._see():
            return True
        self.leave(None)
        return bool(self.marks) and self.revive()

    def revive(self) -> bool:
        """Ask, after the turn was given back: return True where marks were left, and it is had again."""
        return bool(self.marks) and self.claim() and (self._see() or True)

    def _see(self) -> bool:
        try:
            self.marks.pop()
        except IndexError:
            return False
        return True
