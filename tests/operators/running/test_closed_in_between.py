"""The event loop is closed while a flow has given it its turn: who waits is told, the source is closed."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from operators import Flow
from operators._kernel.hosts import loops, slices
from operators._kernel.links import drives, emitter, queued
from operators._kernel.subscription.demand import Claim
from operators.schedulers import event_loop
from tests.operators.kit import DEADLINE, Probe, eventually, probe


class Failing(Exception):
    pass


def fails() -> Flow[int]:
    return Flow.error(Failing())


async def same(item: int) -> int:
    return item


async def but_the_first(item: int) -> int:
    if item == 0:
        await asyncio.Event().wait()
    return item


MANY = 10**9
# Given something that has items without end; `pushed` is the same, pushed by a stage of its own.
SHAPES: dict[str, Callable[[Flow[int], Flow[int]], Flow[Any]]] = {
    "a source": lambda pulled, pushed: pulled.map(abs),
    "an edge": lambda pulled, pushed: pushed.map(abs),
    "on_backpressure_buffer": lambda pulled, pushed: pulled.on_backpressure_buffer(4, overflow="block"),
    "on_backpressure_drop": lambda pulled, pushed: pulled.on_backpressure_drop(),
    "publish_on": lambda pulled, pushed: pulled.publish_on(event_loop(), prefetch=64),
    "flat_map": lambda pulled, pushed: pushed.flat_map(Flow.of),
    "concat_map": lambda pulled, pushed: pushed.concat_map(Flow.of),
    "merge": lambda pulled, pushed: pushed.merge(pushed),
    "zip": lambda pulled, pushed: pushed.zip(pulled),
    "map_async": lambda pulled, pushed: pushed.map_async(same, concurrency=64),
    "retry": lambda pulled, pushed: Flow.from_publisher(Flow.defer(fails)).retry(MANY),
    "repeat": lambda pulled, pushed: Flow.from_publisher(Flow.empty()).repeat(MANY),
}  # fmt: skip


async def begun(flow: Flow[Any]) -> Probe:
    """A run of it that the event loop has given some turns."""
    seen = probe(flow, MANY)
    for _ in range(5):
        await asyncio.sleep(0)
    return seen


def a_turn_for_each(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (slices, drives, emitter, queued):
        if hasattr(module, "SLICE"):
            monkeypatch.setattr(module, "SLICE", 0.0)


@pytest.mark.parametrize("name", SHAPES)
def test_whoever_waits_is_told(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    a_turn_for_each(monkeypatch)
    opened: list[bool] = []
    closed: list[bool] = []

    def source() -> Iterator[int]:
        opened.append(True)
        try:
            yield from range(MANY)
        finally:
            closed.append(True)

    pulled = Flow.from_iterable(source())
    several = Flow.defer(lambda: Flow.from_iterable(source()))
    flow = SHAPES[name](pulled, Flow.from_publisher(several))

    loop = asyncio.new_event_loop()
    try:
        seen = loop.run_until_complete(begun(flow))
        assert not seen.ended
    finally:
        loop.close()
    seen.until(lambda: seen.ended)
    assert isinstance(seen.error, RuntimeError)
    assert "closed" in str(seen.error)
    assert seen.violations == []
    eventually(lambda: len(closed) == len(opened))


@pytest.mark.parametrize("first", [0, 1])
def test_all_that_had_left_something_to_it_tell_once(
    first: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_turn_for_each(monkeypatch)
    left: list[Callable[[], object]] = []
    monkeypatch.setattr(loops, "aside", left.append)
    met: list[bool] = []

    class Met(Claim):
        """The thread that has it is overtaken by the others, before it goes on."""

        __slots__ = ()

        def take(self) -> bool:
            took = super().take()
            while took and left:
                met.append(True)
                left.pop()()
            return took

    flow = Flow.from_publisher(Flow.range(MANY)).map_async(
        but_the_first, concurrency=2, ordered=False
    )

    loop = asyncio.new_event_loop()
    with monkeypatch.context() as patched:
        patched.setattr(queued, "Claim", Met)
        seen = loop.run_until_complete(begun(flow))
    loop.close()
    gc.collect()
    assert len(left) == 2  # the calls, and the source that begins them
    left.pop(first)()
    assert met
    while left:  # whoever it was left to
        left.pop()()
    assert "closed" in str(seen.error)
    assert seen.violations == []


@pytest.mark.parametrize("name", SHAPES)
def test_who_has_cancelled_is_not_told(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    a_turn_for_each(monkeypatch)
    flow = SHAPES[name](Flow.range(MANY), Flow.from_publisher(Flow.range(MANY)))
    left: list[Any] = []

    async def main() -> Probe:
        seen = await begun(flow.on_discard(left.append))
        seen.cancel()
        return seen

    loop = asyncio.new_event_loop()
    try:
        seen = loop.run_until_complete(main())
    finally:
        loop.close()
    assert not seen.ended
    assert seen.violations == []


def cancel_all() -> None:
    """As `asyncio.run` does, where its coroutine has returned."""
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()


@pytest.mark.parametrize("turns", [0, 1])
def test_who_waits_for_a_source_that_is_cancelled_before_its_first_step_is_told(turns: int) -> None:
    closed: list[int] = []

    async def source() -> AsyncIterator[int]:
        try:
            while True:
                yield 1
                await asyncio.sleep(0)
        finally:
            closed.append(1)

    async def main() -> Probe:
        seen = probe(Flow.from_async_iterable(source()), 9)
        run = Flow.from_async_iterable(source()).for_each(closed.append)
        for _ in range(turns):
            await asyncio.sleep(0)
        cancel_all()
        with pytest.raises(RuntimeError, match="cancelled the task"):
            await asyncio.wait_for(run, DEADLINE)
        return seen

    seen = asyncio.run(main())
    assert "cancelled the task that runs this source" in str(seen.error)


def test_a_loop_ends_that_is_closed_as_a_flow_inside_of_another_begins(dropped: Any) -> None:
    ends: list[str] = []

    async def source() -> AsyncIterator[int]:
        yield 1
        await asyncio.Event().wait()

    async def take(items: AsyncIterable[int]) -> None:
        try:
            async for _ in items:
                pass
        finally:
            ends.append("left")

    async def main() -> None:
        merged = Flow.from_async_iterable(source()).merge(Flow.from_async_iterable(source()))
        taking = asyncio.create_task(take(merged))
        while len(asyncio.all_tasks()) < 4:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0)
        cancel_all()
        await asyncio.wait([taking], timeout=DEADLINE)
        assert ends == ["left"]

    asyncio.run(main())
    errors = [dropped.take(RuntimeError) for _ in range(2)]
    assert all("cancelled the task" in str(error) for error, _ in errors)
