"""Prefix: of what was given out in order, how much from its beginning on is settled."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Collection, Sequence

_TO_BE_GIVEN_AGAIN = -1


class Prefix:
    """Numbers that are given out in ascending order, in turns, and settled in any; from any thread.

    `position` is the number after those that are settled from the beginning on, without a gap: what a log
    may be told that it need not be given again. A number that is put back is given again, with all after
    it, in a later turn; what is said of it in an earlier one is too late. Once this is closed, all is.
    """

    __slots__ = ("_closed", "_lock", "_open", "_order", "_position")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._order: deque[int] = deque()
        self._open: dict[int, int] = {}
        self._position: int | None = None
        self._closed = False

    def give(self, numbers: Sequence[int], turn: int = 0) -> None:
        """Take note of numbers that are given out, each larger than those before."""
        with self._lock:
            self._order.extend(numbers)
            self._open.update(dict.fromkeys(numbers, turn))

    def settle(self, number: int, turn: int = 0) -> bool:
        """Settle a number; True: it waited for that."""
        with self._lock:
            if self._open.get(number) != turn:
                return False
            del self._open[number]
            return True

    def settle_up_to(self, number: int, turn: int = 0) -> bool:
        """Settle a number and all before it, but for what is put back; True: it waited for that."""
        with self._lock:
            if self._open.get(number) != turn:
                return False
            self._advance()
            for before in self._order:
                if before > number or self._open.get(before) == _TO_BE_GIVEN_AGAIN:
                    break
                self._open.pop(before, None)
            self._open.pop(number, None)
            return True

    def put_back(self, number: int, turn: int = 0) -> bool:
        """Have a number, and what comes after it, be given again; True: it waited to be settled."""
        with self._lock:
            if self._open.get(number) != turn:
                return False
            self._forget(number)
            # Until it is given again the position is not to pass it, whatever is given meanwhile.
            self._order.append(number)
            self._open[number] = _TO_BE_GIVEN_AGAIN
            return True

    def again(self, number: int) -> None:
        """Forget a number and all after it: they are to be given next."""
        with self._lock:
            self._forget(number)

    def _forget(self, number: int) -> None:
        while self._order and self._order[-1] >= number:
            self._open.pop(self._order.pop(), None)

    def position(self) -> int | None:
        """Return the number after those settled from the beginning on; None where the first is not."""
        with self._lock:
            self._advance()
            return self._position

    def _advance(self) -> None:
        order, still = self._order, self._open
        while order and order[0] not in still:
            self._position = order.popleft() + 1

    def reach(self, numbers: Collection[int]) -> int | None:
        """Return what the position would be, were these settled too."""
        with self._lock:
            self._advance()
            found = self._position
            for number in self._order:
                if number in self._open and number not in numbers:
                    break
                found = number + 1
            return found

    @property
    def held(self) -> int:
        """How many numbers it keeps: those not settled, and those that wait for one of these."""
        with self._lock:
            self._advance()
            return len(self._order)

    @property
    def unsettled(self) -> int:
        """How many numbers are not settled."""
        return len(self._open)

    @property
    def first(self) -> int | None:
        """The smallest number that is not settled, or None."""
        with self._lock:
            self._advance()
            return self._order[0] if self._order else None

    @property
    def closed(self) -> bool:
        """Whether nothing is settled any more."""
        return self._closed

    def close(self) -> None:
        """Let nothing be settled any more, and keep the position alone."""
        with self._lock:
            self._advance()
            self._closed = True
            self._order.clear()
            self._open.clear()
