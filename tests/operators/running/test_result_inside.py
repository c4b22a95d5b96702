"""handle.result() where the cleanup that it would wait for may be for this very thread."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from operators import Flow
from operators.schedulers import event_loop, executor, thread
from operators.testing import VirtualClock
from tests.operators.kit import DEADLINE


async def _counted() -> AsyncIterator[int]:
    n = 0
    while True:
        yield n
        n += 1
        await asyncio.sleep(0.001)


async def _call(n: int) -> int:
    return n


def _endless() -> Flow[int]:
    return Flow.from_async_iterable(_counted())


def _through(flow: Flow[int], stages: int) -> Flow[int]:
    for _ in range(stages):
        flow = flow.take_until(Flow.never())
    return flow


def _awaited() -> Flow[int]:
    return Flow.range(1_000_000).map_async(lambda n: _call(n))


def _in_time(function: Callable[[], object]) -> None:
    over = threading.Event()

    def run() -> None:
        function()
        over.set()

    threading.Thread(target=run, daemon=True).start()
    assert over.wait(DEADLINE)


def _stop(handle: Any) -> None:
    handle.cancel()
    handle.result(DEADLINE)


FLOWS = {
    "a lambda": _awaited,
    "a lambda, shared": lambda: _awaited().share(),
    "a lambda, buffered": lambda: _awaited().buffer(2).map(len),
    "a long chain": lambda: _through(_endless().publish_on(thread()), 80),
    "a long chain, shared": lambda: _through(_endless().publish_on(thread()), 80).share(),
    "a long chain of a thread": lambda: _through(Flow.range(1_000_000).subscribe_on(thread()), 80),
    "a hop": lambda: _endless().publish_on(thread()),
}


@pytest.mark.parametrize("make", FLOWS.values(), ids=FLOWS)
def test_a_function_of_a_run_that_it_cancels_is_not_kept_waiting_for_itself(
    make: Callable[[], Flow[Any]],
) -> None:
    handles: list[Any] = []
    known, asked = threading.Event(), threading.Event()

    def stop(_: object) -> None:
        assert known.wait(DEADLINE)
        _stop(handles[0])
        asked.set()

    handles.append(make().for_each(stop))
    known.set()
    assert asked.wait(DEADLINE)
    handles[0].result(DEADLINE)


@pytest.mark.parametrize("make", FLOWS.values(), ids=FLOWS)
def test_a_function_of_another_run_is_not_kept_waiting_for_itself(
    make: Callable[[], Flow[Any]],
) -> None:
    asked: list[bool] = []
    other = _through(make(), 40).for_each(lambda _: None)

    def stop(n: int) -> int:
        if n == 3:
            _stop(other)
            asked.append(other.cancelled)
        return n

    _in_time(lambda: _through(Flow.range(10).map(stop), 80).run())
    assert asked == [True]
    other.result(DEADLINE)


def test_a_cancel_on_a_clock_that_stands_still_is_not_waited_for() -> None:
    clock = VirtualClock()
    handle = _endless().cancel_on(clock).for_each(lambda _: None)
    _in_time(lambda: _stop(handle))
    clock.advance(0)
    handle.result(DEADLINE)


def test_a_cancel_on_a_loop_that_nobody_runs_is_not_waited_for() -> None:
    loop = asyncio.new_event_loop()
    try:
        handle = _endless().cancel_on(event_loop(loop)).for_each(lambda _: None)
        _in_time(lambda: _stop(handle))
        loop.run_until_complete(asyncio.sleep(0))
        handle.result(DEADLINE)
    finally:
        loop.close()


def test_a_cancel_on_a_pool_whose_threads_wait_for_it_is_not_waited_for() -> None:
    with ThreadPoolExecutor(1) as pool:
        handle = _endless().cancel_on(executor(pool)).for_each(lambda _: None)
        pool.submit(_stop, handle).result(DEADLINE)
        handle.result(DEADLINE)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_cleanup_left_to_a_loop_of_the_parent_process_is_not_waited_for() -> None:
    begun, ends = threading.Event(), threading.Event()
    handles: list[Any] = []

    async def main() -> None:
        handles.append(_endless().for_each(lambda _: begun.set()))
        await asyncio.to_thread(ends.wait, DEADLINE)
        handles[0].cancel()
        await handles[0]

    runs = threading.Thread(target=lambda: asyncio.run(main()))
    runs.start()
    try:
        assert begun.wait(DEADLINE)
        child = os.fork()
        if not child:
            threading.Timer(DEADLINE, os._exit, [1]).start()
            _stop(handles[0])
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    finally:
        ends.set()
        runs.join(DEADLINE)
