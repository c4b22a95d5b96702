"""What the correct exhibits are tried with: where they run, and who is at the other end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from reactive_streams import Publisher, Subscriber, Subscription
from tck.broken import Exhibit
from tck.correct import CORRECT
from tck.settings import Settings

SECONDS = 10.0
NAMES = {exhibit.name: exhibit for exhibit in CORRECT}


def of(kind: str) -> list[Any]:
    return [pytest.param(each, id=each.name) for each in CORRECT if each.kind == kind]


PUBLISHERS = of("publisher")


class Taker(Subscriber[int]):
    """Takes down its signals, and does in them what it is told to."""

    def __init__(
        self,
        at_once: int = 0,
        *,
        subscribed: Callable[[Subscription], None] | None = None,
        each: Callable[[Subscription], None] | None = None,
    ) -> None:
        self.at_once = at_once
        self.subscribed = subscribed
        self.each = each
        self.changed = threading.Condition()
        self.link: Subscription | None = None
        self.signals: list[tuple[str, Any]] = []

    def on_subscribe(self, subscription: Subscription, /) -> None:
        with self.changed:
            assert self.link is None
            self.link = subscription
            self.changed.notify_all()
        if self.at_once:
            subscription.request(self.at_once)
        if self.subscribed is not None:
            self.subscribed(subscription)

    def _signal(self, kind: str, value: Any) -> None:
        with self.changed:
            self.signals.append((kind, value))
            self.changed.notify_all()

    def on_next(self, element: int, /) -> None:
        self._signal("next", element)
        if self.each is not None and self.link is not None:
            self.each(self.link)

    def on_error(self, error: Exception, /) -> None:
        self._signal("error", error)

    def on_complete(self) -> None:
        self._signal("complete", None)

    @property
    def elements(self) -> list[int]:
        with self.changed:
            return [value for kind, value in self.signals if kind == "next"]

    @property
    def end(self) -> tuple[str, Any] | None:
        with self.changed:
            ends = [signal for signal in self.signals if signal[0] != "next"]
            assert not ends or ends == self.signals[-1:], self.signals
            return ends[0] if ends else None

    def wait(self, what: Callable[[], object]) -> None:
        with self.changed:
            assert self.changed.wait_for(what, SECONDS), self.signals

    def subscription(self) -> Subscription:
        self.wait(lambda: self.link)
        assert self.link is not None
        return self.link


class World:
    """Where a Publisher is used: here, or on the thread of a running event loop."""

    def __init__(self, loop: bool) -> None:
        self.loop = asyncio.new_event_loop() if loop else None
        self.thread = threading.Thread(target=self._run)
        if self.loop is not None:
            self.thread.start()

    def _run(self) -> None:
        assert self.loop is not None
        self.loop.run_forever()
        self.loop.close()

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        if self.loop is None:
            return function(*arguments)

        async def body() -> Any:
            return function(*arguments)

        return asyncio.run_coroutine_threadsafe(body(), self.loop).result(SECONDS)

    def close(self) -> None:
        if self.loop is not None:
            self.loop.call_soon_threadsafe(self.loop.stop)
            self.thread.join(SECONDS)


def declared(exhibit: Exhibit) -> Settings:
    return Settings().but(**exhibit.settings)


def length(exhibit: Exhibit, wanted: int) -> int:
    most = declared(exhibit).max_elements
    return wanted if most is None else min(wanted, most)


def endless(exhibit: Exhibit) -> bool:
    return not declared(exhibit).completes


def subscribe(world: World, publisher: Publisher[int], taker: Taker) -> Subscription:
    world.call(publisher.subscribe, taker)
    return taker.subscription()


def gone(world: World, taker: Taker) -> None:
    """Returns when nothing can come any more: the Subscription has let go of its Subscriber."""
    link: Any = taker.subscription()
    over = threading.Event()

    def look() -> bool:
        return link.subscriber is None and not _busy(link)

    for _ in range(1_000):
        if world.call(look):
            return
        over.wait(0.005)
    raise AssertionError("it keeps its Subscriber")


def _busy(link: Any) -> bool:
    # The loop of an outlet ends when it finds nothing; until then it may be inside a signal.
    return bool(link.emitting) and not hasattr(link, "changed")


def together(threads: int, action: Callable[[], object]) -> None:
    start = threading.Barrier(threads)

    def run() -> None:
        start.wait(SECONDS)
        action()

    others = [threading.Thread(target=run) for _ in range(threads)]
    for other in others:
        other.start()
    for other in others:
        other.join(SECONDS)
        assert not other.is_alive()


class Link(Subscription):
    """Takes down what is asked for, and what is called when it is over."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.asked = 0
        self.cancelled = False
        self.over = False
        self.wrong: list[str] = []

    def _call(self, what: str) -> None:
        if self.over:
            self.wrong.append(f"{what} after the end")

    def request(self, n: int, /) -> None:
        self._call("request")
        with self.changed:
            self.asked += n
            self.changed.notify_all()

    def cancel(self) -> None:
        self._call("cancel")
        with self.changed:
            self.cancelled = True
            self.changed.notify_all()

    def wait(self, what: Callable[[], object]) -> None:
        with self.changed:
            assert self.changed.wait_for(what, SECONDS), vars(self)


class Notes:
    """A probe: what a Subscriber tells of itself."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.puppet: Any = None
        self.told: list[tuple[str, Any]] = []

    def on_subscribe(self, puppet: Any, /) -> None:
        with self.changed:
            self.puppet = puppet
            self.changed.notify_all()

    def _tell(self, kind: str, value: Any) -> None:
        with self.changed:
            self.told.append((kind, value))
            self.changed.notify_all()

    def on_next(self, element: Any, /) -> None:
        self._tell("next", element)

    def on_error(self, error: Exception, /) -> None:
        self._tell("error", error)

    def on_complete(self) -> None:
        self._tell("complete", None)

    def wait(self, what: Callable[[], object]) -> None:
        with self.changed:
            assert self.changed.wait_for(what, SECONDS), self.told
