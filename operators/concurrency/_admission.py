"""Admission: calls begin in turn, never more of them at once than a limit says."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from time import monotonic

from operators._kernel.hosts.loops import running_loop
from operators._kernel.subscription.drain import Drain
from operators.concurrency._call import Call
from operators.concurrency._limit import Limit


class Admission:
    """Begins calls as long as the limit allows; whoever comes while somebody does leaves a mark.

    Items come on one thread and calls end on others: one at a time looks what may begin.
    """

    def __init__(self, start: Callable[[Call], object], limit: Limit) -> None:
        self.limit: Limit = limit
        self.closed = False
        self._start = start
        self._turn = Drain()
        self._ends: deque[tuple[Call, float | None]] = deque()
        self._live: dict[Call, None] = {}  # in the order in which they began
        loop = running_loop()
        # A loop may have a time of its own.
        self._now: Callable[[], float] = monotonic if loop is None else loop.time

    def next(self) -> Call | None:
        """Return the next call that may begin, if there is one; asked in the turn."""
        raise NotImplementedError

    def ended(self, call: Call) -> None:
        """Take note that a call is over: another may begin."""
        # What has failed says nothing of how long a call takes.
        seconds = None if call.error is not None else self._now() - call.began
        self._ends.append((call, seconds))
        self.go_round()

    def go_round(self) -> None:
        """Begin what may begin now, here or by whoever is at it."""
        if not self._turn.enter():
            return
        try:
            while True:
                self._settle()
                if not self._turn.again():
                    return
        except BaseException:
            self._turn = Drain()  # the turn may have been half given back
            raise

    def _settle(self) -> None:
        ends, limit, live = self._ends, self.limit, self._live
        while ends:
            call, seconds = ends.popleft()
            del live[call]
            if seconds is not None:
                limit.took(call, seconds, live)
        while len(live) < limit.value and not self.closed:
            begun = self.next()
            if begun is None:
                return
            live[begun] = None
            begun.keyed = self
            begun.among = len(live)
            begun.began = self._now()
            self._start(begun)
