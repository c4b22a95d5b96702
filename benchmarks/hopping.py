"""Across threads and event loops, against the queues that one would use for it."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import AsyncIterator
from contextvars import copy_context

from benchmarks.measure import Case, Faster, Micros, More
from benchmarks.support import OneByOne, by_async_for, by_for, by_for_each, count_of, ignore
from operators import Flow
from operators.schedulers import event_loop, thread

HOPS = 200_000
FEW = 5_000
TURNS = 50_000


def in_queue(items: int) -> None:
    """Send so many items from this thread to another, through a queue."""
    sent: queue.Queue[int | None] = queue.Queue(256)

    def consume() -> None:
        while sent.get() is not None:
            pass

    consumer = threading.Thread(target=consume)
    consumer.start()
    for n in range(items):
        sent.put(n)
    sent.put(None)
    consumer.join()


async def _between_tasks(items: int) -> None:
    sent: asyncio.Queue[int | None] = asyncio.Queue(256)

    async def produce() -> None:
        for n in range(items):
            await sent.put(n)
        await sent.put(None)

    producer = asyncio.create_task(produce())
    while await sent.get() is not None:
        pass
    await producer


async def _numbers(items: int) -> AsyncIterator[int]:
    for n in range(items):
        yield n


def hopped() -> list[Case]:
    """One hop, and a source that is asked across one."""
    hop = Flow.range(HOPS).publish_on(thread(), prefetch=256)
    loop_hop = Flow.range(TURNS).publish_on(event_loop(), prefetch=256)

    def through_queue() -> None:
        in_queue(HOPS)

    def through_tasks() -> None:
        asyncio.run(_between_tasks(TURNS))

    async def each_on_the_loop() -> None:
        await loop_hop.for_each(lambda _: None)

    async def asked_on_the_loop() -> int:
        flow = Flow.from_async_iterable(_numbers(FEW)).subscribe_on(event_loop())
        done, loop = asyncio.Event(), asyncio.get_running_loop()

        class Asking(OneByOne):
            def on_complete(self) -> None:
                super().on_complete()
                loop.call_soon_threadsafe(done.set)

        subscriber = Asking()
        flow.subscribe(subscriber)
        await done.wait()
        return subscriber.count

    def asked_on_a_thread() -> int:
        flow = Flow.from_async_iterable(_numbers(FEW)).subscribe_on(thread())
        return count_of(flow, OneByOne())

    def entered() -> None:
        enter = copy_context().run
        for n in range(HOPS):
            enter(ignore, n)

    def plain() -> None:
        for n in range(HOPS):
            ignore(n)

    tasks = "asyncio.Queue(256) between two tasks"
    return [
        Case(
            "a context entered at each item", entered, More(0.1), HOPS, plain, "the call alone",
        ),
        Case(
            "publish_on(thread, 256), for", lambda: by_for(hop), Faster(3.0), HOPS, through_queue,
            "queue.Queue(256)",
        ),
        Case(
            "publish_on(thread, 256), for_each", lambda: by_for_each(hop), Faster(3.0), HOPS,
            through_queue, "queue.Queue(256)",
        ),
        Case(
            "publish_on(event_loop), async for", lambda: asyncio.run(by_async_for(loop_hop)),
            Faster(2.0), TURNS, through_tasks, tasks,
        ),
        Case(
            "publish_on(event_loop), for_each", lambda: asyncio.run(each_on_the_loop()),
            Faster(2.0), TURNS, through_tasks, tasks,
        ),
        Case("async source, subscribe_on(thread), request(1)", asked_on_a_thread, Micros(10), FEW),
        Case(
            "async source, subscribe_on(loop), request(1)", lambda: asyncio.run(asked_on_the_loop()),
            Micros(10), FEW,
        ),
    ]  # fmt: skip
