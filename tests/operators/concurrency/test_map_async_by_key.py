"""map_async(key=): what has the same key goes one after another, the rest side by side."""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

import pytest

from operators import Flow
from operators.testing import VirtualClock
from tests.operators.kit import Handmade, notes, probe

ITEMS = [(key, n) for n in range(20) for key in "abc"]


def name(item: tuple[str, int]) -> str:
    return item[0]


class Log:
    """Work that finds out whether two of the same key are at it at once, and how many there are."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._at_it: dict[str, int] = defaultdict(int)
        self.most = 0
        self.overlaps = 0
        self.done: dict[str, list[int]] = defaultdict(list)

    def enter(self, item: tuple[str, int]) -> None:
        with self._lock:
            self._at_it[item[0]] += 1
            self.overlaps += self._at_it[item[0]] > 1
            self.most = max(self.most, sum(self._at_it.values()))

    def leave(self, item: tuple[str, int]) -> tuple[str, int]:
        with self._lock:
            self._at_it[item[0]] -= 1
            self.done[item[0]].append(item[1])
        return item

    def in_order(self) -> bool:
        return self.overlaps == 0 and all(each == list(range(20)) for each in self.done.values())


async def on_a_loop(ordered: bool, log: Log) -> list[Any]:
    async def work(item: Any) -> Any:
        log.enter(item)
        await asyncio.sleep((item[1] * 7 + ord(item[0])) % 5 * 0.01)
        return log.leave(item)

    flow = Flow.from_iterable(ITEMS).map_async(work, concurrency=8, ordered=ordered, key=name)
    return [item async for item in flow]


@pytest.mark.parametrize("ordered", [True, False])
def test_coroutine_functions(ordered: bool):
    log = Log()
    got = VirtualClock().run(on_a_loop(ordered, log))
    assert log.in_order()
    assert log.most == 3
    if ordered:
        assert got == ITEMS
    else:
        assert got != ITEMS
        for key in "abc":
            assert [n for k, n in got if k == key] == list(range(20))


@pytest.mark.parametrize("ordered", [True, False])
@pytest.mark.parametrize("own", [True, False], ids=["own threads", "an executor"])
def test_plain_functions(ordered: bool, own: bool):
    log = Log()
    together = threading.Barrier(3)

    def work(item: Any) -> Any:
        log.enter(item)
        if item[1] == 0:
            together.wait(20)  # all three keys are at it at once
        return log.leave(item)

    with ThreadPoolExecutor(4) as pool:
        flow = Flow.from_iterable(ITEMS).map_async(
            work, concurrency=8, ordered=ordered, key=name, executor=None if own else pool
        )
        got = list(flow)
    assert log.in_order()
    assert got == ITEMS if ordered else sorted(got) == sorted(ITEMS)


def test_the_library_s_own_loop_and_a_thread_that_takes_the_results():
    log = Log()

    async def work(item: Any) -> Any:
        log.enter(item)
        await asyncio.sleep(0)
        return log.leave(item)

    flow = Flow.from_iterable(ITEMS).map_async(work, concurrency=8, key=name)
    assert list(flow) == ITEMS
    assert log.in_order()


def test_what_turns_out_to_give_awaitables():
    log = Log()

    async def work(item: Any) -> Any:
        log.enter(item)
        await asyncio.sleep(0)
        return log.leave(item)

    got = list(
        Flow.from_iterable(ITEMS).map_async(lambda item: work(item), concurrency=8, key=name)
    )
    assert got == ITEMS
    assert log.in_order()


def test_processes():
    with ProcessPoolExecutor(2) as pool:
        flow = Flow.range(12).map_async(hex, concurrency=4, executor=pool, key=lambda n: n % 2)
        assert list(flow) == [hex(n) for n in range(12)]


def test_no_more_than_concurrency_are_taken_in_whatever_their_keys():
    publisher, entered = Handmade(range(100)), list[int]()

    async def run() -> None:
        async def work(n: int) -> int:
            entered.append(n)
            await asyncio.sleep(1)
            return n

        flow = Flow.from_publisher(publisher).map_async(work, concurrency=4, key=lambda _: "same")
        seen = probe(flow, 99)
        await asyncio.sleep(0.5)
        assert (publisher.asked, entered) == (4, [0])
        await asyncio.sleep(3)
        assert (publisher.asked, entered, seen.items) == (7, [0, 1, 2, 3], [0, 1, 2])
        seen.cancel()
        await asyncio.sleep(0)

    VirtualClock().run(run())


@pytest.mark.parametrize("ordered", [True, False])
def test_what_waits_for_its_turn_is_discarded_at_a_cancel(ordered: bool):
    discarded: list[int] = []

    async def run() -> None:
        flow = (
            Flow.from_publisher(Handmade(range(1, 100)))
            .map_async(asyncio.sleep, concurrency=4, ordered=ordered, key=lambda _: 0)
            .on_discard(discarded.append)
        )
        seen = probe(flow, 99)
        await asyncio.sleep(0.5)
        seen.cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    VirtualClock().run(run())
    assert sorted(discarded) == [1, 2, 3, 4]


def test_a_call_that_fails_ends_the_flow_and_what_waits_behind_it_is_never_begun():
    begun: list[int] = []
    discarded: list[int] = []

    async def run() -> None:
        async def work(n: int) -> int:
            begun.append(n)
            await asyncio.sleep(0.01)
            raise KeyError(n)

        flow = Flow.range(9).map_async(work, concurrency=4, key=lambda _: 0)
        with pytest.raises(KeyError) as raised:
            await flow.on_discard(discarded.append)
        assert "map_async" in notes(raised.value)

    VirtualClock().run(run())
    # The second had its turn when the first was over, and was cancelled.
    assert begun in ([0], [0, 1])
    assert sorted(discarded) == [1, 2, 3]


@pytest.mark.parametrize(
    ("key", "error"),
    [
        (lambda n: 1 // n, ZeroDivisionError),
        (lambda n: [n], TypeError),
        (lambda n: Same(), KeyError),
    ],
)
def test_a_key_that_cannot_be_had_ends_the_flow_after_the_results_before_it(key: Any, error: Any):
    seen = probe(Flow.of(1, 0, 2).map_async(str, concurrency=1, key=key), 99).until_end()
    assert isinstance(seen.error, error)
    assert "map_async" in notes(seen.error)
    assert seen.items in ([], ["1"])


class Same:
    """A key that cannot be told from others."""

    def __hash__(self) -> int:
        raise KeyError


def test_an_executor_that_runs_a_call_at_once():
    class AtOnce(Executor):
        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            future: Future[Any] = Future()
            future.set_result(fn(*args, **kwargs))
            return future

    flow = Flow.range(100).map_async(str, concurrency=4, key=lambda _: 0, executor=AtOnce())
    assert list(flow) == list(map(str, range(100)))


def test_bad_keys_are_refused():
    flow: Any = Flow.range(3)
    with pytest.raises(TypeError, match="map_async: key must be callable"):
        flow.map_async(str, key="k")

    async def key(n: int) -> int:
        return n

    with pytest.raises(TypeError, match="map_async: key is a coroutine function"):
        flow.map_async(str, key=key)
