"""Right Subscribers of many styles, none of which has anything in common with the gallery's."""

from __future__ import annotations

import asyncio
import queue
import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import trio

UNBOUNDED = 2**63 - 1
_OVER = object()


def needed(value: Any) -> None:
    if value is None:
        raise TypeError("None is neither a Subscription, nor an element, nor an error")


class Taker:
    """What each of them does with None, and with a second Subscription."""

    subscription: Any = None

    def on_subscribe(self, subscription: Any) -> None:
        needed(subscription)
        if self.subscription is not None:
            subscription.cancel()
            return
        self.subscription = subscription
        self.begin()

    def on_next(self, item: Any) -> None:
        needed(item)
        self.take(item)

    def on_error(self, error: Any) -> None:
        needed(error)
        self.end()

    def on_complete(self) -> None:
        self.end()

    def begin(self) -> None: ...
    def take(self, item: Any) -> None: ...
    def end(self) -> None: ...


class OneByOne(Taker):
    def begin(self) -> None:
        self.subscription.request(1)

    def take(self, item: Any) -> None:
        self.subscription.request(1)


class AheadOfItsWork(Taker):
    """Always has two under way."""

    def begin(self) -> None:
        self.subscription.request(2)

    def take(self, item: Any) -> None:
        self.subscription.request(1)


class InBatches(Taker):
    """Asks for six more when six of eight have come."""

    left = 6

    def begin(self) -> None:
        self.subscription.request(8)

    def take(self, item: Any) -> None:
        self.left -= 1
        if not self.left:
            self.left = 6
            self.subscription.request(6)


class Growing(Taker):
    """Asks for 1, 2, 4, 8, ..."""

    batch = left = 1

    def begin(self) -> None:
        self.subscription.request(1)

    def take(self, item: Any) -> None:
        self.left -= 1
        if not self.left:
            self.batch = self.left = 2 * self.batch
            self.subscription.request(self.batch)


class Everything(Taker):
    def begin(self) -> None:
        self.subscription.request(UNBOUNDED)


class LeavesMidway(Taker):
    left = 3

    def begin(self) -> None:
        self.subscription.request(10)

    def take(self, item: Any) -> None:
        self.left -= 1
        if not self.left:
            self.subscription.cancel()


class HasEnoughAtOnce(Taker):
    """Takes one element: it asks for no second, and leaves."""

    def begin(self) -> None:
        self.subscription.request(1)

    def take(self, item: Any) -> None:
        self.subscription.cancel()


class Late(Taker):
    """Asks from a timer, a moment after there is something to ask for; one call at a time (§2.7)."""

    over = False
    lock = threading.RLock()

    def begin(self) -> None:
        timer = threading.Timer(0.02, self.ask)
        timer.daemon = True
        timer.start()

    def ask(self) -> None:
        with self.lock:
            if not self.over:
                self.subscription.request(1)

    def take(self, item: Any) -> None:
        self.begin()

    def end(self) -> None:
        self.over = True


class Queued(Taker):
    """A thread works, and asks for the next when it is done with one."""

    def begin(self) -> None:
        self.items: queue.SimpleQueue[Any] = queue.SimpleQueue()
        threading.Thread(target=self.work, daemon=True).start()

    def work(self) -> None:
        self.subscription.request(1)
        while self.items.get() is not _OVER:
            self.subscription.request(1)

    def take(self, item: Any) -> None:
        self.items.put(item)

    def end(self) -> None:
        self.items.put(_OVER)


class Iterated(Queued):
    """A queue of four between the signals and a `for` of another thread."""

    def work(self) -> None:
        self.subscription.request(4)
        for _ in self:
            self.subscription.request(1)

    def __iter__(self) -> Any:
        return iter(self.items.get, _OVER)


class Pooled(Taker):
    """Each element is a task of an executor, which asks for the next."""

    pool: ThreadPoolExecutor

    def begin(self) -> None:
        self.pool.submit(self.subscription.request, 1)

    def take(self, item: Any) -> None:
        self.begin()


class Locked(Taker):
    """Holds a lock while it asks; what comes inside waits for nobody."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.seen: list[Any] = []

    def begin(self) -> None:
        with self.lock:
            self.subscription.request(3)

    def take(self, item: Any) -> None:
        with self.lock:
            self.seen.append(item)
            if len(self.seen) % 3 == 0:
                self.subscription.request(3)


def of_functions() -> Any:
    """A Subscriber that is no class of its own."""
    taker = OneByOne()
    return SimpleNamespace(
        on_subscribe=lambda subscription: taker.on_subscribe(subscription),
        on_next=lambda item: taker.on_next(item),
        on_error=lambda error: taker.on_error(error),
        on_complete=lambda: taker.on_complete(),
    )


class InATask(Taker):
    """On an event loop: a task takes from a queue."""

    def begin(self) -> None:
        self.items: asyncio.Queue[Any] = asyncio.Queue()
        self.task = asyncio.get_running_loop().create_task(self.work())

    async def work(self) -> None:
        while True:
            self.subscription.request(1)
            await self.items.get()
            await asyncio.sleep(0)

    def take(self, item: Any) -> None:
        self.items.put_nowait(item)

    def end(self) -> None:
        self.task.cancel()


class CalledSoon(Taker):
    """On an event loop: a callback asks, in a turn of its own."""

    over = False

    def begin(self) -> None:
        asyncio.get_running_loop().call_soon(self.ask)

    def ask(self) -> None:
        if not self.over:
            self.subscription.request(1)

    def take(self, item: Any) -> None:
        self.begin()

    def end(self) -> None:
        self.over = True


class InANursery(Taker):
    """On trio's loop: a task takes from a channel of memory."""

    def begin(self) -> None:
        self.send, self.receive = trio.open_memory_channel[Any](UNBOUNDED)
        nursery = trio.lowlevel.current_task().parent_nursery
        assert nursery is not None
        nursery.start_soon(self.work)

    async def work(self) -> None:
        self.subscription.request(1)
        async for _ in self.receive:
            self.subscription.request(1)

    def take(self, item: Any) -> None:
        self.send.send_nowait(item)

    def end(self) -> None:
        self.send.close()


PLAIN = [
    OneByOne, AheadOfItsWork, InBatches, Growing, Everything, LeavesMidway, HasEnoughAtOnce, Late,
    Queued, Iterated, Pooled, Locked, of_functions,
]  # fmt: skip
ON_LOOPS = [(InATask, "asyncio"), (CalledSoon, "asyncio"), (InANursery, "trio")]


class Probed:
    """Any of them as a whitebox wants it: tells a probe what it takes, and asks when it is told to."""

    def __init__(self, inner: Any, probe: Any) -> None:
        self.inner, self.probe = inner, probe
        self.subscribed = False

    def on_subscribe(self, subscription: Any) -> None:
        self.inner.on_subscribe(subscription)
        if not self.subscribed:
            self.subscribed = True
            self.probe.on_subscribe(subscription)

    def on_next(self, item: Any) -> None:
        self.inner.on_next(item)
        self.probe.on_next(item)

    def on_error(self, error: Any) -> None:
        self.inner.on_error(error)
        self.probe.on_error(error)

    def on_complete(self) -> None:
        self.inner.on_complete()
        self.probe.on_complete()


class Told(Taker):
    """Asks for nothing by itself: somebody else decides."""
