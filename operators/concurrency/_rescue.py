"""Rescue: calls whose worker has died are made again, one at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from operators._kernel.hosts.threads import aside
from operators._kernel.subscription.drain import Drain
from operators.concurrency._call import Call


class Rescue:
    """Finds out which call it is that a worker dies of.

    All calls in flight are lost when a pool breaks, and nobody says whose worker it was. They are made
    again one after another, and what comes meanwhile waits: so the one that is alone when its worker dies
    is the culprit, and the others come to their end. Nothing is lost by whoever was only near.
    """

    def __init__(self, submit: Callable[[Call], object]) -> None:
        self._submit = submit
        self._turn = Drain()
        self._suspects: deque[Call] = deque()
        self._over: deque[Call] = deque()
        self._alone: Call | None = None
        self._awaited = False  # whether a thread is about to go round

    @property
    def busy(self) -> bool:
        """Whether a call that comes now is to wait."""
        return bool(self._suspects) or self._alone is not None

    def take(self, call: Call, *, within: bool = False) -> None:
        """Have a call made when it is its turn.

        `within` a callback of the executor that is on another thread: there it may hold the very lock
        that it needs for the next call, as a ProcessPoolExecutor of 3.12 does.
        """
        self.take_apart(call, [call], within=within)

    def take_apart(self, call: Call, parts: list[Call], *, within: bool = False) -> None:
        """Have the parts of a call made in its place, one at a time."""
        for part in parts:
            self._suspects.append(part)
        if call is self._alone:
            self._over.append(call)
        if not within:
            self._go_round()
        elif not self._awaited:
            self._awaited = True
            aside(self._go_round_now)

    def _go_round_now(self) -> None:
        self._awaited = False
        self._go_round()

    def ended(self, call: Call) -> None:
        """Take note that a call is over, whatever way."""
        if call is self._alone:
            self._over.append(call)
            self._go_round()

    def is_alone(self, call: Call) -> bool:
        """Whether it is the only one that could be to blame."""
        return call is self._alone

    def give_up(self) -> list[Call]:
        """Remove and return the calls that wait; each is given to one caller."""
        left: list[Call] = []
        while self._suspects:
            try:
                left.append(self._suspects.popleft())
            except IndexError:  # another one has it
                break
        return left

    def _go_round(self) -> None:
        if not self._turn.enter():
            return
        try:
            while True:
                self._next()
                if not self._turn.again():
                    return
        except BaseException:
            self._turn = Drain()
            raise

    def _next(self) -> None:
        while self._over:
            if self._over.popleft() is self._alone:
                self._alone = None
        if self._alone is None and self._suspects:
            try:
                call = self._suspects.popleft()
            except IndexError:  # who closes takes them too
                return
            self._alone = call
            self._submit(call)
