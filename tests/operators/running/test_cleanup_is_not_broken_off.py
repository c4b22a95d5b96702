"""A cancel that comes while a source is being cleaned up does not break that off."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest

from operators import Flow
from operators.custom import AsyncSource, Unbroken
from tests.operators.kit import DEADLINE, eventually, probe

Build = Callable[[Flow[int]], Flow[Any]]

# Each has its source closed at the second item, while it is not over itself.
SHAPES: dict[str, Build] = {
    "take": lambda flow: flow.take(2),
    "several functions": lambda flow: flow.take(2).map(abs).map_async(abs).take(9),
    "an inner flow": lambda flow: (
        Flow.of(1).concat_map(lambda _: flow.take(2)).concat(Flow.never())
    ),
    "what takes over": lambda flow: flow.map(_failing).on_error_resume(lambda _: Flow.never()),
}


def _failing(n: int) -> int:
    if n == 2:
        raise OSError("gone")
    return n


class Cleanup:
    """Takes a while, and knows whether it has begun, and whether it came to its end."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.over = False
        self._go_on: Callable[[], object]

    async def run(self) -> None:
        loop, event = asyncio.get_running_loop(), asyncio.Event()
        self._go_on = partial(loop.call_soon_threadsafe, event.set)
        self.begun.set()
        await event.wait()
        self.over = True

    def go_on(self) -> None:
        self._go_on()

    async def rows(self) -> AsyncIterator[int]:
        try:
            for n in itertools.count(1):
                yield n
        finally:
            await self.run()

    @asynccontextmanager
    async def entered(self) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await self.run()


def look(flow: Flow[Any], cleanup: Cleanup) -> None:
    seen = probe(flow, 9)
    assert cleanup.begun.wait(DEADLINE)
    seen.cancel()
    cleanup.go_on()
    eventually(lambda: cleanup.over, "the end of the cleanup")


@pytest.mark.parametrize("shape", SHAPES)
def test_the_cleanup_of_a_source_comes_to_its_end(shape: str):
    cleanup = Cleanup()
    look(SHAPES[shape](Flow.from_async_iterable(cleanup.rows())), cleanup)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_way_out_of_a_context_manager_comes_to_its_end(shape: str):
    cleanup = Cleanup()
    flow = Flow.using(cleanup.entered, lambda _: Flow.range(1, 1_000_000))
    look(SHAPES[shape](flow), cleanup)


def test_a_context_manager_is_left_at_the_end_of_its_flow_as_well():
    cleanup = Cleanup()
    look(Flow.using(cleanup.entered, lambda _: Flow.of(1, 2)), cleanup)


@pytest.mark.parametrize("after", ["the last batch", "the first batch"])
def test_nor_does_one_that_comes_when_a_source_of_one_s_own_has_ended_by_itself(after: str):
    cleanup = Cleanup()

    class Rows(AsyncSource[int]):
        async def batches(self) -> AsyncIterator[list[int]]:
            try:
                yield [1]
                if after == "the last batch":
                    yield [2]
            finally:
                with Unbroken():
                    await cleanup.run()

    look(Rows().flow(), cleanup)


def test_nor_one_of_a_producer_that_has_come_to_its_end():
    cleanup = Cleanup()

    async def produce(emitter: Any) -> None:
        await emitter.emit(1)
        with Unbroken():
            await cleanup.run()

    look(Flow.create(produce), cleanup)


@pytest.mark.parametrize("ordered", [True, False])
def test_nor_one_of_a_call_of_map_async_that_has_its_result(ordered: bool):
    cleanup = Cleanup()

    async def call(n: int) -> int:
        with Unbroken():
            await cleanup.run()
        return n

    look(Flow.of(1).map_async(call, ordered=ordered), cleanup)
