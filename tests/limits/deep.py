"""Long chains, deep stacks, and Subscribers for them."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, TypeVar

from operators import Flow
from reactive_streams import Subscriber, Subscription

T = TypeVar("T")
LENGTH = 1_000


class Opaque:
    """A Publisher of which only `subscribe` can be seen, so that what follows is pushed."""

    def __init__(self, flow: Flow[Any]) -> None:
        self._flow = flow

    def subscribe(self, subscriber: Subscriber[Any]) -> None:
        self._flow.subscribe(subscriber)


def from_deep_down(run: Callable[[], T], frames: int = 100) -> T:
    """Call a function with so many frames of the caller's below it."""
    return run() if not frames else from_deep_down(run, frames - 1)


class Source:
    """A generator of numbers, which knows what was pulled, and whether it was closed."""

    def __init__(self, items: int, error: Exception | None = None) -> None:
        self._items = items
        self._error = error
        self.pulled = 0
        self.closed = 0

    def numbers(self) -> Generator[int, None, None]:
        try:
            for n in range(self._items):
                self.pulled += 1
                yield n
            if self._error is not None:
                raise self._error
        finally:
            self.closed += 1

    def flow(self, *, pushed: bool = False) -> Flow[int]:
        flow = Flow.from_iterable(self.numbers())
        return Flow.from_publisher(Opaque(flow)) if pushed else flow


class Collector:
    def __init__(self) -> None:
        self.got: list[Any] = []
        self.ended: Any = None
        self.upstream: Subscription

    def on_subscribe(self, subscription: Subscription) -> None:
        self.upstream = subscription

    def on_next(self, item: Any) -> None:
        self.got.append(item)

    def on_error(self, error: Exception) -> None:
        self.ended = error

    def on_complete(self) -> None:
        self.ended = "completed"
