"""Ports: one way to take from, and to put into, every kind of queue."""

from __future__ import annotations

import asyncio
import queue as threads
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from inspect import iscoroutinefunction
from typing import Any

from operators._kernel.failures.checks import shown
from operators._kernel.hosts.runtimes import sleep

EMPTY: tuple[type[BaseException], ...] = (threads.Empty, asyncio.QueueEmpty)
FULL: tuple[type[BaseException], ...] = (threads.Full, asyncio.QueueFull)
_CLOSED = frozenset(
    {"ShutDown", "QueueShutDown", "AsyncQueueShutDown", "SyncQueueShutDown", "EndOfStream"}
)
_WAITS = (0.0, 0.0, 0.000_5)  # the other side may be on this very loop, and only need its turn


class ClosedError(Exception):
    """The queue was shut down, or the stream was closed by its other side."""


def says_closed(error: Exception) -> bool:
    """Whether it says that the queue is shut down, or the stream closed."""
    # By name: some are there from Python 3.13 on only, some are of packages that need not be installed.
    return type(error).__name__ in _CLOSED


def taking(queue: Any, longest: float, back: deque[Any]) -> Callable[[], Awaitable[Any]]:
    """Return the coroutine function that takes one item, and raises ClosedError where none will come.

    What there is in `back` comes first.
    """
    for name in ("get", "receive"):
        take = getattr(queue, name, None)
        if iscoroutinefunction(take):
            return _awaited(take, back)
    if callable(getattr(queue, "get_nowait", None)):

        def call() -> Any:
            with suppress(IndexError):
                return back.popleft()
            return queue.get_nowait()

        return _awaited(lambda: _polled(call, EMPTY, longest), back)
    raise TypeError(
        f"queues.source: needs a queue with get_nowait, or a get or receive to be awaited, got {shown(queue)}"
    )


def putting(queue: Any, longest: float) -> Callable[[Any], Awaitable[None]]:
    """Return the coroutine function that puts one item in."""
    for name in ("put", "send"):
        put = getattr(queue, name, None)
        if iscoroutinefunction(put):
            return put
    if callable(getattr(queue, "put_nowait", None)):
        return lambda item: _polled(lambda: queue.put_nowait(item), FULL, longest)
    raise TypeError(
        f"queues.sink: needs a queue with put_nowait, or a put or send to be awaited, got {shown(queue)}"
    )


def _awaited(take: Callable[[], Awaitable[Any]], back: deque[Any]) -> Callable[[], Awaitable[Any]]:
    async def taken() -> Any:
        with suppress(IndexError):
            return back.popleft()
        try:
            return await take()
        except Exception as error:
            if says_closed(error):
                raise ClosedError from error
            raise

    return taken


async def _polled(
    call: Callable[[], Any], not_yet: tuple[type[BaseException], ...], longest: float
) -> Any:
    # What blocks cannot be cancelled, and a thread that is given up would take an item all the same.
    tries = 0
    wait = 0.0
    while True:
        try:
            return call()
        except not_yet:
            wait = _WAITS[tries] if tries < len(_WAITS) else min(wait * 2, longest)
            tries += 1
            await sleep(wait)
