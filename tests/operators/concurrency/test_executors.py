"""map_async on executors: many items by one call, and workers that die."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor, process
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from operators import Flow
from operators.concurrency._chunk_fn import MOST, Sizer
from tests.operators.concurrency.test_map_async import Gate
from tests.operators.kit import Handmade, eventually, notes, probe

SPAWN = get_context("spawn")


class Breaking(process._ExecutorManagerThread):
    """The thread of a pool that breaks it between two submits and not amidst one, as from 3.12.

    Else it falls over a call that is submitted meanwhile, and leaves its processes behind.
    """

    def terminate_broken(self, cause: Any) -> None:
        with self.shutdown_lock:
            if (pool := self.executor_reference()) is not None:
                pool._broken = "a child process terminated abruptly"
        super().terminate_broken(cause)


@pytest.fixture(autouse=True)
def _pools_of_311_as_of_312(monkeypatch: pytest.MonkeyPatch) -> None:
    if sys.version_info < (3, 12):
        monkeypatch.setattr(process, "_ExecutorManagerThread", Breaking)


def processes(n: int = 2) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(n, mp_context=SPAWN)


@pytest.fixture
def pool() -> Iterator[ProcessPoolExecutor]:
    with processes(1) as made:
        yield made


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as made:
        yield made


def add_one(n: int) -> int:
    return n + 1


def not_3(n: int) -> int:
    if n == 3:
        raise ValueError(n)
    return n + 1


class Odd(Exception):
    """An error that cannot be pickled."""

    def __reduce__(self) -> Any:
        raise TypeError("not this one")


def odd_3(n: int) -> int:
    if n == 3:
        raise Odd("is odd")
    return n + 1


async def later(n: int) -> int:
    return n


# Chunks -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("chunk", [1, 7, 100, "auto"])
@pytest.mark.parametrize("ordered", [True, False])
def test_results_come_one_by_one(threads: Executor, chunk: Any, ordered: bool) -> None:
    flow = Flow.range(200).map_async(add_one, executor=threads, chunk=chunk, ordered=ordered)
    results = list(flow)
    assert (results if ordered else sorted(results)) == list(range(1, 201))


@pytest.mark.parametrize("chunk", [7, "auto"])
def test_from_processes_too(pool: Executor, chunk: Any) -> None:
    results = list(Flow.range(200).map_async(add_one, executor=pool, chunk=chunk))
    assert results == list(range(1, 201))


def test_a_chunk_is_one_call() -> None:
    class Counting(ThreadPoolExecutor):
        calls = 0

        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
            Counting.calls += 1
            return super().submit(fn, *args, **kwargs)

    with Counting(2) as pool:
        flow = Flow.range(1_000).map_async(add_one, executor=pool, chunk=50, concurrency=2)
        assert list(flow) == list(range(1, 1_001))
    assert 20 <= Counting.calls < 40


@pytest.mark.parametrize("fn", [not_3, odd_3])
def test_an_error_is_that_of_its_item(pool: Executor, fn: Any) -> None:
    came: list[int] = []
    flow = Flow.range(20).map_async(fn, executor=pool, chunk=8).tap(came.append)
    with pytest.raises(Exception, match=r"3|odd") as raised:
        list(flow)
    assert came == [1, 2, 3]
    assert "item: 3" in notes(raised.value)
    if fn is not_3:
        assert type(raised.value) is ValueError
        assert "in not_3" in str(raised.value.__cause__)  # where it was raised, in the process
    else:
        assert "Odd: is odd (which cannot be pickled)" in str(raised.value)


def test_an_exception_that_is_a_result_is_one(threads: Executor) -> None:
    results = list(Flow.range(3).map_async(ValueError, executor=threads, chunk=2))
    assert [result.args for result in results] == [(0,), (1,), (2,)]


def test_skip_errors_leaves_out_the_one(threads: Executor) -> None:
    lost: list[Any] = []
    flow = Flow.range(6).map_async(not_3, executor=threads, chunk=4)
    assert list(flow.skip_errors(lambda it: lost.append(it.item))) == [1, 2, 3, 5, 6]
    assert lost == [3]


def test_a_class_of_executors_makes_one() -> None:
    assert list(Flow.range(5).map_async(str, executor=ThreadPoolExecutor)) == [
        "0",
        "1",
        "2",
        "3",
        "4",
    ]
    assert list(Flow.range(5).map_batches(list, executor=ThreadPoolExecutor)) == [0, 1, 2, 3, 4]


def test_what_is_to_be_awaited_is_refused() -> None:
    with ThreadPoolExecutor(1) as pool:
        flow = Flow.range(3).map_async(lambda n: later(n), executor=pool, chunk=2, concurrency=1)
        with pytest.raises(TypeError, match="map_async: fn gave a coroutine"):
            list(flow)


def test_upstream_runs_ahead_by_the_chunks_in_flight_and_one_more() -> None:
    source, gate = Handmade(range(1_000)), Gate()
    with ThreadPoolExecutor(2) as pool:
        flow = Flow.from_publisher(source).map_async(gate, executor=pool, chunk=5, concurrency=2)
        reader = probe(flow, 1)
        try:
            gate.until_entered(2)
            assert source.asked == 15
            assert "holds 15" in str(flow.describe())
        finally:
            gate.open(*range(1_000))
            reader.until_items(1)
            reader.cancel()


def test_chunks_are_sized_by_how_long_calls_take() -> None:
    sizer = Sizer()
    assert sizer.size == 1
    sizes = []
    for _ in range(6):
        sizer.took(0.000_1 * sizer.size, sizer.size)
        sizes.append(sizer.size)
    assert sizes == [4, 16, 64, 199, 200, 200] or sizes[:3] == [4, 16, 64]
    assert 190 <= sizer.size <= 200
    sizer.took(0.5 * 10, 10)
    assert sizer.size == 1
    for _ in range(20):
        sizer.took(0.0, sizer.size)
    assert sizer.size == MOST


@pytest.mark.parametrize(
    ("more", "error", "message"),
    [
        ({"chunk": 4}, TypeError, "chunk is for calls on an executor"),
        ({"on_lost": "retry"}, TypeError, 'on_lost="retry" is for calls on an executor'),
        ({"on_lost": "no", "executor": processes}, ValueError, "on_lost must be"),
        ({"chunk": 0, "executor": processes}, ValueError, "chunk must be at least 1"),
        ({"chunk": "some", "executor": processes}, ValueError, 'chunk must be an int or "auto"'),
        (
            {"chunk": 4, "executor": processes, "key": abs},
            TypeError,
            "items of one chunk are one call",
        ),
        ({"executor": processes, "on_lost": "retry", "tries": 0}, ValueError, "tries must be at"),
    ],
)
def test_wrong_arguments(more: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=f"map_async: {message}"):
        Flow.range(3).map_async(add_one, **more)


# Workers that die -------------------------------------------------------------------------------


class DiesOf:
    """Kills its process at one item, some times, which it counts in a file."""

    def __init__(self, item: int, times: int, path: Path) -> None:
        self.item = item
        self.times = times
        self.path = path

    def __call__(self, n: int) -> int:
        if n == self.item:
            with self.path.open("a") as file:
                file.write("x")
            if len(self.path.read_text()) <= self.times:
                os._exit(1)
        else:
            time.sleep(0.01)
        return n + 1


@pytest.mark.long
@pytest.mark.parametrize("chunk", [None, 4])
def test_what_was_in_flight_is_made_again(tmp_path: Path, chunk: Any) -> None:
    fn = DiesOf(7, 2, tmp_path / "deaths")
    made: list[Executor] = []

    def pool() -> Executor:
        made.append(processes())
        return made[-1]

    flow = Flow.range(40).map_async(
        fn, executor=pool, concurrency=4, chunk=chunk, on_lost="retry", tries=2
    )
    try:
        assert list(flow) == list(range(1, 41))
        assert len(made) == 3
    finally:
        for each in made:
            each.shutdown()


@pytest.mark.long
def test_the_one_that_kills_every_worker_is_named_and_the_others_are_not_lost(
    tmp_path: Path,
) -> None:
    fn = DiesOf(7, 99, tmp_path / "deaths")
    made: list[Executor] = []

    def pool() -> Executor:
        made.append(processes())
        return made[-1]

    came: list[int] = []
    flow = Flow.range(40).map_async(fn, executor=pool, concurrency=4, on_lost="retry", tries=2)
    try:
        with pytest.raises(BrokenProcessPool) as raised:
            list(flow.tap(came.append))
    finally:
        for each in made:
            each.shutdown()
    assert came == [1, 2, 3, 4, 5, 6, 7]
    assert "item: 7" in notes(raised.value)
    assert "3 workers have died, each when this was the only call" in notes(raised.value)


def test_a_pool_that_is_broken_for_good_is_said_so(tmp_path: Path) -> None:
    fn = DiesOf(2, 99, tmp_path / "deaths")
    for on_lost in ("error", "retry"):
        with processes(1) as pool:
            flow = Flow.range(9).map_async(fn, executor=pool, concurrency=3, on_lost=on_lost)
            with pytest.raises(BrokenProcessPool) as raised:
                list(flow)
        assert "have died" in notes(raised.value)
        assert "a broken pool takes no more calls: give executor= a function" in notes(raised.value)
        assert "item: " in notes(raised.value)


def test_batches_are_made_again_too(tmp_path: Path) -> None:
    fn = DiesOf(7, 1, tmp_path / "deaths")
    made: list[Executor] = []

    def pool() -> Executor:
        made.append(processes(1))
        return made[-1]

    flow = Flow.range(20).map_batches(Each(fn), max_size=4, executor=pool, on_lost="retry")
    try:
        assert list(flow) == list(range(1, 21))
    finally:
        for each in made:
            each.shutdown()


class Each:
    def __init__(self, fn: Any) -> None:
        self.fn = fn

    def __call__(self, items: list[int]) -> list[int]:
        return list(map(self.fn, items))


@pytest.mark.long
def test_what_waits_for_its_turn_is_discarded_when_it_is_cancelled(tmp_path: Path) -> None:
    made: list[Executor] = []
    left: list[int] = []

    def pool() -> Executor:
        made.append(processes(1))
        return made[-1]

    fn = DiesOf(0, 99, tmp_path / "deaths")
    flow = Flow.range(9).map_async(fn, executor=pool, concurrency=4, on_lost="retry", tries=1_000)
    reader = probe(flow.on_discard(left.append), 9)
    try:
        eventually(lambda: len(made) >= 3, "it has been made again")
    finally:
        reader.cancel()
    eventually(lambda: len(left) >= 3, "what waited is discarded, or what came of it")
    for each in made:
        each.shutdown()


@pytest.mark.long
def test_the_one_item_of_a_chunk_is_found_that_every_worker_dies_of(tmp_path: Path) -> None:
    fn = DiesOf(6, 99, tmp_path / "deaths")
    made: list[Executor] = []

    def pool() -> Executor:
        made.append(processes())
        return made[-1]

    came: list[int] = []
    flow = Flow.range(20).map_async(
        fn, executor=pool, concurrency=2, chunk=4, on_lost="retry", tries=1
    )
    try:
        with pytest.raises(BrokenProcessPool) as raised:
            list(flow.tap(came.append))
    finally:
        for each in made:
            each.shutdown()
    assert came == [1, 2, 3, 4, 5, 6]  # with its chunk's others before it
    assert "item: 6" in notes(raised.value)
    assert "2 workers have died, each when this was the only call" in notes(raised.value)
