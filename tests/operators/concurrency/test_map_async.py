"""map_async: several calls in flight, of a coroutine function or on an executor."""

from __future__ import annotations

import asyncio
import functools
import os
import threading
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

import pytest

from operators import Flow
from reactive_streams import UNBOUNDED
from tests.operators.kit import Handmade, Pulled, eventually, notes, probe, soon


class Gate:
    """Calls that wait until the test lets them go, one by one."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._open: set[Any] = set()
        self.entered: list[Any] = []

    def __call__(self, item: Any) -> Any:
        with self._changed:
            self.entered.append(item)
            self._changed.notify_all()
            assert self._changed.wait_for(lambda: item in self._open, 20)
        return item

    def open(self, *items: Any) -> None:
        with self._changed:
            self._open.update(items)
            self._changed.notify_all()

    def until_entered(self, n: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.entered) >= n, 20)


class AGate:
    """The same for coroutines."""

    def __init__(self) -> None:
        self._events: dict[Any, asyncio.Event] = {}
        self.entered: list[Any] = []
        self.cancelled: list[Any] = []

    async def __call__(self, item: Any) -> Any:
        self.entered.append(item)
        try:
            await self._events.setdefault(item, asyncio.Event()).wait()
        except asyncio.CancelledError:
            self.cancelled.append(item)
            raise
        return item

    def open(self, *items: Any) -> None:
        for item in items:
            self._events.setdefault(item, asyncio.Event()).set()


def library_threads() -> list[str]:
    return [it.name for it in threading.enumerate() if it.name.startswith("operators-")]


async def double(n: int) -> int:
    await asyncio.sleep(0)
    return n * 2


async def triple(factor: int, n: int) -> int:
    return factor * n


def test_results_in_the_order_of_the_items():
    assert list(Flow.range(50).map_async(str, concurrency=4)) == [str(n) for n in range(50)]
    assert list(Flow.range(50).map_async(double, concurrency=4)) == [n * 2 for n in range(50)]
    assert list(Flow.range(3).map_async(functools.partial(triple, 3))) == [0, 3, 6]
    eventually(lambda: not library_threads(), "the end of the threads")


def test_a_later_call_that_is_ready_first_waits_its_turn():
    gate = Gate()
    seen = probe(Flow.of(1, 2, 3).map_async(gate, concurrency=3), 9)
    gate.until_entered(3)
    gate.open(3, 2)
    assert seen.items == []
    gate.open(1)
    assert seen.until_end().items == [1, 2, 3]


def test_as_they_come():
    gate = Gate()
    seen = probe(Flow.of(1, 2, 3).map_async(gate, concurrency=3, ordered=False), 9)
    for delivered, n in enumerate((3, 1, 2), 1):
        gate.open(n)
        seen.until_items(delivered)
    assert seen.until_end().items == [3, 1, 2]


def test_never_more_calls_than_its_concurrency_and_one_for_each_delivered():
    gate = Gate()
    publisher = Handmade(range(9))
    seen = probe(Flow.from_publisher(publisher).map_async(gate, concurrency=3))
    gate.until_entered(3)
    assert publisher.asked == 3
    gate.open(0, 1, 2)
    seen.request(2).until_items(2)
    gate.until_entered(5)
    assert publisher.asked == 5
    gate.open(*range(9))
    seen.request(99).until_end()
    assert seen.items == list(range(9))


def test_coroutines_run_on_the_running_loop():
    gate = AGate()

    async def run() -> None:
        seen = probe(Flow.range(6).map_async(gate, concurrency=2), 3)
        await soon(lambda: len(gate.entered) == 2)
        assert not library_threads()
        gate.open(1)
        await asyncio.sleep(0)
        assert seen.items == []
        gate.open(0, 2)
        await soon(lambda: seen.items == [0, 1, 2])
        await soon(lambda: len(gate.entered) == 5)
        gate.open(*range(6))
        seen.request(9)
        await soon(lambda: seen.ended)
        assert seen.items == list(range(6))
        assert seen.violations == []

    asyncio.run(run())


def test_a_cancel_cancels_the_calls():
    gate = AGate()
    left: list[int] = []

    async def run() -> None:
        flow = Flow.range(9).map_async(gate, concurrency=3).on_discard(left.append)
        seen = probe(flow, 9)
        await soon(lambda: len(gate.entered) == 3)
        gate.open(2)
        await asyncio.sleep(0)
        seen.cancel()
        await soon(lambda: sorted(left) == [0, 1, 2])
        assert sorted(gate.cancelled) == [0, 1]
        assert seen.items == []

    asyncio.run(run())


def test_a_cancel_from_elsewhere_cancels_the_calls():
    gate = AGate()
    left: list[int] = []
    seen = probe(Flow.range(9).map_async(gate, concurrency=3).on_discard(left.append), 9)
    eventually(lambda: len(gate.entered) == 3)
    seen.cancel()

    eventually(lambda: sorted(left) == [0, 1, 2])
    eventually(lambda: not library_threads(), "the end of the loop")


def test_what_was_not_begun_on_an_executor_is_discarded_as_it_was():
    gate = Gate()
    left: list[Any] = []
    with ThreadPoolExecutor(1) as pool:
        flow = Flow.of(1, 2, 3).map_async(gate, concurrency=3, executor=pool)
        seen = probe(flow.on_discard(left.append), 9)
        gate.until_entered(1)
        seen.cancel()
        eventually(lambda: left == [2, 3])
        gate.open(1)
        eventually(lambda: left == [2, 3, 1])
    assert gate.entered == [1]


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_call_that_fails_ends_it_and_the_others_are_discarded(asynchronous: bool):
    left: list[Any] = []
    publisher = Handmade([1, 0, 3])

    def divide(n: int) -> int:
        return 6 // n

    async def divide_later(n: int) -> int:
        return 6 // n

    fn: Any = divide_later if asynchronous else divide
    flow = Flow.from_publisher(publisher).map_async(fn, concurrency=3).on_discard(left.append)
    seen = probe(flow, 9).until_end()

    assert seen.items == [6]
    assert isinstance(seen.error, ZeroDivisionError)
    assert "in map_async, written at" in notes(seen.error)
    assert "item: 0" in notes(seen.error)
    # Of the third its result, or itself if it was not begun; if it came at all.
    eventually(lambda: left in ([2], [3]) if publisher.emitted == 3 else not left, "the discard")
    assert seen.violations == []


def test_an_error_of_upstream_ends_it():
    lost = KeyError()
    seen = probe(Flow.from_iterable(Pulled([1, 2], lost)).map_async(str), 9).until_end()

    assert seen.error is lost


def test_on_processes():
    with ProcessPoolExecutor(2) as pool:
        assert list(Flow.range(8).map_async(abs, concurrency=4, executor=pool)) == list(range(8))
        here = os.getpid()
        assert list(Flow.of(1).map_async(_pid, executor=pool)) != [here]
        seen = probe(Flow.of("x").map_async(int, executor=pool), 1).until_end()
        assert isinstance(seen.error, ValueError)
        assert "item: 'x'" in notes(seen.error)
        seen = probe(Flow.of(1).map_async(lambda n: n, executor=pool), 1).until_end()
        assert seen.error is not None  # a lambda cannot be sent there
        assert list(Flow.of(-2).map_async(abs, executor=pool)) == [2]


def _pid(n: int) -> int:
    return os.getpid()


def test_an_executor_stays_its_owners():
    with ThreadPoolExecutor(2) as pool:
        assert list(Flow.range(9).map_async(str, executor=pool)) == [str(n) for n in range(9)]
        for _ in Flow.range(9).map_async(str, executor=pool):
            break
        assert pool.submit(int).result() == 0


def test_an_executor_that_was_shut_down_fails_the_flow():
    pool = ThreadPoolExecutor(1)
    pool.shutdown()
    publisher = Handmade([1, 2, 3])
    left: list[int] = []
    flow = Flow.from_publisher(publisher).map_async(str, executor=pool).on_discard(left.append)
    seen = probe(flow, 1).until_end()

    assert isinstance(seen.error, RuntimeError)
    assert "in map_async, written at" in notes(seen.error)
    eventually(lambda: sorted(left) == list(range(1, publisher.emitted + 1)))


def test_an_executor_that_refuses_while_the_flow_is_cancelled_loses_nothing(dropped: Any):
    left: list[int] = []
    seen: Any = None

    class Refusing(Executor):
        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            seen.cancel()
            raise RuntimeError("no more")

    publisher = Handmade()
    flow = Flow.from_publisher(publisher).map_async(str, executor=Refusing())
    seen = probe(flow.on_discard(left.append), 1)
    publisher.emit(1)

    eventually(lambda: left == [1], "the discard")
    assert not seen.ended
    dropped.errors.clear()


def test_a_call_that_is_cancelled_by_others_is_an_error():
    gate = AGate()

    async def run() -> None:
        seen = probe(Flow.of(1).map_async(gate), 1)
        await soon(lambda: gate.entered == [1])
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await soon(lambda: seen.ended)
        assert isinstance(seen.error, RuntimeError)
        assert "the call was cancelled" in str(seen.error)

    asyncio.run(run())


def test_a_call_that_ends_by_system_exit_is_an_error():
    def leave(n: int) -> int:
        raise SystemExit

    seen = probe(Flow.of(1).map_async(leave), 1).until_end()

    assert isinstance(seen.error, RuntimeError)
    assert isinstance(seen.error.__cause__, SystemExit)


@pytest.mark.parametrize("fn", [str, double])
def test_a_loop_that_is_left_leaves_nothing(fn: Any):
    pulled = Pulled(range(1000))
    for _ in Flow.from_iterable(pulled).map_async(fn, concurrency=4):
        break

    eventually(lambda: pulled.closed == 1, "the close")
    eventually(lambda: not library_threads(), "the end of the threads")
    assert pulled.pulled <= 4 + 32 + 1


@pytest.mark.parametrize("ordered", [True, False])
@pytest.mark.parametrize("fn", [str, double])
def test_a_ledger_with_a_cancel_in_the_middle(fn: Any, ordered: bool):
    for _ in range(10):
        made: list[int] = []
        left: list[Any] = []
        flow = Flow.range(10**6).tap(made.append).map_async(fn, concurrency=8, ordered=ordered)
        seen = probe(flow.on_discard(left.append), 1, each=1).until_items(30)
        seen.cancel()
        eventually(lambda: len(made) == len(seen.items) + len(left))  # noqa: B023
        assert seen.violations == []


def test_unbounded_concurrency_asks_for_all():
    seen = probe(Flow.range(40).map_async(double, concurrency=UNBOUNDED), UNBOUNDED).until_end()

    assert seen.items == [n * 2 for n in range(40)]
