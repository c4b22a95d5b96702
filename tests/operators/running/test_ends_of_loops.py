"""The end of an event loop that meets a flow which would begin anew."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from operators import Flow
from operators.processors import Unicast
from tests.operators.kit import DEADLINE


async def numbers() -> AsyncIterator[int]:
    while True:
        await asyncio.sleep(0)
        yield 1


async def never() -> AsyncIterator[int]:
    await asyncio.Event().wait()
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


async def gathered(tasks: Iterable[asyncio.Task[Any]]) -> None:
    await asyncio.gather(*tasks, return_exceptions=True)


@contextmanager
def closed_under(main: Coroutine[Any, Any, None]) -> Iterator[None]:
    """Run it on a loop that says then that it is closed; it is in the end, with nothing left on it."""

    loop: Any = asyncio.new_event_loop()
    try:
        loop.run_until_complete(main)
        loop.is_closed = lambda: True
        yield
    finally:
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        # Some may not have begun, and were closed by who took the loop for a closed one.
        loop.run_until_complete(asyncio.wait_for(gathered(tasks), DEADLINE))
        del loop.is_closed
        loop.close()


SHARED: dict[str, Callable[[Flow[int]], list[Flow[int]]]] = {
    "share": lambda flow: [flow.share()],
    "share, two of it": lambda flow: [shared := flow.share(), shared],
    "publish": lambda flow: [flow.publish().auto_connect(1)],
    "replay": lambda flow: [flow.replay(3).auto_connect(1)],
    "broadcast": lambda flow: [*flow.broadcast(2)],
    "balance": lambda flow: [*flow.balance(2)],
    "partition": lambda flow: [*flow.partition(lambda n: n % 2, 2)],
}


SOURCES: dict[str, Callable[[], Flow[int]]] = {
    "interval": lambda: Flow.interval(0.001).on_backpressure_drop(),
    "async iterable": lambda: Flow.from_async_iterable(numbers()),
    "create": lambda: Flow.create(produce),
    "never": lambda: Flow.of(1).concat(Flow.from_async_iterable(never())),
}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("name", SHARED)
def test_those_who_share_a_flow_hear_of_the_end_of_its_loop(name: str, source: str):
    handles: list[Any] = []

    async def main() -> None:
        begun = asyncio.Event()
        flow = SOURCES[source]()
        for each in SHARED[name](flow):
            handles.append(each.for_each(lambda _: begun.set()))
        await begun.wait()

    with closed_under(main()):
        for handle in handles:
            with pytest.raises(RuntimeError, match="closed"):
                handle.result(DEADLINE)
            assert handle.done


def test_who_has_left_a_shared_flow_goes_on_without_its_loop():
    left, others = asyncio.Event(), Unicast[int]()
    seen: list[int] = []
    handles: list[Any] = []

    async def main() -> None:
        shared = Flow.from_async_iterable(numbers()).share()
        handles.append(shared.for_each(lambda _: None))
        flow = shared.take(1).map(lambda _: -1).concat(Flow.from_publisher(others))
        handles.append(flow.tap(seen.append).for_each(lambda _: left.set()))
        await left.wait()

    with closed_under(main()):
        with pytest.raises(RuntimeError, match="closed"):
            handles[0].result(DEADLINE)
        assert not handles[1].done
        others.emit(7)
        others.complete()
        handles[1].result(DEADLINE)
        assert seen == [-1, 7]
