"""Correct publishers that signal from callbacks of the asyncio loop on which they are subscribed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Final

from reactive_streams import Subscriber
from tck.gallery.broken._base import RangeOutlet
from tck.gallery.broken._exhibit import Collection
from tck.gallery.correct._publishers import FailingWith

_shown: Final = Collection()


class _OnLoop(RangeOutlet):
    """To be used on the thread of the loop only, as most of asyncio is."""

    turn = 32
    """So many signals in a row; then others on the loop have theirs."""

    def __init__(self, subscriber: Subscriber[int], elements: int) -> None:
        super().__init__(subscriber, elements)
        # There being none is a mistake in the program, not of the stream: this raises.
        self.loop: asyncio.AbstractEventLoop = asyncio.get_running_loop()

    def schedule(self, callback: Callable[[], None]) -> None:
        self.loop.call_soon(callback)

    def soon(self, callback: Callable[[], None]) -> None:
        try:
            self.schedule(callback)
        except RuntimeError:
            # The loop is closed, and no signal can come any more.
            with self.lock:
                self.drop()

    def start(self) -> None:
        self.soon(super().start)

    def drain(self) -> None:
        with self.lock:
            if self.emitting:
                return
            self.emitting = True
        self.soon(self.run)

    def run(self) -> None:
        for _ in range(self.turn):
            if (signal := self.take()) is None:
                return
            self.tell(signal)
        self.soon(self.run)


@_shown.link(
    "",
    "asyncio, on the thread of the loop only",
    needs_loop=True,
    failed=partial(FailingWith, _OnLoop),
    settings={"concurrent_requests": False},
)
class AsyncioPublisher(_OnLoop):
    pass


class _FromAnyThread(_OnLoop):
    def schedule(self, callback: Callable[[], None]) -> None:
        self.loop.call_soon_threadsafe(callback)


@_shown.link(
    "",
    "asyncio, with a Subscription for any thread",
    needs_loop=True,
    failed=partial(FailingWith, _FromAnyThread),
)
class ThreadSafeAsyncioPublisher(_FromAnyThread):
    pass


LOOPS = tuple(_shown.exhibits)
