"""What goes wrong around queues."""

from __future__ import annotations

import asyncio
import queue
import threading
from typing import Any

from operators import Flow
from operators.connectors import queues, values
from operators.schedulers import thread
from tests.connectors.kit import cancelled_after, eventually
from tests.operators.kit import probe


def nobody_puts() -> str:
    work: queue.Queue[Any] = queue.Queue()
    seen = probe(queues.source(work), 1)
    seen.cancel()
    work.put("later")
    return f"waits; after a cancel {work.qsize()} of 1 items is still in the queue"


def nobody_takes() -> str:
    work: queue.Queue[Any] = queue.Queue(2)
    asked: list[int] = []
    run = Flow.range(1_000).tap(asked.append).apply(queues.sink(work)).for_each(lambda _: None)
    eventually(lambda: work.full() and len(asked) >= 64)
    cancelled_after(run, lambda: True)
    assert len(asked) <= 2 + 64 * 2 + 1, len(asked)
    return "waits; never more in flight than `batch` that wait and `batch` in hand"


def cancel_while_it_waits() -> str:
    async def main() -> str:
        work: asyncio.Queue[Any] = asyncio.Queue()
        task = asyncio.create_task(anext(aiter(queues.source(work))))
        await asyncio.sleep(0)
        work.put_nowait("there")
        task.cancel()
        await asyncio.wait([task])
        taken = 0 if task.cancelled() else 1
        return f"taken or left in the queue: {taken + work.qsize()} of 1"

    return asyncio.run(main())


def cancel_while_it_writes() -> str:
    work: queue.Queue[Any] = queue.Queue(1)
    gone: list[int] = []
    flow = Flow.range(10).on_discard(gone.append).apply(queues.sink(work))
    run = flow.for_each(lambda _: None)
    eventually(work.full)
    cancelled_after(run, lambda: True)
    assert work.get_nowait() == 0
    assert work.empty()
    return "what is in the queue stays; nothing more is put in"


def two_threads() -> str:
    work: queue.Queue[Any] = queue.Queue(16)
    seen: list[int] = []
    takers = [
        queues.source(work).apply(values()).subscribe_on(thread("taker")).for_each(seen.append)
        for _ in range(2)
    ]
    writers = [
        threading.Thread(target=Flow.range(at, 1_000, 2).apply(queues.sink(work)).run)
        for at in range(2)
    ]
    for each in writers:
        each.start()
    for each in writers:
        each.join()
    for _ in takers:
        work.put(None)
    for taker in takers:
        taker.result()
    assert sorted(seen) == list(range(1_000))
    return "each item once"


FAULTS = {
    "nobody puts in": nobody_puts,
    "nobody takes": nobody_takes,
    "cancel while it waits": cancel_while_it_waits,
    "cancel while it writes": cancel_while_it_writes,
    "two threads": two_threads,
}
