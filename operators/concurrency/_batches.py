"""Batches: items that wait for a free worker, and become the batch that it gets."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import Any, Protocol

from operators._kernel.failures.checks import need_result, shown
from operators._kernel.subscription.hop import Hop
from operators._kernel.subscription.scope import Scope
from operators.concurrency._admission import Admission
from operators.concurrency._call import Call
from operators.concurrency._chunk_fn import Results, Sizer
from operators.concurrency._limit import Limit
from operators.schedulers import Scheduler

_GAP = 0.02
"""Seconds between two items after which a source that is asked for some is not waited for."""


@dataclass(frozen=True)
class Bounds:
    """When a batch is full, and for how long its first item waits for others."""

    max_size: int
    max_weight: float | None = None
    weight: Callable[[Any], float] | None = None
    max_wait: float = 0.0
    scheduler: Scheduler | None = None
    sized: bool = False
    """Whether max_size is only what it begins with, and follows how long calls take."""


class Taken(Protocol):
    """Whoever has the batches delivered."""

    scope: Scope

    def enlist(self, call: Call) -> None:
        """Take note of a batch that is about to begin, in order."""
        ...

    def timer_lost(self, error: Exception) -> None:
        """End the stream, since its timer will never fire."""
        ...


class Batches(Admission):
    """Gives each free worker what is there: up to a full batch, which waits for no more."""

    def __init__(
        self, stage: Taken, by: str, start: Callable[[Call], object], limit: Limit, bounds: Bounds
    ) -> None:
        super().__init__(start, limit)
        self.max_size = bounds.max_size
        self._sizer = Sizer() if bounds.sized else None
        self._works: deque[tuple[float, int]] = deque()
        self._stage = stage
        self._by = by
        self._most = bounds.max_weight
        self._weight = bounds.weight
        self._wait = bounds.max_wait
        self._plain = bounds.weight is None and not bounds.max_wait
        self.gathering = True  # until whoever takes the results waits for one
        self._waiting: deque[Any] = deque()
        self._weights: deque[float] = deque()
        self._came: deque[float] = deque()
        self._counted = 0  # of those that wait, how many fit
        self._total = 0.0  # what these weigh
        self._ending = False
        self._slow = False
        self._last = monotonic()  # of the newest item; 0: nobody has looked, for no worker was free
        self._ticks: deque[float] = deque()
        self._ticked = 0.0
        self._armed: float | None = None
        self._hop: Hop | None = None
        if self._wait and bounds.scheduler is not None:
            worker = bounds.scheduler.worker()
            self._clock: Callable[[], float] = getattr(worker, "now", bounds.scheduler.now)
            self._hop = Hop(worker, stage.scope, stage.timer_lost, stage.timer_lost)

    @property
    def waiting(self) -> int:
        """How many items wait for a worker."""
        return len(self._waiting)

    # Upstream -----------------------------------------------------------------------------------

    def add(self, item: Any) -> None:
        """Take an item; raises what `weight` does."""
        waiting = self._waiting
        if self._plain:
            waiting.append(item)
            if len(self._live) >= self.limit.value:
                # Whoever ends a call looks after this: it makes room first, and looks at what waits then.
                self._last = 0.0
                return
        else:
            # What is told of an item is there before the item is.
            if self._weight is not None:
                self._weights.append(self._weighed(item))
            if self._wait:
                self._came.append(self._clock())
            waiting.append(item)
        if self.gathering and not self._wait:
            now = monotonic()
            if not self._last or now - self._last <= _GAP:
                self._last = now
                if self._plain and len(waiting) < self.max_size:
                    return  # whoever gathers looks after this
            else:
                self._slow = True
                self.gathering = False
        self.go_round()

    def _weighed(self, item: Any) -> float:
        assert self._weight is not None
        weight: Any = self._weight(item)
        need_result(self._by, "weight", weight)
        if not weight >= 0:  # nor can anything be said of a nan
            raise ValueError(
                f"{self._by}: weight must give a number of at least 0, gave {shown(weight)}"
            )
        return float(weight)

    def gather(self, request: Callable[[int], object], n: int) -> None:
        """Ask for items; what comes at once is there before a batch is made of less than would be one."""
        self._last = monotonic()
        self.gathering = not self._slow
        try:
            request(n)
        finally:
            self.release()

    def release(self) -> None:
        """Wait no longer for what comes at once."""
        self.gathering = False
        self.go_round()

    def end(self) -> None:
        """Wait for no more items: there are none."""
        self._ending = True
        self.go_round()

    def give_up(self) -> list[Any]:
        """Remove and return the items that wait; each is given to one caller."""
        left: list[Any] = []
        with suppress(IndexError):
            while self._waiting:
                left.append(self._waiting.popleft())
        return left

    def close(self) -> None:
        """Have no batch begin any more."""
        self.closed = True
        if self._hop is not None:
            self._hop.close()

    def ended(self, call: Call) -> None:
        if self._sizer is not None and type(call.result) is Results:
            self._works.append((call.result.seconds, call.size))
        super().ended(call)

    # The turn -----------------------------------------------------------------------------------

    def _settle(self) -> None:
        while self._ticks:
            self._ticked = self._ticks.popleft()
            if self._ticked == self._armed:
                self._armed = None
        while self._works and self._sizer is not None:
            self._sizer.took(*self._works.popleft())
            self.max_size = self._sizer.size
        super()._settle()

    def next(self) -> Call | None:
        if not self._waiting:
            return None
        n = self._full()
        if not n:
            if not self._goes():
                return None
            n = self._counted
        items: list[Any] = []
        with suppress(IndexError):  # who closes takes them too
            while len(items) < n:
                items.append(self._waiting.popleft())
        if not items:
            return None
        for each in (self._weights, self._came):
            if each:
                for _ in range(n):
                    each.popleft()
        self._counted, self._total = 0, 0.0
        call = Call()
        call.by = self._by
        call.item = items
        call.size = len(items)
        self._stage.enlist(call)
        return call

    def _full(self) -> int:
        """Return how many items are a full batch, or 0: then `_counted` says how many fit."""
        there, most = len(self._waiting), self.max_size
        if self._weight is None:
            self._counted = min(there, most)
            if there < most:
                return 0
            self._slow = False  # whatever it was that held it up once, a busy machine say
            return most
        assert self._most is not None
        while self._counted < min(there, most):
            weight = self._weights[self._counted]
            if self._counted and self._total + weight > self._most:
                return self._counted
            self._counted += 1
            self._total += weight
            if self._total >= self._most:
                return self._counted
        return self._counted if self._counted >= most else 0

    def _goes(self) -> bool:
        """Whether a batch that is not full begins now."""
        if self._ending:
            return True
        if not self._wait:
            return not self.gathering
        due = self._came[0] + self._wait
        # Whatever the clock says: it is due that the timer was set for.
        if due <= self._ticked or due <= self._clock():
            return True
        if self._hop is not None and (self._armed is None or due < self._armed):
            self._armed = due
            self._hop.run(partial(self._tick, due), due - self._clock())
        return False

    def _tick(self, due: float) -> None:
        self._ticks.append(due)
        self.go_round()
