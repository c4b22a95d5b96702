"""Ways: on whose thread a source works off what it is asked for, and so who is to ask it."""

from __future__ import annotations

import threading
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
from reactive_streams import UNBOUNDED


class Way(Enum):
    """What becomes of a request."""

    ELSEWHERE = "it is worked off on a loop, or a thread, of its own: whoever asks goes on"
    INSIDE = "it is worked off inside of the request"
    BACK = "some may be worked off later, but the request comes back, and waits for no other one"
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
        if isinstance(subscription, InboxStage) and not subscription.crosses:
            # It gives what it holds, and asks for more.
            inner = way_of(subscription.upstream)
            return Way.BACK if inner in (Way.INSIDE, Way.BACK) else Way.UNKNOWN
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


class FarDemand:
    """What was asked of a source that a worker runs, and who is to pass it on: whoever asks, or the worker.

    A source that always comes back from a request is asked by the worker alone. Of one that may do
    either nobody knows: it is asked by the worker too, and found out. If it comes back from a request
    and still owes items, it does not work inside of it. If it keeps the worker while it owes nothing, it
    may be waiting for demand there, and is asked by whoever has some.
    """

    __slots__ = ("_busy", "_lock", "_passed", "delivered", "owed", "way")

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
            waits = self.way is Way.UNKNOWN and self.delivered >= self._passed
            return self._take() if waits else 0

    def take(self) -> int:
        """Return what is owed, to be passed on by the caller."""
        with self._lock:
            return self._take()

    def _take(self) -> int:
        n, self.owed = self.owed, 0
        self._passed = min(self._passed + n, UNBOUNDED)
        return n

    def introduce(self, way: Way) -> int:
        """Take note that the source is there; return what it is to be asked for first."""
        with self._lock:
            self.way = way
            return self._take()

    def worked(self) -> int:
        """Return what the worker is to pass on next; 0: it is idle."""
        with self._lock:
            if self.way is Way.UNKNOWN and self.delivered < self._passed:
                self.way = Way.ELSEWHERE
            n = self._take() if self.way is not None else 0
            self._busy = n > 0
            return n
