"""Row: calls that wait until the limit lets them begin."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import suppress

from operators.concurrency._admission import Admission
from operators.concurrency._call import Call
from operators.concurrency._limit import Limit


class Row(Admission):
    """Begins calls in the order in which they came, as the limit allows."""

    def __init__(self, start: Callable[[Call], object], limit: Limit) -> None:
        super().__init__(start, limit)
        self._waiting: deque[Call] = deque()
        self.after: Callable[[Call], object] | None = None
        """Is told of each call that is over, too."""

    def begin(self, call: Call) -> None:
        """Begin a call as soon as the limit allows."""
        self._waiting.append(call)
        self.go_round()

    def next(self) -> Call | None:
        try:
            return self._waiting.popleft()
        except IndexError:
            return None

    def ended(self, call: Call) -> None:
        super().ended(call)
        if self.after is not None:
            self.after(call)

    def give_up(self) -> list[Call]:
        """Remove and return the calls that wait; each is given to one caller."""
        self.closed = True
        left: list[Call] = []
        with suppress(IndexError):
            while self._waiting:
                left.append(self._waiting.popleft())
        return left
