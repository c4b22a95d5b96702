"""Right components that a kit is quick to accuse: late, short, of few words, or wrapping what is raised."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any


def later(seconds: float, call: Callable[[], None]) -> None:
    """Makes a call from another thread, so many seconds from now."""
    timer = threading.Timer(seconds, call)
    timer.daemon = True
    timer.start()


class Numbers:
    """0, 1, 2, ...: a loop inside request. `wrap` says how it tells that its Subscriber raised."""

    wrap: Callable[[Exception], Exception] | None = None
    eager = True

    def __init__(self, elements: int) -> None:
        self.elements = elements

    def subscribe(self, subscriber: Any) -> None:
        if subscriber is None:
            raise TypeError("subscriber is None")
        self.link(subscriber).start()

    def link(self, subscriber: Any) -> NumbersLink:
        return NumbersLink(subscriber, self.elements, self)


class NumbersLink:
    def __init__(self, subscriber: Any, elements: int, owner: Numbers) -> None:
        self.subscriber, self.owner = subscriber, owner
        self.elements, self.sent, self.demand = elements, 0, 0
        self.lock, self.busy = threading.RLock(), True
        self.wrong: Exception | None = None

    def start(self) -> None:
        self.tell(lambda: self.subscriber.on_subscribe(self))
        self.loop()

    def tell(self, signal: Callable[[], None]) -> None:
        try:
            signal()
        except Exception as error:
            self.subscriber = None
            self.failed(error)

    def failed(self, error: Exception) -> None:
        if self.owner.wrap is not None:
            raise self.owner.wrap(error) from error

    def request(self, n: Any) -> None:
        with self.lock:
            if self.subscriber is None:
                return
            if type(n) is int and n > 0:
                self.demand += n
            elif type(n) is int:
                self.wrong = ValueError(f"3.9: request({n})")
            else:
                self.odd(n)
            if self.busy:
                return
            self.busy = True
        self.loop()

    def odd(self, n: Any) -> None:
        self.wrong = TypeError(f"3.9: request({n!r})")

    def cancel(self) -> None:
        self.subscriber = None

    def loop(self) -> None:
        while (signal := self.take()) is not None:
            self.tell(signal)

    def take(self) -> Callable[[], None] | None:
        with self.lock:
            subscriber = self.subscriber
            if subscriber is not None and self.wrong is not None:
                self.subscriber, wrong = None, self.wrong
                return lambda: subscriber.on_error(wrong)
            if subscriber is not None and self.sent >= self.elements:
                self.subscriber = None
                return subscriber.on_complete
            if subscriber is not None and self.demand:
                self.demand, self.sent = self.demand - 1, self.sent + 1
                element = self.sent - 1
                return lambda: subscriber.on_next(element)
            self.busy = False
            return None


class Taking:
    """A Subscriber: asks for four at a time; `count` of them at most, then it cancels."""

    def __init__(self, probe: Any = None) -> None:
        self.subscription: Any = None
        self.probe = probe
        self.left = 0

    def on_subscribe(self, subscription: Any) -> None:
        if subscription is None:
            raise TypeError("subscription is None")
        if self.subscription is not None:
            self.another(subscription)
            return
        self.subscription = subscription
        self.begin()

    def another(self, subscription: Any) -> None:
        subscription.cancel()

    def begin(self) -> None:
        if self.probe is not None:
            self.probe.on_subscribe(self)
        else:
            self.ask()

    def ask(self) -> None:
        self.left = 4
        self.subscription.request(4)

    def request(self, n: int) -> None:
        self.subscription.request(n)

    def cancel(self) -> None:
        self.subscription.cancel()

    def on_next(self, item: Any) -> None:
        if item is None:
            raise TypeError("item is None")
        if self.probe is not None:
            self.probe.on_next(item)
            return
        self.left -= 1
        if not self.left:
            self.ask()

    def on_error(self, error: Any) -> None:
        if error is None:
            raise TypeError("error is None")
        if self.probe is not None:
            self.probe.on_error(error)

    def on_complete(self) -> None:
        if self.probe is not None:
            self.probe.on_complete()
