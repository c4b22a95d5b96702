"""The end of an event loop that meets a flow which would begin anew."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from operators import Flow
from tests.operators.kit import DEADLINE


async def numbers() -> AsyncIterator[int]:
    while True:
        await asyncio.sleep(0)
        yield 1


async def produce(emitter: Any) -> None:
    while True:
        await asyncio.sleep(0)
        await emitter.emit(1)


async def call(n: int) -> int:
    await asyncio.sleep(0)
    return n


TRIES: dict[str, Callable[[], Flow[int]]] = {
    "interval, retry": lambda: Flow.interval(0.001).on_backpressure_drop().retry(),
    "delay, retry": lambda: Flow.range(10**9).delay(0.001).retry(),
    "create, retry": lambda: Flow.create(produce).retry(),
    "map_async, retry": lambda: Flow.range(10**9).map_async(call).retry(),
    "on_error_resume": lambda: Flow.interval(0.001).on_error_resume(lambda _: Flow.interval(0.001)),
}


@pytest.mark.parametrize("name", TRIES)
def test_no_try_outlives_the_loop(name: str):
    handles: list[Any] = []

    async def main() -> None:
        begun = asyncio.Event()
        handles.append(TRIES[name]().for_each(lambda _: begun.set()))
        await begun.wait()

    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(main())
    finally:
        loop.close()
    with pytest.raises(RuntimeError, match="closed"):
        handles[0].result(DEADLINE)


def test_one_item_in_place_of_an_error_comes_after_the_loop_too():
    items: list[int] = []
    handles: list[Any] = []

    async def main() -> None:
        flow = Flow.range(1).delay(1e6).on_error_return(7)
        handles.append(flow.for_each(items.append))

    loop = asyncio.new_event_loop()
    loop.run_until_complete(main())
    loop.close()
    handles[0].result(DEADLINE)
    assert items == [7]


def test_a_source_that_a_task_factory_refuses_fails():
    def refuse(loop: Any, coroutine: Any, **_: Any) -> Any:
        raise LookupError("no more tasks")

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.set_task_factory(refuse)
        handle = Flow.from_async_iterable(numbers()).for_each(str)
        loop.set_task_factory(None)
        with pytest.raises(LookupError, match="no more tasks"):
            await handle

    asyncio.run(main())
