"""map_async: what becomes of the calls in flight when a flow fails, is cancelled, or loses its loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from typing import Any

import pytest

from operators import Flow
from tests.operators.kit import DEADLINE, Handmade, eventually, notes, probe, soon


class Failing:
    """Calls of which the first fails when told to, and the others in their own cleanup."""

    def __init__(self, *kinds: type[Exception]) -> None:
        self._kinds = kinds
        self.go = asyncio.Event()
        self.entered = 0

    async def __call__(self, n: int) -> int:
        self.entered += 1
        if n == 0:
            await self.go.wait()
            raise KeyError("the first")
        try:
            await asyncio.sleep(3600)
        finally:
            await asyncio.sleep(0)
            raise self._kinds[n % len(self._kinds)](f"of {n}")


# What comes after the first failure ---------------------------------------------------------------


@pytest.mark.parametrize("ordered", [True, False])
def test_failures_of_calls_in_flight_are_told_by_a_note_on_the_first(ordered: bool) -> None:
    async def main() -> BaseException:
        calls = Failing(ValueError, OSError)
        seen = probe(Flow.range(6).map_async(calls, concurrency=6, ordered=ordered), 9)
        await soon(lambda: calls.entered == 6)
        calls.go.set()
        await soon(lambda: seen.ended)
        error = seen.error
        assert isinstance(error, KeyError)
        await soon(lambda: "5 calls in flight failed as well" in notes(error))
        return error

    told = notes(asyncio.run(main()))
    assert "3 OSError, first OSError('of 1') for item 1" in told
    assert "2 ValueError, first ValueError('of 2') for item 2" in told
    assert "item: 0" in told
    assert told.count("in flight") == 1


def test_the_same_on_threads() -> None:
    together = threading.Barrier(4)
    others = threading.Event()

    def fail(n: int) -> int:
        together.wait(DEADLINE)
        if n:
            others.wait(DEADLINE)
        raise ValueError(n)

    with pytest.raises(ValueError, match="0") as caught:
        list(Flow.range(4).map_async(fail, concurrency=4))
    others.set()
    eventually(lambda: "3 calls in flight failed as well: 3 ValueError" in notes(caught.value))


def test_an_error_that_takes_no_notes_is_signalled_all_the_same() -> None:
    class Closed(Exception):
        def __setattr__(self, name: str, value: object) -> None:
            raise AttributeError(name)

        def add_note(self, note: str) -> None:
            raise AttributeError

    together = threading.Barrier(3)

    def fail(n: int) -> int:
        together.wait(DEADLINE)
        raise Closed(n)

    with pytest.raises(Closed):
        list(Flow.range(3).map_async(fail, concurrency=3))
    eventually(lambda: not our_threads())


def test_one_error_that_is_raised_by_every_try_keeps_one_note_of_them() -> None:
    error = KeyError("again")
    together = threading.Barrier(3)

    def fail(n: int) -> int:
        together.wait(DEADLINE)
        raise error if n == 0 else ValueError(n)

    flow = Flow.range(3).map_async(fail, concurrency=3)
    for _ in range(20):
        with pytest.raises(KeyError):
            list(flow)
    eventually(lambda: not our_threads())
    eventually(lambda: notes(error).count("in flight failed") == 1)


def test_after_an_error_of_upstream_they_are_told_on_that() -> None:
    async def main() -> BaseException:
        calls = Failing(ValueError)
        publisher = Handmade()
        seen = probe(Flow.from_publisher(publisher).map_async(calls), 9)
        publisher.emit(1, 2)
        await soon(lambda: calls.entered == 2)
        publisher.fail(OSError("upstream"))
        await soon(lambda: seen.ended)
        await soon(lambda: "2 calls in flight failed" in notes(seen.error))
        assert isinstance(seen.error, OSError)
        return seen.error

    asyncio.run(main())


# After a cancel -----------------------------------------------------------------------------------


def test_what_a_cancelled_call_raises_is_nobodys_news() -> None:
    async def main() -> None:
        calls = Failing(ValueError)
        seen = probe(Flow.range(1, 9).map_async(calls, concurrency=4), 9)
        await soon(lambda: calls.entered == 4)
        seen.cancel()
        await soon(lambda: len(asyncio.all_tasks()) == 1)

    asyncio.run(main())  # and the fixture finds nothing in the hook


def test_what_a_call_raises_that_could_not_be_cancelled_goes_to_the_hook(dropped: Any) -> None:
    entered, go = threading.Event(), threading.Event()

    def fail(n: int) -> int:
        entered.set()
        go.wait(DEADLINE)
        raise ValueError(n)

    seen = probe(Flow.of(7).map_async(fail), 1)
    assert entered.wait(DEADLINE)
    seen.cancel()
    go.set()
    error, where = dropped.take(ValueError)
    assert "item: 7" in notes(error)
    assert "which was over" in where


def test_a_failure_that_waited_for_demand_goes_to_the_hook(dropped: Any) -> None:
    async def fail(n: int) -> int:
        raise ValueError(n)

    async def main() -> None:
        flow = Flow.of(1).map_async(fail)
        seen = probe(flow)  # it asks for nothing
        for _ in range(9):
            await asyncio.sleep(0)
        seen.cancel()
        await soon(lambda: bool(dropped.errors))

    asyncio.run(main())
    assert "item: 1" in notes(dropped.take(ValueError)[0])


# Executors ----------------------------------------------------------------------------------------


class Refusing(ThreadPoolExecutor):
    """Takes some work and then none; it may keep what it refuses, as the real one does."""

    def __init__(self, room: int, error: BaseException, *, keeps: bool) -> None:
        super().__init__(1)
        self._room = room
        self._error = error
        self._keeps = keeps

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self._room -= 1
        if self._room >= 0:
            return super().submit(fn, *args, **kwargs)
        if self._keeps:
            super().submit(fn, *args, **kwargs)
        raise self._error


@pytest.mark.parametrize("keeps", [True, False])
@pytest.mark.parametrize("room", [0, 1, 2])
@pytest.mark.parametrize(
    "error", [RuntimeError("can't start new thread"), KeyError("full"), MemoryError()]
)
def test_an_executor_that_refuses_ends_the_stream(error: Exception, room: int, keeps: bool) -> None:
    for ordered in (True, False):
        called: list[int] = []
        left: list[int] = []
        publisher = Handmade()
        with Refusing(room, error, keeps=keeps) as pool:

            def call(n: int) -> int:
                called.append(n)  # noqa: B023
                return n

            flow = Flow.from_publisher(publisher).map_async(call, executor=pool, ordered=ordered)
            seen = probe(flow.on_discard(left.append), 9)
            publisher.emit(*range(room + 1))
            seen.until_end()
            assert seen.error is error
            assert f"item: {room}" in notes(error)
        eventually(lambda: sorted(seen.items + left) == list(range(room + 1)))  # noqa: B023
        assert not set(called) - {*seen.items, *left}
        assert len(called) == len(set(called))


def test_calls_that_others_cancel_end_the_stream() -> None:
    entered, go = threading.Event(), threading.Event()
    left: list[int] = []

    def call(n: int) -> int:
        entered.set()
        go.wait(DEADLINE)
        return n

    pool = ThreadPoolExecutor(1)
    seen = probe(Flow.range(3).map_async(call, executor=pool).on_discard(left.append), 9)
    assert entered.wait(DEADLINE)
    pool.shutdown(wait=False, cancel_futures=True)
    go.set()
    seen.until_end()
    assert seen.items == [0]
    assert "the call was cancelled" in str(seen.error)
    assert "item: 1" in notes(seen.error)
    eventually(lambda: left == [2])


def test_an_executor_that_gives_no_future_ends_the_stream() -> None:
    class Odd(Executor):
        def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
            return None

    seen = probe(Flow.of(5).map_async(str, executor=Odd()), 9).until_end()
    assert isinstance(seen.error, AttributeError)
    assert "item: 5" in notes(seen.error)


def test_a_consumer_that_keeps_the_calls_from_their_only_thread_is_told_so() -> None:
    with ThreadPoolExecutor(1) as pool:
        flow = Flow.range(3).map_async(abs, executor=pool)
        told = pool.submit(lambda: flow.for_each(id).result()).exception(DEADLINE)
        assert "this would wait for ever" in str(told)
        assert list(flow) == [0, 1, 2]


def test_a_call_that_waits_for_a_flow_of_its_own_is_no_reason_to_give_up() -> None:
    async def later(n: int) -> int:
        await asyncio.sleep(0.3)  # longer than it takes to find out that all threads wait
        return n

    with ThreadPoolExecutor(2) as pool:

        def inner(n: int) -> None:
            Flow.of(n).map_async(later).for_each(id).result()

        flow = Flow.range(2).map_async(inner, executor=pool).map(lambda _: 1)
        assert pool.submit(lambda: flow.for_each(id).result()).exception(DEADLINE) is None


def die(n: int) -> int:
    if n == 3:
        import os

        os._exit(1)
    return n


def test_a_process_that_dies_is_an_error_that_names_an_item() -> None:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        seen = probe(Flow.range(9).map_async(die, concurrency=3, executor=pool), 9).until_end()
    assert type(seen.error).__name__ == "BrokenProcessPool"
    assert "in map_async, written at" in notes(seen.error)
    assert "item: " in notes(seen.error)
    assert notes(seen.error).count("item: ") == 1


def test_no_thread_of_ours_runs_when_a_process_pool_forks() -> None:
    if "fork" not in __import__("multiprocessing").get_all_start_methods():
        pytest.skip("there is no fork here")
    with ProcessPoolExecutor(2, mp_context=get_context("fork")) as pool:
        publisher = Handmade()
        seen = probe(Flow.from_publisher(publisher).map_async(abs, executor=pool), 9)
        assert not our_threads()
        seen.request(1)
        assert not our_threads()
        publisher.emit(-1)
        seen.until_items(1)
        publisher.complete()
        seen.until_end()
        assert seen.items == [1]
    eventually(lambda: not our_threads())


def our_threads() -> list[str]:
    return [it.name for it in threading.enumerate() if it.name.startswith("operators-")]
