"""map_batches, by every way to consume it, beside a batcher that is written by hand on asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from functools import partial
from typing import Any

from benchmarks.measure import Case, Faster
from benchmarks.support import Summing, by_for, by_for_each, on_a_loop
from operators import Flow

ITEMS = 20_000
SIZE = 32


async def _model(batch: list[int]) -> list[int]:
    return [n + 1 for n in batch]


async def _by_hand(items: Iterable[int]) -> AsyncIterator[int]:
    """As many write it: a task that fills a queue, and one that takes what is there, up to a batch."""
    queue: asyncio.Queue[int] = asyncio.Queue(2 * SIZE)
    over = object()

    async def fill() -> None:
        for item in items:
            await queue.put(item)
        await queue.put(over)  # type: ignore[arg-type]

    filling = asyncio.create_task(fill())
    try:
        ended = False
        while not ended:
            batch = [await queue.get()]
            while len(batch) < SIZE and not queue.empty():
                batch.append(queue.get_nowait())
            if batch[-1] is over:
                batch.pop()
                ended = True
            for result in await _model(batch):
                yield result
    finally:
        filling.cancel()


def batched() -> list[Case]:
    """20,000 items in batches of up to 32, of a coroutine function."""
    flow = Flow.range(ITEMS).map_batches(_model, max_size=SIZE)

    async def peer() -> None:
        async for _ in _by_hand(range(ITEMS)):
            pass

    def by_hand() -> None:
        asyncio.run(peer())

    def by_subscriber(numbers: Flow[int]) -> None:
        async def main() -> None:
            over = asyncio.Event()
            numbers.on_terminate(over.set).subscribe(Summing())
            await over.wait()

        asyncio.run(main())

    # By `for` and for_each each batch crosses from the library's loop to another thread and back.
    ways: dict[str, tuple[Any, float]] = {
        "for": (by_for, 0.1),
        "async for": (on_a_loop, 0.4),
        "for_each": (by_for_each, 0.1),
        "a Subscriber": (by_subscriber, 0.4),
    }
    return [
        Case(
            f"map_batches, {way}", partial(run, flow), Faster(least), ITEMS, by_hand, "by hand, asyncio"
        )
        for way, (run, least) in ways.items()
    ]  # fmt: skip
