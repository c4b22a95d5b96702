"""Async generators and coroutines, against the libraries that are made for them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

from aiostream import stream as aio
from streamable import stream

from benchmarks.measure import Case, Faster
from benchmarks.support import by_async_for
from operators import Flow

SIDE = 5_000
CALLS = 10_000


async def _numbers() -> AsyncIterator[int]:
    for n in range(SIDE):
        yield n


async def _sum(items: Any) -> int:
    total = 0
    async for item in items:
        total += item
    return total


def joined() -> list[Case]:
    """Two async generators, merged and zipped."""

    def flow() -> Flow[int]:
        return Flow.from_async_iterable(_numbers())

    async def theirs(streamer: Any) -> None:
        async with streamer.stream() as items:
            await by_async_for(items)

    async def ours(joined: Flow[Any]) -> None:
        await by_async_for(joined)

    def run(main: Callable[[], Any]) -> Callable[[], Any]:
        return lambda: asyncio.run(main())

    return [
        Case(
            "merge of two async generators", run(lambda: ours(flow().merge(flow()))), Faster(5.0),
            2 * SIDE, run(lambda: theirs(aio.merge(_numbers(), _numbers()))), "aiostream merge",
            proof=run(lambda: _merged(flow().merge(flow()))),
        ),
        Case(
            "zip of two async generators", run(lambda: ours(flow().zip(flow()))), Faster(2.0),
            SIDE, run(lambda: theirs(aio.zip(_numbers(), _numbers()))), "aiostream zip",
            proof=run(lambda: _zipped(flow().zip(flow()))),
        ),
    ]  # fmt: skip


async def _merged(flow: Flow[int]) -> bool:
    return await _sum(flow) == SIDE * (SIDE - 1)


async def _zipped(flow: Flow[Any]) -> bool:
    return [item async for item in flow] == [(n, n) for n in range(SIDE)]


async def _trivial(n: int) -> int:
    return n + 1


async def _turning(n: int) -> int:
    await asyncio.sleep(0)
    return n + 1


Call = Callable[[int], Any]


async def _gathered(call: Call) -> int:
    semaphore = asyncio.Semaphore(16)

    async def one(n: int) -> int:
        async with semaphore:
            result: int = await call(n)
            return result

    return sum(await asyncio.gather(*[one(n) for n in range(CALLS)]))


def called() -> list[Case]:
    """map_async of a coroutine function, 16 at once."""
    rows: list[Case] = []
    for what, call in {"trivial": _trivial, "sleep(0)": _turning}.items():
        for ordered in (True, False):
            rows += _calls(what, call, ordered)
    return rows


def _calls(what: str, call: Call, ordered: bool) -> list[Case]:
    async def ours() -> int:
        return await _sum(Flow.range(CALLS).map_async(call, concurrency=16, ordered=ordered))

    async def streamed() -> int:
        items: Any = stream(range(CALLS)).map(call, concurrency=16, as_completed=not ordered)
        return await _sum(items)

    title = f"map_async, {what}, {'ordered' if ordered else 'as they come'}"
    return [
        Case(
            title, lambda: asyncio.run(ours()), Faster(1.0), CALLS, lambda: asyncio.run(streamed()),
            "streamable, concurrent map",
        ),
        Case(
            title, lambda: asyncio.run(ours()), Faster(1.5), CALLS,
            lambda: asyncio.run(_gathered(call)), "semaphore and gather",
        ),
    ]  # fmt: skip
