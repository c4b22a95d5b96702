"""Right Processors of many styles, none of which has anything in common with the gallery's.

Each is an actor: what is called is posted, and handled one after another, wherever it is that it works.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

UNBOUNDED = 2**63 - 1


def needed(value: Any) -> Any:
    if value is None:
        raise TypeError("None is not welcome")
    return value


class Outlet:
    """What one Subscriber behind it has asked for, and got."""

    def __init__(self, hub: Hub, subscriber: Any) -> None:
        self.hub, self.subscriber = hub, subscriber
        self.demand = 0

    def request(self, n: Any) -> None:
        self.hub.post(lambda: self.hub.asked(self, n))

    def cancel(self) -> None:
        self.subscriber = None
        self.hub.post(lambda: self.hub.left(self))

    def tell(self, signal: str, *given: Any) -> None:
        subscriber = self.subscriber
        if subscriber is None:
            return
        if signal in {"on_error", "on_complete"}:
            self.subscriber = None
        try:
            getattr(subscriber, signal)(*given)
        except Exception:
            self.cancel()  # who raises is gone


class Hub:
    """Handles what is posted where it was posted; asks upstream for just what it was asked for itself."""

    most = 1_000
    """So many Subscribers are served, each with all elements from when it came; others are told no."""

    def __init__(self) -> None:
        self.posted: deque[Callable[[], Any]] = deque()
        self.busy = threading.Lock()
        self.up: Any = None
        self.asked_for = self.came = 0
        self.queue: deque[Any] = deque()
        self.end: tuple[Any, ...] | None = None
        self.up_is_over = False
        """Known at once, and not only when its turn has come (2.4)."""
        self.outlets: list[Outlet] = []
        self.served = False

    # Called by others.

    def on_subscribe(self, subscription: Any) -> None:
        needed(subscription)
        self.post(lambda: self.connect(subscription))

    def on_next(self, item: Any) -> None:
        needed(item)
        self.post(lambda: self.take(item))

    def on_error(self, error: Any) -> None:
        needed(error)
        self.up_is_over = True
        self.post(lambda: self.over("on_error", error))

    def on_complete(self) -> None:
        self.up_is_over = True
        self.post(lambda: self.over("on_complete"))

    def subscribe(self, subscriber: Any) -> None:
        needed(subscriber)
        self.post(lambda: self.add(Outlet(self, subscriber)))

    # Where it works.

    def post(self, what: Callable[[], Any]) -> None:
        self.posted.append(what)
        self.wake()

    def wake(self) -> None:
        self.drain()

    def drain(self) -> None:
        while self.posted and self.busy.acquire(blocking=False):
            try:
                while self.posted:
                    self.posted.popleft()()
            finally:
                self.busy.release()

    # One at a time.

    def connect(self, subscription: Any) -> None:
        if self.up is not None:
            subscription.cancel()
            return
        self.up = subscription
        self.pull()

    def take(self, item: Any) -> None:
        self.came += 1
        self.queue.append(item)
        self.emit()

    def over(self, *end: Any) -> None:
        if self.end is None:
            self.end = end
            self.emit()

    def add(self, outlet: Outlet) -> None:
        full = len(self.outlets) >= self.most
        if not full:
            self.outlets.append(outlet)
            self.served = True
        outlet.tell("on_subscribe", outlet)
        if full:
            outlet.tell("on_error", RuntimeError("it has the Subscribers that it can serve"))
        self.emit()

    def asked(self, outlet: Outlet, n: Any) -> None:
        if outlet.subscriber is None:
            return
        if type(n) is not int or n <= 0:
            kind = ValueError if type(n) is int else TypeError
            outlet.tell("on_error", kind(f"request({n!r}): see 3.9"))
            self.left(outlet)
            return
        outlet.demand = min(UNBOUNDED, outlet.demand + n)
        self.emit()

    def left(self, outlet: Outlet) -> None:
        if outlet in self.outlets:
            self.outlets.remove(outlet)
            if self.outlets:
                self.emit()
            else:
                self.close()

    def close(self) -> None:
        if self.end is None:
            self.end = ("on_complete",)
            if self.up is not None and not self.up_is_over:
                self.up.cancel()
        self.queue.clear()

    def emit(self) -> None:
        while self.queue and self.outlets and all(each.demand for each in self.outlets):
            item = self.queue.popleft()
            for outlet in list(self.outlets):
                outlet.demand -= outlet.demand < UNBOUNDED
                self.send(outlet, item)
        failed = self.end is not None and self.end[0] == "on_error"
        if self.end is not None and (failed or not self.queue):
            for outlet in list(self.outlets):
                self.outlets.remove(outlet)
                self.finish(outlet)
        self.pull()

    def send(self, outlet: Outlet, item: Any) -> None:
        outlet.tell("on_next", item)

    def finish(self, outlet: Outlet) -> None:
        assert self.end is not None
        outlet.tell(*self.end)

    def pull(self) -> None:
        if self.up is None or self.end is not None or self.up_is_over:
            return
        n = self.wanted()
        if n > 0:
            self.asked_for += n
            self.up.request(n)

    def wanted(self) -> int:
        demand = min((each.demand for each in self.outlets), default=0)
        return demand - len(self.queue) - (self.asked_for - self.came)


class OneAtATime(Hub):
    """Asks for the next element when the one before has come."""

    def wanted(self) -> int:
        return 1 if super().wanted() > 0 and self.asked_for == self.came else 0


class Prefetching(Hub):
    """Asks for eight ahead, and for six more when six are gone."""

    def wanted(self) -> int:
        held = len(self.queue) + self.asked_for - self.came
        return 8 - held if held <= 2 else 0


class Holding(Hub):
    """Takes all that there is, and holds it."""

    def wanted(self) -> int:
        return 0 if self.asked_for else UNBOUNDED


class ForOne(Prefetching):
    """Serves one Subscriber, and tells others that it does."""

    most = 1


class OnThreads(Hub):
    """A thread works for as long as there is something to do."""

    def wake(self) -> None:
        threading.Thread(target=self.drain, daemon=True).start()


class OnThreadsAhead(Prefetching, OnThreads): ...


class OnPool(Hub):
    pool: ThreadPoolExecutor

    def wake(self) -> None:
        with suppress(RuntimeError):  # the pool is closed
            self.pool.submit(self.drain)


class OnPoolOneAtATime(OneAtATime, OnPool): ...


class ForOneOnPool(OnPool):
    most = 1


class OnLoop(Hub):
    """Works in turns of an event loop."""

    def wake(self) -> None:
        asyncio.get_running_loop().call_soon(self.drain)


class OnLoopAhead(Prefetching, OnLoop): ...


PLAIN = [
    Hub, OneAtATime, Prefetching, Holding, ForOne, OnThreads, OnThreadsAhead, OnPool,
    OnPoolOneAtATime, ForOneOnPool,
]  # fmt: skip
ON_LOOPS = [OnLoop, OnLoopAhead]
