"""Task factories that make the task of a coroutine of their own, as those that follow what is done."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import Any

import pytest

from operators import Flow
from tests.operators.kit import cancelled_after, others_cancelled_after, soon


def wraps(loop: Any, coro: Any, **settings: Any) -> Any:
    async def traced() -> Any:
        return await coro

    return asyncio.Task(traced(), loop=loop, **settings)


def hands_on(loop: Any, coro: Any, **settings: Any) -> Any:
    return asyncio.Task(coro, loop=loop, **settings)


factories = pytest.mark.parametrize("factory", [wraps, hands_on])


async def numbers(n: int = 5, left: list[str] | None = None) -> AsyncIterator[int]:
    try:
        for each in range(n):
            await asyncio.sleep(0)
            yield each
    finally:
        await asyncio.sleep(0)
        if left is not None:
            left.append("left")


async def same(n: int) -> int:
    return n


async def later(n: int) -> int:
    await asyncio.sleep(0)
    return n


async def produce(emitter: Any) -> None:
    for n in range(5):
        await emitter.emit(n)


FLOWS: dict[str, tuple[Callable[[], Flow[Any]], list[Any]]] = {
    "map_async": (lambda: Flow.range(50).map_async(same, concurrency=4), list(range(50))),
    "map_async that waits": (
        lambda: Flow.range(50).map_async(later, concurrency=4),
        list(range(50)),
    ),
    "map_async of a lambda": (lambda: Flow.range(9).map_async(lambda n: later(n)), list(range(9))),
    "an async generator": (lambda: Flow.from_async_iterable(numbers()), list(range(5))),
    "create": (lambda: Flow.create(produce), list(range(5))),
    "merge": (
        lambda: Flow.from_async_iterable(numbers()).merge(Flow.range(2)),
        [0, 0, 1, 1, 2, 3, 4],
    ),
    "flat_map": (
        lambda: Flow.range(2).flat_map(lambda _: Flow.from_async_iterable(numbers(2))),
        [0, 0, 1, 1],
    ),
    "prefetched": (lambda: Flow.from_async_iterable(numbers()).limit_rate(2), list(range(5))),
}


@factories
@pytest.mark.parametrize("name", FLOWS)
@pytest.mark.parametrize("how", ["async for", "for_each", "await"])
def test_items_come_to_the_end(factory: Any, name: str, how: str) -> None:
    build, expected = FLOWS[name]

    async def main() -> None:
        asyncio.get_running_loop().set_task_factory(factory)
        items: list[Any] = []
        async with asyncio.timeout(20):
            if how == "async for":
                items = [item async for item in build()]
            elif how == "for_each":
                await build().for_each(items.append)
            else:
                assert await build() in expected
                return
        assert sorted(items) == expected

    asyncio.run(main())


@factories
@pytest.mark.parametrize("turns", range(1, 12))
@pytest.mark.parametrize("name", ["map_async", "map_async that waits", "merge", "create"])
def test_a_consumer_that_is_cancelled(
    factory: Any, turns: int, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def consume() -> None:
        async for _ in Flow.defer(FLOWS[name][0]).repeat():  # each time another generator
            pass

    async def main() -> None:
        asyncio.get_running_loop().set_task_factory(factory)
        async with asyncio.timeout(20):
            await cancelled_after(turns, consume())
            await soon(lambda: asyncio.all_tasks() == {asyncio.current_task()})

    asyncio.run(main())
    gc.collect()
    assert not caplog.records


@factories
@pytest.mark.parametrize("turns", range(6))
def test_tasks_that_are_cancelled_before_they_begin(factory: Any, turns: int) -> None:
    async def main() -> None:
        asyncio.get_running_loop().set_task_factory(factory)
        items: list[int] = []
        flow = Flow.range(10**9).map_async(same, concurrency=4)
        consumer = asyncio.ensure_future(flow.for_each(items.append))
        async with asyncio.timeout(20):
            await others_cancelled_after(turns, consumer)
            with pytest.raises(RuntimeError, match="cancelled"):
                await consumer
        assert items == list(range(len(items)))

    asyncio.run(main())


@factories
def test_leaving_returns_after_cleanup_upstream(factory: Any) -> None:
    left: list[str] = []

    async def main() -> None:
        asyncio.get_running_loop().set_task_factory(factory)
        flow = Flow.from_async_iterable(numbers(9, left)).map_async(same, concurrency=2)
        async with asyncio.timeout(20), aclosing(aiter(flow)) as items:
            async for _ in items:
                break
        assert left == ["left"]

    asyncio.run(main())
