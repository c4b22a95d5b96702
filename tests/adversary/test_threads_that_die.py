"""What is no Exception ends a thread or a task, and whoever waits for it must hear of that."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from operators import Flow
from operators.schedulers import event_loop, thread
from tests.operators.kit import DEADLINE, probe

RAISED = [SystemExit, GeneratorExit, asyncio.CancelledError]


def raising(error: BaseException) -> Any:
    def function(*_: Any) -> Any:
        raise error

    return function


async def one() -> Any:
    yield 1


def awaited(fn: Any) -> Any:
    async def producer(_emitter: Any) -> None:
        fn()

    return producer


@pytest.fixture
def _quiet(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    # What ends a thread is shown there, and asyncio logs what ends a callback: both rightly so.
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    monkeypatch.setattr(logging.getLogger("asyncio"), "disabled", True)
    yield
    # The one who waited has heard of it, perhaps, before the thread that it ends has shown it.
    for each in threading.enumerate():
        if each.name.startswith("operators-worker"):
            each.join(DEADLINE)
    gc.collect()  # what asyncio has to say about a task, it says when that goes


@pytest.mark.usefixtures("_quiet")
@pytest.mark.parametrize("raised", RAISED, ids=lambda raised: raised.__name__)
@pytest.mark.parametrize(
    "build",
    [
        lambda fn: Flow.range(3).publish_on(thread()).map(fn),
        lambda fn: Flow.range(3).publish_on(event_loop()).map(fn),
        lambda fn: Flow.range(3).publish_on(thread()).zip(Flow.range(3)).map(fn),
        lambda fn: Flow.range(3).publish_on(thread()).flat_map(lambda n: Flow.of(n)).map(fn),
        lambda fn: Flow.range(3).publish_on(thread()).concat_map(lambda n: Flow.of(n)).map(fn),
        lambda fn: Flow.range(3).map(fn).subscribe_on(thread()),
        lambda fn: Flow.create(fn),
        lambda fn: Flow.create(awaited(fn)),
    ],
    ids=range(8),
)
def test_the_loop_on_another_thread_does_not_wait_for_ever(build: Any, raised: type[BaseException]):
    with pytest.raises(RuntimeError):
        list(build(raising(raised())))


@pytest.mark.parametrize("raised", RAISED, ids=lambda raised: raised.__name__)
@pytest.mark.parametrize(
    "build",
    [
        lambda fn: Flow.range(3).publish_on(thread()).on_backpressure_buffer(8).map(fn),
        lambda fn: Flow.range(3).subscribe_on(thread()).map(fn),
        lambda fn: Flow.range(3).map_async(str).map(fn),
        lambda fn: Flow.create(lambda emitter: emitter.emit(1)).map(fn),
        lambda fn: Flow.from_async_iterable(one()).map(fn),
    ],
    ids=range(5),
)
def test_what_runs_in_the_loops_own_thread_raises_there(build: Any, raised: type[BaseException]):
    with pytest.raises(raised):
        list(build(raising(raised())))


@pytest.mark.usefixtures("_quiet")
def test_a_call_that_exits_does_not_take_the_background_loop_along():
    async def leave(n: int) -> int:
        raise SystemExit(n)

    with pytest.raises(RuntimeError, match="SystemExit"):
        list(Flow.of(3).map_async(leave))
    assert list(Flow.from_async_iterable(one())) == [1]


def deep(flow: Any) -> Any:
    for _ in range(70):  # enough for a relay or two
        flow = flow.on_finally(lambda: None)
    return flow


def test_a_run_that_is_begun_and_waited_for_inside_another():
    def inner(n: int) -> int:
        items: list[int] = []
        deep(Flow.range(n)).for_each(items.append).result(5)
        return len(items)

    assert list(deep(deep(Flow.range(3)).map(inner))) == [0, 1, 2]


def test_a_subscriber_inside_another_flow_gets_what_it_asks_for():
    assert list(deep(deep(Flow.range(3)).map(lambda n: probe(deep(Flow.range(n)), 9).items))) == [
        [],
        [0],
        [0, 1],
    ]


def test_a_coroutine_that_finds_room_for_ever_lets_others_have_their_turn():
    async def produce(emitter: Any) -> None:
        while await emitter.emit(1):
            pass

    async def run() -> None:
        handle = Flow.create(produce).for_each(lambda _: None)
        await asyncio.sleep(0)
        handle.cancel()
        await handle

    asyncio.run(run())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_child_process_has_a_background_loop_of_its_own():
    for _ in Flow.from_async_iterable(one()):
        child = os.fork()
        if child == 0:  # pragma: no cover
            os._exit(0 if list(Flow.from_async_iterable(one())) == [1] else 1)
        assert os.waitpid(child, 0)[1] == 0
