"""A Ctrl-C at any line of ours, while a flow is connected, runs and ends: nothing is left, nothing is broken.

It is raised by a trace function, at so many lines of each kind of flow as time allows. Not at a `with` or a
`try:`: there is a line for the tracer, but no place where Python looks for a signal.
"""

from __future__ import annotations

import asyncio
import gc
import linecache
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from types import FrameType
from typing import Any, Self

import pytest

from operators import Emitter, Flow
from operators._kernel.hosts import loops
from operators.schedulers import thread
from tests.operators.kit import eventually

TIMES = 8
"""How often each kind of flow is interrupted in each way to run it."""


class Interruption:
    """Raises a KeyboardInterrupt at the n-th line of ours that is run; at none where that is 0.

    With `only`, lines of a function of that name are counted, and no others.
    """

    def __init__(self, at: int, only: str = "") -> None:
        self._at = at
        self._only = only
        self.lines = 0

    def __enter__(self) -> Self:
        self._before = sys.gettrace()
        sys.settrace(self._call)
        return self

    def __exit__(self, *_: object) -> None:
        sys.settrace(self._before)

    def _call(self, frame: FrameType, event: str, arg: Any) -> Any:
        name = frame.f_code.co_filename
        ours = "/operators/_" in name or "/operators/co" in name or name.startswith("<flow")
        if self._only:
            ours = "/operators/" in name and frame.f_code.co_qualname == self._only
        return self._line if ours and not _is_spared(frame) else None

    def _line(self, frame: FrameType, event: str, arg: Any) -> Any:
        if event == "line":
            line = linecache.getline(frame.f_code.co_filename, frame.f_lineno)
            if not line.lstrip().startswith(("with ", "try:")):
                self.lines += 1
                if self.lines == self._at:
                    raise KeyboardInterrupt
        return self._line


def _is_spared(frame: FrameType | None) -> bool:
    # What is raised there goes nowhere, and what comes there is raised afterwards.
    while frame is not None:
        if frame.f_code.co_name in ("__del__", "undisturbed"):
            return True
        frame = frame.f_back
    return False


async def answer(n: int) -> int:
    await asyncio.sleep(0)
    return n


async def numbers() -> AsyncIterator[int]:
    for n in range(3):
        yield n


async def seldom_waits(n: int) -> int:
    if n % 10 == 9:
        await asyncio.sleep(0)
    return n


def produce(emitter: Emitter[int]) -> None:
    for n in range(3):
        emitter.emit(n)


async def aproduce(emitter: Any) -> None:
    for n in range(3):
        await emitter.emit(n)


def some() -> Flow[int]:
    return Flow.range(4)


FLOWS: dict[str, Callable[[ThreadPoolExecutor], Flow[Any]]] = {
    "map": lambda pool: some().map(str).filter(bool),
    "concat_map": lambda pool: some().concat_map(lambda n: Flow.of(n, n)),
    "flat_map": lambda pool: some().limit_rate(2).flat_map(lambda n: Flow.of(n).limit_rate(1)),
    "zip": lambda pool: some().zip(some().limit_rate(2)),
    "publish_on": lambda pool: some().publish_on(thread()),
    "subscribe_on": lambda pool: some().subscribe_on(thread()),
    "map_async": lambda pool: some().map_async(answer, concurrency=2),
    "map_async, in one task": lambda pool: Flow.range(40).map_async(seldom_waits, concurrency=3),
    "map_async, pool": lambda pool: some().map_async(abs, concurrency=2, executor=pool),
    "an async source": lambda pool: Flow.from_async_iterable(numbers()).map(str),
    "create": lambda pool: Flow.create(produce),
    "create, coroutine": lambda pool: Flow.create(aproduce),
    "on_backpressure_buffer": lambda pool: some().limit_rate(2).on_backpressure_buffer(9),
    "retry": lambda pool: some().concat(Flow.error(ValueError())).retry(1).on_error_return(0),
}


def by_for(flow: Flow[Any]) -> list[Any]:
    return list(flow)


def by_async_for(flow: Flow[Any]) -> list[Any]:
    async def main() -> list[Any]:
        return [item async for item in flow]

    return asyncio.run(main())


def by_for_each(flow: Flow[Any]) -> list[Any]:
    got: list[Any] = []
    flow.for_each(got.append).result(9)
    return got


@pytest.fixture(scope="module")
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        met = threading.Barrier(2)
        list(pool.map(lambda _: met.wait(9), range(2)))  # its threads are there before any test
        yield pool


LOUD = pytest.mark.may_leave("asyncio error", reason="a loop says what it was interrupted in")


@LOUD
@pytest.mark.parametrize(
    ("name", "only", "lines"),
    [
        ("map_async", "_run", 20),
        ("map_async, in one task", "_run", 20),
        ("map_async, in one task", "_one_by_one", 20),
        ("map_async, in one task", "_make_one", 10),
        ("map_async, in one task", "_give_up_task", 10),
        ("map_async, in one task", "_end_together", 10),
    ],
)
def test_a_call_that_is_interrupted_at_any_line_holds_nothing_up(
    name: str, only: str, lines: int, pool: ThreadPoolExecutor
) -> None:
    make = FLOWS[name]
    at = 0
    while True:
        at += 1
        with Interruption(at, only=f"TaskCalls.{only}") as interruption:
            try:
                by_async_for(make(pool))
            except KeyboardInterrupt:
                continue
        break
    assert interruption.lines < at
    assert at > lines


@LOUD
@pytest.mark.parametrize(
    ("name", "only"),
    [
        ("map_async", "LoopCalls.open"),
        ("create, coroutine", "Create._open_task"),
        ("an async source", "AsyncDrive.start"),
    ],
)
def test_a_loop_that_is_taken_is_given_back_at_any_line(
    name: str, only: str, pool: ThreadPoolExecutor
) -> None:
    before = set(threading.enumerate())
    make = FLOWS[name]
    at, lines = 0, 0
    while lines == at:
        at += 1
        with Interruption(at, only=only) as interruption, suppress(KeyboardInterrupt):
            by_for(make(pool))
        lines = interruption.lines
        gc.collect()  # what nobody holds any more gives it back as well
        eventually(lambda: set(threading.enumerate()) <= before, f"no thread, at {at}")
    assert at > 4


@LOUD
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("run", [by_for, by_async_for, by_for_each])
@pytest.mark.parametrize("name", FLOWS)
def test_nothing_is_left_and_nothing_broken(
    name: str, run: Callable[[Flow[Any]], list[Any]], pool: ThreadPoolExecutor
) -> None:
    make = FLOWS[name]
    before = set(threading.enumerate())
    flow = make(pool)
    with Interruption(0) as counting:
        expected = len(run(flow))
    # Some lines depend on how fast threads are; the last ones may never come.
    most = counting.lines
    step = max(1, most // TIMES)
    for at in range(1 + sum(map(ord, name)) % step, most, step):
        flow = make(pool)
        with Interruption(at) as interruption:
            try:
                run(flow)
            except KeyboardInterrupt:
                pass
            else:
                assert interruption.lines < at, f"swallowed at line {at} of {most}"
        del flow
        gc.collect()
        eventually(lambda: set(threading.enumerate()) <= before, f"no thread, at {at} of {most}")
        assert not loops._kept, f"at {at} of {most}"
        assert len(run(make(pool))) == expected, f"at {at} of {most}"
