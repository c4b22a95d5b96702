"""Connectors on trio: what is of asyncio runs on the library's own loop; what cannot be says what to do."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import anyio
import pytest
import trio

from operators import Flow
from operators.connectors import files, processes, queues
from operators.custom import AsyncSource
from operators.schedulers import thread
from tests.operators.kit import eventually
from tests.operators.runtimes.trio_kit import on_trio


async def numbers(many: int) -> AsyncIterator[int]:
    for n in range(many):
        await trio.sleep(0.001)
        yield n


def test_a_file_is_read_and_written_with_items_of_trio(tmp_path: Path):
    path = tmp_path / "lines.txt"

    async def main() -> list[str]:
        lines = Flow.from_async_iterable(numbers(5)).map(str)
        assert [line async for line in lines.apply(files.sink(str(path)))] == list("01234")
        return [str(m.value) async for m in files.source(str(path))]

    assert on_trio(main) == list("01234")


def test_leaving_a_connector_ends_what_it_runs():
    async def main() -> bool:
        with trio.move_on_after(0.1) as scope:
            await processes.source(["sleep", "100"])
        return scope.cancelled_caught

    assert on_trio(main)
    eventually(lambda: "operators-event-loop" not in [each.name for each in threading.enumerate()])


def test_a_connector_inside_of_another_flow(tmp_path: Path):
    path = tmp_path / "lines.txt"
    path.write_text("a\nb\n")

    async def main() -> list[str]:
        flow = (
            Flow.range(2).concat_map(lambda _: files.source(str(path))).map(lambda m: str(m.value))
        )
        async with aclosing(aiter(flow)) as lines:
            return [line async for line in lines]

    assert on_trio(main) == ["a", "b", "a", "b"]


def test_queues_of_threads_and_streams_of_anyio_are_waited_for_on_trio():
    async def main() -> list[int]:
        own: queue.Queue[int] = queue.Queue()
        timer = threading.Timer(0.01, own.put, (1,))
        timer.start()
        first = [m.value async for m in queues.source(own).take(1)]
        send, receive = anyio.create_memory_object_stream[int](1)
        async with trio.open_nursery() as nursery, receive:

            async def fill() -> None:
                async with send:
                    for n in (2, 3, 4):
                        await send.send(n)

            nursery.start_soon(fill)
            return first + [m.value async for m in queues.source(receive)]

    assert on_trio(main) == [1, 2, 3, 4]


def test_a_source_of_ones_own_runs_on_trio():
    class Ticks(AsyncSource[int]):
        async def batches(self) -> AsyncIterator[list[int]]:
            for n in range(3):
                await trio.sleep(0.001)
                yield [n]

    async def main() -> list[int]:
        return [n async for n in Ticks().flow()]

    assert on_trio(main) == [0, 1, 2]


async def of_asyncio(n: int) -> int:
    await asyncio.sleep(0.001)
    return n


async def items_of_asyncio() -> AsyncIterator[int]:
    for n in range(3):
        yield await of_asyncio(n)


ASYNCIO = {
    "map_async": lambda: Flow.range(3).map_async(of_asyncio),
    "from_async_iterable": lambda: Flow.from_async_iterable(items_of_asyncio()),
}


@pytest.mark.parametrize("name", ASYNCIO)
def test_code_of_asyncio_on_trio_says_what_to_do_and_that_helps(name: str):
    make = ASYNCIO[name]

    async def main() -> list[int]:
        with pytest.raises(RuntimeError) as caught:
            await make()
        assert any("subscribe_on(thread())" in note for note in caught.value.__notes__)
        return [n async for n in make().subscribe_on(thread())]

    assert on_trio(main) == [0, 1, 2]


def test_what_awaits_a_future_of_asyncio_says_what_to_do():
    loop = asyncio.new_event_loop()
    future: asyncio.Future[int] = loop.create_future()

    async def call(_: int) -> int:
        return await future

    async def main() -> None:
        with pytest.raises(TypeError, match="asyncio") as caught:
            await Flow.of(1).map_async(call)
        assert any("trio runs here" in note for note in caught.value.__notes__)

    try:
        on_trio(main)
    finally:
        loop.close()


def test_code_of_trio_without_a_run_says_so():
    with pytest.raises(RuntimeError) as caught:
        list(Flow.from_async_iterable(numbers(3)))
    assert any("inside of trio.run" in note for note in caught.value.__notes__)

    async def main() -> None:
        await Flow.from_async_iterable(numbers(3))

    with pytest.raises(RuntimeError, match="must be called from async context"):
        asyncio.run(main())
