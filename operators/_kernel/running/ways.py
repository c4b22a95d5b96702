"""Ways: on whose thread a source works off what it is asked for, and so who is to ask it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from enum import Enum
from typing import Any

from operators._kernel.links.async_drives import AsyncDrive
from operators._kernel.links.drives import IteratorDrive
from operators._kernel.links.emitter import Outlet
from operators._kernel.links.gate import DrainedStage
from operators._kernel.links.inbox import InboxStage
from operators._kernel.links.inlet import Inlet
from operators._kernel.links.queued import QueuedStage
from operators._kernel.links.stage import FusedStage, Stage
from operators._kernel.subscription.ends import NOWHERE
from reactive_streams import UNBOUNDED


class Way(Enum):
    """What becomes of a request."""

    ELSEWHERE = "it is worked off on a loop, or a thread, of its own: whoever asks goes on"
    INSIDE = "it is worked off inside of the request"
    SHARED = "what is held is given out inside of it, and the source is left to the worker"
    UNKNOWN = "it may be either"


def way_of(subscription: Any) -> Way:
    """Return what a request of the Subscription is known to do; who only passes it on is looked through."""
    while True:
        if isinstance(subscription, IteratorDrive):
            return Way.INSIDE
        if isinstance(subscription, (AsyncDrive, Outlet)):
            return Way.ELSEWHERE  # an outlet has asked for all already, and gives what it holds
        if isinstance(subscription, DrainedStage):
            subscription = subscription.upstream
            continue
        if isinstance(subscription, Inlet):  # perhaps our own flow, as somebody's Publisher
            subscription = subscription.upstream.subscription
            continue
        if isinstance(subscription, QueuedStage):
            hop: Any = getattr(subscription, "hop", None)
            crosses = subscription.crosses and (hop is None or hop.elsewhere)
            return Way.ELSEWHERE if crosses else Way.UNKNOWN
        if not isinstance(subscription, Stage) or not _passes_on(subscription):
            return Way.UNKNOWN
        subscription = subscription.upstream


def works_inside(subscription: Any) -> bool:
    """Whether all that is asked of it is known to come, one after another, before the request returns.

    Or else, asked for inside of on_subscribe, before the subscribe does.
    """
    return way_of(subscription) is Way.INSIDE


def _passes_on(stage: Stage) -> bool:
    return type(stage).request in (Stage.request, FusedStage.request)


def _inbox_over(subscription: Any) -> InboxStage | None:
    """Return the stage whose inbox is filled by what works inside of a request; None: it is not so."""
    found: InboxStage | None = None
    while True:
        if isinstance(subscription, Inlet):
            subscription = subscription.upstream.subscription
        elif isinstance(subscription, InboxStage) and not subscription.crosses:
            found, subscription = subscription, subscription.upstream
        elif isinstance(subscription, Stage) and _passes_on(subscription):
            subscription = subscription.upstream
        else:
            return found if works_inside(subscription) else None


class _Left:
    """The Subscription of a source that works inside of a request: whoever asks leaves that to a worker."""

    __slots__ = ("_demand", "_set_to_work", "source")

    def __init__(self, source: Any, demand: FarDemand, set_to_work: Callable[[], object]) -> None:
        self.source: Any = source
        self._demand = demand
        self._set_to_work = set_to_work

    def request(self, n: int) -> None:
        if self._demand.leave(n):
            self._set_to_work()

    def cancel(self) -> None:
        self.source.cancel()


class FarDemand:
    """What was asked of a source that a worker runs, and who is to pass it on: whoever asks, or the worker.

    Of a source that may work inside of a request or not nobody knows: it is asked by the worker, and
    found out. If it comes back from a request and still owes items, it does not work inside of it. If it
    keeps the worker while it owes nothing, it may be waiting for demand there, and is asked by whoever
    has some.

    Below a queue that is filled by a source that works inside, there are two to be asked. The queue is
    asked as one of which nothing is known, since it may have what is wanted while the source waits for
    more; but what it asks for in turn is left to the worker, whoever it was that asked the queue.
    """

    __slots__ = ("_busy", "_left", "_lock", "_passed", "_source", "delivered", "owed", "way")

    def __init__(self) -> None:
        # Re-entrant: the collector may close a loop over the same source in the midst of this.
        self._lock = threading.RLock()
        self.way: Way | None = None
        """None until the source is there."""
        self.owed: int = 0
        """Asked for and not yet passed on; may be read by anybody, as a hint."""
        self.delivered: int = 0
        """Counted by the signals, which are serial."""
        self._passed = 0
        self._source: Any = NOWHERE
        self._left = 0  # what the source is to be asked for by the worker
        self._busy = True  # the worker is at it, or about to be: it begins with the subscribe

    def ask(self, n: int) -> int | None:
        """Return what the caller is to pass on; None: the worker is to be set to it."""
        with self._lock:
            self.owed = min(self.owed + n, UNBOUNDED)
            if self.way is Way.ELSEWHERE:
                return self._take()
            if self.way is None:
                return 0
            if not self._busy:
                self._busy = True
                return None
            # It sees it after the next item, or when it has done.
            waits = self.way is not Way.INSIDE and self.delivered >= self._passed
            return self._take() if waits else 0

    def take(self) -> int:
        """Return what is owed, to be passed on by the caller."""
        with self._lock:
            return self._take()

    def _take(self) -> int:
        n, self.owed = self.owed, 0
        self._passed = min(self._passed + n, UNBOUNDED)
        return n

    def introduce(self, subscription: Any, set_to_work: Callable[[], object]) -> int:
        """Take note that the source is there; return what it is to be asked for first."""
        way, inbox = way_of(subscription), _inbox_over(subscription)
        if inbox is not None:
            way, self._source = Way.SHARED, inbox.upstream
            inbox.upstream = _Left(self._source, self, set_to_work)
        with self._lock:
            self.way = way
            return self._take()

    def leave(self, n: int) -> bool:
        """Leave it to the worker to ask the source for n; return whether that is to be set to it."""
        with self._lock:
            self._left = min(self._left + n, UNBOUNDED)
            idle, self._busy = not self._busy, True
            return idle

    def work(self, subscription: Any) -> None:
        """Pass on all there is, as the worker."""
        while True:
            with self._lock:
                if self.way is Way.UNKNOWN and self.delivered < self._passed:
                    self.way = Way.ELSEWHERE
                n = self._take() if self.way is not None else 0
                left, self._left = self._left, 0
                if not (n or left):
                    self._busy = False
                    return
            if n:
                subscription.request(n)
            if left:
                self._source.request(left)
