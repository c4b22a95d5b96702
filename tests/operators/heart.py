"""A heart beats on an event loop: how long it has to wait for its turn, in time that our thread ran.

A loaded machine stops us for as long as it likes; what counts is the time of this thread alone. Where
the loop gets no turn at all, an alarm gets in between, so that the test ends, and fails.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import aclosing, contextmanager, suppress
from typing import Any

import pytest

from operators import Flow
from reactive_streams import UNBOUNDED, Subscription
from tests.operators.kit import DEADLINE

LONGEST = 0.030
"""Seconds of our running between two turns: 10 ms are promised, the rest is for what is around it."""
FROZEN = 0.100
"""Seconds of our running after which the loop is taken for frozen."""
PATIENCE = 0.012
"""Seconds after which the run is stopped, by a timeout, a cancel or a handle: later than its first turn."""


class Frozen(BaseException):
    """The loop did not get its turn. No Exception, so that nobody takes it for a user function's."""


class Heart:
    def __init__(self) -> None:
        self._last = time.thread_time()
        self.longest = 0.0
        self.frozen = False
        self.beats = 0

    async def beat(self) -> None:
        while True:
            self.note()
            self.beats += 1
            await asyncio.sleep(0)

    def note(self) -> None:
        now = time.thread_time()
        self.longest = max(self.longest, now - self._last)
        self._last = now

    @contextmanager
    def alarm(self) -> Iterator[None]:
        """Raise Frozen where the heart has not beaten for too long."""

        def look(*_: object) -> None:
            if time.thread_time() - self._last > FROZEN:
                self.note()
                self.frozen = True
                raise Frozen

        before = signal.signal(signal.SIGPROF, look)
        # It counts the time of the whole process, which is no shorter than that of this thread.
        signal.setitimer(signal.ITIMER_PROF, FROZEN / 2, FROZEN / 2)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.signal(signal.SIGPROF, before)


class Counts:
    """A Subscriber that asks for all, and counts what comes."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.over = asyncio.Event()
        self.subscription: Subscription | None = None
        self.got = 0

    def on_subscribe(self, subscription: Subscription) -> None:
        self.subscription = subscription
        subscription.request(UNBOUNDED)

    def on_next(self, item: Any) -> None:
        self.got += 1

    def on_error(self, error: Exception) -> None:
        self.on_complete()

    def on_complete(self) -> None:
        with suppress(RuntimeError):  # it may come when the loop is closed
            self._loop.call_soon_threadsafe(self.over.set)


async def _by_async_for(flow: Flow[Any]) -> None:
    async with aclosing(aiter(flow)) as items:
        async for _ in items:
            pass


async def _by_await(flow: Flow[Any]) -> None:
    await flow


async def _by_for_each(flow: Flow[Any]) -> None:
    handle = flow.for_each(lambda item: None)
    try:
        await handle
    finally:
        handle.cancel()
        with suppress(Exception):
            await handle


async def _by_subscriber(flow: Flow[Any]) -> None:
    counts = Counts()
    flow.subscribe(counts)
    try:
        await counts.over.wait()
    finally:
        if counts.subscription is not None:
            counts.subscription.cancel()


WAYS: dict[str, Callable[[Flow[Any]], Coroutine[Any, Any, None]]] = {
    "async for": _by_async_for,
    "await": _by_await,
    "for_each": _by_for_each,
    "Subscriber": _by_subscriber,
}


async def _left() -> None:
    async with asyncio.timeout(DEADLINE):
        while asyncio.all_tasks() != {asyncio.current_task()}:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0)


def watched(flow: Flow[Any], way: str) -> Heart:
    """Run the flow for a moment; fail where a loop waits too long, or where a task is left."""
    heart = Heart()
    ended: list[str] = []

    async def run() -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                await WAYS[way](flow)
        except TimeoutError:
            ended.append("by the timeout")
        except Exception as error:
            ended.append(f"by {type(error).__name__}")
        else:
            ended.append("by itself")

    async def main() -> None:
        beating = asyncio.create_task(heart.beat())
        await asyncio.sleep(0)
        try:
            await run()
            heart.note()
        finally:
            beating.cancel()
        await _left()

    with suppress(Frozen), heart.alarm():
        asyncio.run(main())
    # Told out here, without the stack of what was interrupted, which may be a deep one.
    if heart.frozen:
        pytest.fail(f"the loop got no turn for {heart.longest * 1e3:.0f} ms", pytrace=False)
    assert ended
    assert heart.longest < LONGEST, f"the loop waited {heart.longest * 1e3:.0f} ms"
    return heart
