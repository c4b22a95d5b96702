"""Flows of every asynchronous kind, over sources that know whether they were closed."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Executor
from typing import Any

from operators import Flow
from operators.schedulers import event_loop, thread
from tests.operators.kit import DEADLINE

FAILS_AT = 50
OURS = "leak-"


class Broken(Exception):
    pass


class World:
    """Sources that count how often they were opened and closed; endless, or failing at an item."""

    def __init__(self, *, fails: bool = False, executor: Executor | None = None) -> None:
        self._fails = fails
        self._executor = executor
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self.opened = 0
        self.closed = 0

    def _count(self, opened: int, closed: int) -> None:
        with self._changed:
            self.opened += opened
            self.closed += closed
            self._changed.notify_all()

    def _number(self, n: int) -> int:
        if self._fails and n == FAILS_AT:
            raise Broken
        return n

    def numbers(self) -> Iterator[int]:
        self._count(1, 0)
        try:
            n = 0
            while True:
                yield self._number(n)
                n += 1
        finally:
            self._count(0, 1)

    async def anumbers(self) -> AsyncIterator[int]:
        self._count(1, 0)
        try:
            n = 0
            while True:
                await asyncio.sleep(0)
                yield self._number(n)
                n += 1
        finally:
            self._count(0, 1)

    def produce(self, emitter: Any) -> None:
        for n in (source := self.numbers()):
            if not emitter.emit(n):
                source.close()  # type: ignore[attr-defined]
                return

    async def aproduce(self, emitter: Any) -> None:
        source = self.anumbers()
        try:
            async for n in source:
                if not await emitter.emit(n):
                    return
        finally:
            await source.aclose()  # type: ignore[attr-defined]

    def flow(self) -> Flow[int]:
        return Flow.from_iterable(self.numbers())

    def aflow(self) -> Flow[int]:
        return Flow.from_async_iterable(self.anumbers())

    def pushed(self) -> Flow[int]:
        return self.flow().publish_on(thread(OURS + "source"), prefetch=8)

    @property
    def pool(self) -> Executor:
        assert self._executor is not None
        return self._executor

    def all_closed(self) -> None:
        """Wait until every source that was opened is closed; there must have been one."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.opened == self.closed, DEADLINE), (
                f"{self.opened} sources opened, {self.closed} closed"
            )
            assert self.opened > 0


def same(n: int) -> int:
    return n


async def asame(n: int) -> int:
    await asyncio.sleep(0)
    return n


async def sames(items: list[int]) -> list[int]:
    await asyncio.sleep(0)
    return items


Build = Callable[[World], "Flow[Any]"]

KINDS: dict[str, Build] = {
    "publish_on": World.pushed,
    "publish_on, the event loop": lambda w: w.flow().publish_on(event_loop(), prefetch=8),
    "publish_on, an async source": lambda w: w.aflow().publish_on(thread(OURS + "hop")),
    "subscribe_on": lambda w: w.flow().subscribe_on(thread(OURS + "source")),
    "map_async, coroutines": lambda w: w.flow().map_async(asame, concurrency=4),
    "map_async, its own threads": lambda w: w.flow().map_async(same, concurrency=4),
    "map_async, a given executor": lambda w: w.flow().map_async(same, executor=w.pool),
    "map_async, an async source": lambda w: w.aflow().map_async(asame, ordered=False),
    "map_batches, coroutines": lambda w: w.flow().map_batches(sames, max_size=3, max_wait=0.001),
    "map_batches, its own threads": lambda w: w.flow().map_batches(list, max_size=3, concurrency=2),
    "map_batches, an async source": lambda w: w.aflow().map_batches(sames, ordered=False),
    "create, a thread": lambda w: Flow.create(w.produce, capacity=4),
    "create, a coroutine": lambda w: Flow.create(w.aproduce, capacity=4),
    "from_async_iterable": World.aflow,
    "from_async_iterable and steps": lambda w: w.aflow().map(same).filter(lambda n: n >= 0),
    "flat_map, threads": lambda w: Flow.range(3).flat_map(lambda n: w.pushed()),
    "flat_map, async sources": lambda w: Flow.range(3).flat_map(lambda n: w.aflow()),
    "merge, threads": lambda w: w.pushed().merge(w.pushed()),
    "merge, of both kinds": lambda w: w.pushed().merge(w.aflow(), w.flow()),
    "zip, threads": lambda w: w.pushed().zip(w.pushed()),
    "zip, of both kinds": lambda w: w.aflow().zip(w.pushed()),
    "concat_map, threads": lambda w: Flow.range(3).concat_map(lambda n: w.pushed()),
    "concat_map, async sources": lambda w: Flow.range(3).concat_map(lambda n: w.aflow()),
    "retry, an async source": lambda w: Flow.defer(w.aflow).retry(2),
    "retry, a thread": lambda w: Flow.defer(w.pushed).retry(2),
    "buffer behind a thread": lambda w: w.pushed().buffer(3),
    "plain steps": lambda w: w.flow().map(same),
}


def no_threads(before: set[threading.Thread]) -> None:
    """Wait until every thread that was started meanwhile has ended."""
    deadline = time.monotonic() + DEADLINE
    for one in set(threading.enumerate()) - before:
        one._started.wait(max(0.0, deadline - time.monotonic()))  # type: ignore[attr-defined]
        one.join(max(0.0, deadline - time.monotonic()))
    left = [one.name for one in set(threading.enumerate()) - before]
    assert left == []


async def no_tasks() -> None:
    """Let the loop go on until this task is the only one."""
    async with asyncio.timeout(DEADLINE):
        while asyncio.all_tasks() != {asyncio.current_task()}:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0)
