"""Right publishers of many styles, none of which has anything in common with the gallery's."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

UNBOUNDED = 2**63 - 1


def problem(n: Any) -> Exception | None:
    if type(n) is not int:
        return TypeError(f"request({n!r}): see 3.9")
    return None if n > 0 else ValueError(f"request({n}): see 3.9")


class Base:
    """What each of them does with None."""

    def __init__(self, elements: int) -> None:
        self.elements = elements

    def subscribe(self, subscriber: Any) -> None:
        if subscriber is None:
            raise TypeError("subscriber is None")
        self.serve(subscriber)

    def serve(self, subscriber: Any) -> None:
        raise NotImplementedError


class OnQueue(Base):
    """A thread for each Subscriber, which takes what is asked for from a queue."""

    def serve(self, subscriber: Any) -> None:
        wanted: queue.SimpleQueue[Any] = queue.SimpleQueue()
        gone = threading.Event()

        class Link:
            def request(self, n: Any) -> None:
                wanted.put(n)

            def cancel(self) -> None:
                gone.set()
                wanted.put(0)

        threading.Thread(
            target=self._work, args=(subscriber, Link(), wanted, gone), daemon=True
        ).start()

    def _work(self, subscriber: Any, link: Any, wanted: Any, gone: threading.Event) -> None:
        try:
            subscriber.on_subscribe(link)
            sent = demand = 0
            while sent < self.elements:
                while not demand or not wanted.empty():
                    n = wanted.get()
                    if gone.is_set():
                        return
                    wrong = problem(n)
                    if wrong is not None:
                        subscriber.on_error(wrong)
                        return
                    demand += n
                if gone.is_set():
                    return
                demand -= 1
                sent += 1
                subscriber.on_next(sent - 1)
            if not gone.is_set():
                subscriber.on_complete()
        except Exception:
            gone.set()


class OnPool(Base):
    """Each turn is a task of an executor: some elements, then the next task."""

    pool: ThreadPoolExecutor
    turn = 3

    def serve(self, subscriber: Any) -> None:
        PoolLink(self, subscriber).wake(first=True)


class PoolLink:
    def __init__(self, owner: OnPool, subscriber: Any) -> None:
        self.owner, self.subscriber = owner, subscriber
        self.lock = threading.Lock()
        self.sent = self.demand = 0
        self.wrong: Exception | None = None
        self.busy = False
        self.subscribed = False

    def request(self, n: Any) -> None:
        with self.lock:
            wrong = problem(n)
            if wrong is None:
                self.demand = min(UNBOUNDED, self.demand + n)
            else:
                self.wrong = self.wrong or wrong
        self.wake()

    def cancel(self) -> None:
        self.subscriber = None

    def wake(self, *, first: bool = False) -> None:
        with self.lock:
            if self.busy or self.subscriber is None or not (first or self.subscribed):
                return
            self.busy = True
        self.owner.pool.submit(self.work)

    def work(self) -> None:
        for _ in range(self.owner.turn):
            signal = self.take()
            if signal is None:
                return
            try:
                signal()
            except Exception:
                self.subscriber = None
        self.owner.pool.submit(self.work)

    def take(self) -> Callable[[], None] | None:
        with self.lock:
            subscriber = self.subscriber
            if subscriber is not None and not self.subscribed:
                self.subscribed = True
                return lambda: subscriber.on_subscribe(self)
            if subscriber is not None and self.wrong is not None:
                wrong, self.subscriber = self.wrong, None
                return lambda: subscriber.on_error(wrong)
            if subscriber is not None and self.sent >= self.owner.elements:
                self.subscriber = None
                return lambda: subscriber.on_complete()
            if subscriber is not None and self.demand:
                self.demand -= self.demand < UNBOUNDED
                self.sent += 1
                item = self.sent - 1
                return lambda: subscriber.on_next(item)
            self.busy = False
            return None


class OneTurnEach(OnPool):
    turn = 1


class LongTurns(OnPool):
    turn = 50


class Recursive(Base):
    """Two calls of on_next inside each other at most: a nested one leaves the rest to the outer."""

    def serve(self, subscriber: Any) -> None:
        link = RecursiveLink(self.elements, subscriber)
        link.begin()


class RecursiveLink:
    def __init__(self, elements: int, subscriber: Any) -> None:
        self.items = iter(range(elements))
        self.left = elements
        self.subscriber = subscriber
        self.demand = 0
        self.depth = 0
        self.lock = threading.RLock()
        self.wrong: Exception | None = None

    def begin(self) -> None:
        with self.lock:
            self.depth = 9
            self.call(self.subscriber.on_subscribe, self)
            self.depth = 0
            self.go()

    def call(self, method: Callable[..., None], *given: Any) -> None:
        try:
            method(*given)
        except Exception:
            self.subscriber = None

    def request(self, n: Any) -> None:
        with self.lock:  # others wait their turn; one that is inside goes on below
            wrong = problem(n)
            if wrong is None:
                self.demand = min(UNBOUNDED, self.demand + n)
            else:
                self.wrong = self.wrong or wrong
            if self.depth < 2:
                self.go()

    def cancel(self) -> None:
        self.subscriber = None

    def go(self) -> None:
        self.depth += 1
        while (subscriber := self.subscriber) is not None:
            if self.wrong is not None:
                self.subscriber = None
                self.call(subscriber.on_error, self.wrong)
            elif not self.left:
                self.subscriber = None
                self.call(subscriber.on_complete)
            elif self.demand:
                self.demand -= self.demand < UNBOUNDED
                self.left -= 1
                self.call(subscriber.on_next, next(self.items))
            else:
                break
        self.depth -= 1


class InTwoSteps(Base):
    """on_subscribe comes from a thread, a moment later; the stream is a loop inside request."""

    def serve(self, subscriber: Any) -> None:
        link = RecursiveLink(self.elements, subscriber)
        timer = threading.Timer(0.005, link.begin)
        timer.daemon = True
        timer.start()


class CompletesWhenAskedAgain(Base):
    def serve(self, subscriber: Any) -> None:
        AskedAgain(self.elements, subscriber).begin()


class AskedAgain(RecursiveLink):
    def go(self) -> None:
        if not self.left and not self.demand and self.wrong is None:
            return
        super().go()


STYLES = [
    OnQueue, OnPool, OneTurnEach, LongTurns, Recursive, InTwoSteps, CompletesWhenAskedAgain,
]  # fmt: skip
