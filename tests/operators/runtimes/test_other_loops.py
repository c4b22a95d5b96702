"""One small program on every runtime: trio, anyio on both, and loops in the place of asyncio's."""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from operators import Flow
from operators.schedulers import event_loop, thread
from tests.operators.kit import DEADLINE

SLOW = 3.0
Main = Callable[[], Awaitable[Any]]


def by_asyncio(factory: Callable[[], asyncio.AbstractEventLoop], *, debug: bool = False) -> Any:
    def run(main: Main) -> Any:
        async def limited() -> Any:
            async with asyncio.timeout(DEADLINE):
                return await main()

        with asyncio.Runner(loop_factory=factory, debug=debug) as runner:
            # It is looked at in real seconds, of a machine that may be busy.
            runner.get_loop().slow_callback_duration = SLOW
            return runner.run(limited())

    return run


def eager() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    loop.set_task_factory(asyncio.eager_task_factory)  # type: ignore[attr-defined, unused-ignore]
    return loop


RUNTIMES: dict[str, Callable[[Main], Any]] = {
    "asyncio": by_asyncio(asyncio.new_event_loop),
    "asyncio in debug mode": by_asyncio(asyncio.new_event_loop, debug=True),
    "anyio on asyncio": lambda main: anyio.run(main, backend="asyncio"),
    "anyio on trio": lambda main: anyio.run(main, backend="trio"),
}
if sys.platform != "win32":
    import rloop
    import uvloop

    RUNTIMES["uvloop"] = by_asyncio(uvloop.new_event_loop)
    RUNTIMES["uvloop in debug mode"] = by_asyncio(uvloop.new_event_loop, debug=True)
    RUNTIMES["rloop"] = by_asyncio(rloop.new_event_loop)
if sys.version_info >= (3, 12):
    RUNTIMES["eager tasks"] = by_asyncio(eager)


class Told(logging.Handler):
    """What asyncio logs: a slow callback, a task that nobody waited for."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


@pytest.fixture(params=RUNTIMES)
def run(request: pytest.FixtureRequest) -> Any:
    """Runs a coroutine function on a runtime, of which nothing is left and that has nothing to say."""
    told = Told()
    logger = logging.getLogger("asyncio")
    logger.addHandler(told)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always", ResourceWarning)
        yield RUNTIMES[request.param]
        gc.collect()
    logger.removeHandler(told)
    assert not told.messages
    texts = [str(each.message) for each in warned if each.category is ResourceWarning]
    if request.param == "rloop":  # which leaves its own pair of sockets to the collector
        texts = [text for text in texts if "unclosed <socket" not in text]
    assert not texts


async def numbers(many: int, closed: list[str]) -> AsyncIterator[int]:
    try:
        for n in range(many):
            await anyio.lowlevel.checkpoint()
            yield n
    finally:
        closed.append("closed")


async def call(n: int) -> int:
    await anyio.sleep(0.001)
    return n * 2


def test_items_of_an_async_iterable(run: Any):
    async def main() -> list[int]:
        return [n async for n in Flow.from_async_iterable(numbers(500, [])).map(lambda n: n)]

    assert run(main) == list(range(500))


def test_await_and_a_thread(run: Any):
    async def main() -> Any:
        return await Flow.range(2_000).publish_on(thread()).map(lambda n: n + 1)

    assert run(main) == 2_000


def test_a_long_plain_flow_keeps_no_loop_waiting(run: Any):
    async def main() -> Any:
        count = 0
        async for _ in Flow.range(200_000).filter(lambda n: n % 2 == 0):
            count += 1
        handle = Flow.range(200_000).for_each(lambda _: None)
        await handle
        return count

    assert run(main) == 100_000


def test_calls_side_by_side(run: Any):
    async def main() -> list[int]:
        return [n async for n in Flow.range(40).map_async(call, concurrency=8)]

    assert run(main) == [n * 2 for n in range(40)]


def test_a_producer(run: Any):
    async def produce(emitter: Any) -> None:
        for n in range(100):
            await emitter.emit(n)

    async def main() -> list[int]:
        return [n async for n in Flow.create(produce, capacity=3)]

    assert run(main) == list(range(100))


def test_time(run: Any):
    async def main() -> list[int]:
        return [n async for n in Flow.interval(0.001).publish_on(event_loop()).take(5)]

    assert run(main) == [0, 1, 2, 3, 4]


def test_a_join_that_is_left(run: Any):
    closed: list[str] = []

    async def main() -> list[int]:
        items: list[int] = []
        flow = Flow.from_async_iterable(numbers(10**9, closed)).merge(Flow.never())
        async with aclosing(aiter(flow)) as pulled:
            async for n in pulled:
                items.append(n)
                if n == 5:
                    break
        return items

    assert run(main) == [0, 1, 2, 3, 4, 5]
    assert closed == ["closed"]


def test_a_break(run: Any):
    closed: list[str] = []

    async def main() -> None:
        async for n in Flow.from_async_iterable(numbers(10**9, closed)):
            if n == 5:
                break
        gc.collect()
        while not closed:  # noqa: ASYNC110 - on any runtime
            await anyio.sleep(0.001)

    run(main)
    assert closed == ["closed"]


def test_a_time_limit(run: Any):
    closed: list[str] = []

    async def main() -> bool:
        with anyio.move_on_after(0.05) as scope:
            await Flow.from_async_iterable(numbers(10**9, closed)).merge(Flow.never())
        return scope.cancelled_caught

    assert run(main)
    assert closed == ["closed"]


def test_an_error_of_a_call(run: Any):
    async def fails(n: int) -> int:
        await anyio.sleep(0.001)
        raise ValueError(n)

    async def main() -> None:
        with pytest.raises(ValueError, match="0"):
            await Flow.range(5).map_async(fails, concurrency=3)

    run(main)
