"""Publishers that deliver through a mailbox: a cancel is a message behind the elements under way."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

UNBOUNDED = 2**63 - 1


class Mailbox:
    """0, 1, 2, ...: in batches, each element a message that is handled after those before it."""

    batch = 16

    def __init__(self, elements: int) -> None:
        self.elements = elements

    def subscribe(self, subscriber: Any) -> None:
        if subscriber is None:
            raise TypeError("subscriber is None")
        self.link(subscriber).tell("subscribed")

    def link(self, subscriber: Any) -> Link:
        return Link(subscriber, self.elements, self.batch)


class Link:
    """One Subscriber; all that happens to it is a message, handled one after the other."""

    def __init__(self, subscriber: Any, elements: int, batch: int) -> None:
        self.subscriber = subscriber
        self.left, self.next, self.demand = elements, 0, 0
        self.batch = batch
        self.under_way = False
        self.box: deque[tuple[Any, ...]] = deque()
        self.busy = False
        self.lock = threading.Lock()

    def request(self, n: Any) -> None:
        self.tell("request", n)

    def cancel(self) -> None:
        self.tell("cancel")

    def tell(self, *message: Any) -> None:
        with self.lock:
            self.box.append(message)
            if self.busy:
                return
            self.busy = True
        self.wake(self.work)

    def wake(self, work: Callable[[], None]) -> None:
        work()

    def work(self) -> None:
        while True:
            with self.lock:
                if not self.box:
                    self.busy = False
                    return
                message = self.box.popleft()
            self.handle(*message)

    def handle(self, what: str, *given: Any) -> None:
        if self.subscriber is None:
            return
        try:
            getattr(self, f"on_{what}")(*given)
        except Exception:
            self.subscriber = None

    def on_subscribed(self) -> None:
        self.subscriber.on_subscribe(self)
        self.more()

    def on_request(self, n: Any) -> None:
        if type(n) is not int or n <= 0:
            kind = ValueError if type(n) is int else TypeError
            subscriber, self.subscriber = self.subscriber, None
            subscriber.on_error(kind(f"request({n!r}), see 3.9"))
            return
        self.demand = min(UNBOUNDED, self.demand + n)
        self.more()

    def on_cancel(self) -> None:
        self.subscriber = None

    def on_element(self, element: int) -> None:
        self.subscriber.on_next(element)

    def on_batch_done(self) -> None:
        self.under_way = False
        self.more()

    def more(self) -> None:
        if self.under_way:
            return
        if not self.left:
            subscriber, self.subscriber = self.subscriber, None
            subscriber.on_complete()
            return
        now = min(self.demand, self.left, self.batch)
        if now:
            self.under_way = True
            self.left -= now
            if self.demand < UNBOUNDED:
                self.demand -= now
            for _ in range(now):
                self.tell("element", self.next)
                self.next += 1
            self.tell("batch_done")


class OnThread(Link):
    """Its messages are handled by a thread that lives as long as there are any."""

    def wake(self, work: Callable[[], None]) -> None:
        threading.Thread(target=work, daemon=True).start()


class ThreadedMailbox(Mailbox):
    def link(self, subscriber: Any) -> Link:
        return OnThread(subscriber, self.elements, self.batch)


class OnLoop(Link):
    """Its messages are handled one in each turn of the event loop."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.loop = asyncio.get_running_loop()

    def wake(self, work: Callable[[], None]) -> None:
        self.loop.call_soon_threadsafe(work)

    def work(self) -> None:
        with self.lock:
            if not self.box:
                self.busy = False
                return
            message = self.box.popleft()
        self.handle(*message)
        self.loop.call_soon(self.work)


class LoopMailbox(Mailbox):
    def link(self, subscriber: Any) -> Link:
        return OnLoop(subscriber, self.elements, self.batch)


class Prefetched(Mailbox):
    """A reader puts lines in a bounded queue; whoever is in request takes them out."""

    def link(self, subscriber: Any) -> Link:
        return OnThread(subscriber, self.elements, 5)


class Deaf(Link):
    """Handles no cancel."""

    def on_cancel(self) -> None: ...


class DeafMailbox(Mailbox):
    def link(self, subscriber: Any) -> Link:
        return Deaf(subscriber, self.elements, self.batch)


class DeafOnThread(OnThread):
    def on_cancel(self) -> None: ...


class DeafThreadedMailbox(Mailbox):
    def link(self, subscriber: Any) -> Link:
        return DeafOnThread(subscriber, self.elements, self.batch)


class Ticks(Mailbox):
    """An element each 40 ms where there is demand, from a thread."""

    def link(self, subscriber: Any) -> Link:
        return TickLink(subscriber, self.elements, 1)


class TickLink(OnThread):
    seconds = 0.04

    def on_element(self, element: int) -> None:
        pause = queue.SimpleQueue[None]()
        try:
            pause.get(timeout=self.seconds)
        except queue.Empty:
            super().on_element(element)


class DeafTickLink(TickLink):
    def on_cancel(self) -> None: ...


class DeafTicks(Mailbox):
    def link(self, subscriber: Any) -> Link:
        return DeafTickLink(subscriber, self.elements, 1)
