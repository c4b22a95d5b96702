"""map_batches: a function of a batch, called with what is there when a worker is free."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

import pytest

from operators import Flow
from operators._kernel.fusing import feed
from operators.concurrency import _batches
from operators.testing import VirtualClock
from tests.operators.concurrency.test_map_async import AGate, Gate, library_threads
from tests.operators.kit import Handmade, eventually, notes, probe, soon


@pytest.fixture(autouse=True)
def _never_mind_a_busy_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a source that is held up by others not be taken for a slow one."""
    monkeypatch.setattr(_batches, "_GAP", float("inf"))


class Model:
    """Adds one to each item, and keeps the batches that it was given."""

    def __init__(self, *bad: int) -> None:
        self.batches: list[list[int]] = []
        self._bad = set(bad)

    def __call__(self, batch: list[int]) -> list[int]:
        self.batches.append(batch)
        if wrong := self._bad.intersection(batch):
            raise ValueError(min(wrong))
        return [n + 1 for n in batch]

    async def later(self, batch: list[int]) -> list[int]:
        await asyncio.sleep(0)
        return self(batch)


def add_one(batch: list[int]) -> list[int]:
    return [n + 1 for n in batch]


def add_one_but_to_3(batch: list[int]) -> list[int]:
    if 3 in batch:
        raise ValueError(3)
    return add_one(batch)


ONES = list(range(1, 41))


# What comes out ---------------------------------------------------------------------------------


@pytest.mark.parametrize("concurrency", [1, 3])
def test_results_come_one_by_one_in_the_order_of_the_items(concurrency: int) -> None:
    model = Model()
    assert list(Flow.range(40).map_batches(model, max_size=8, concurrency=concurrency)) == ONES
    assert sorted(n for batch in model.batches for n in batch) == list(range(40))
    assert all(len(batch) <= 8 for batch in model.batches)


def test_a_coroutine_function_runs_on_the_loop() -> None:
    model = Model()
    flow = Flow.range(40).map_batches(model.later, max_size=8, concurrency=2)
    assert list(flow) == ONES

    async def main() -> list[int]:
        return [n async for n in flow]

    assert asyncio.run(main()) == ONES


def test_a_plain_function_that_gives_an_awaitable_is_awaited() -> None:
    model = Model()
    assert list(Flow.range(40).map_batches(lambda batch: model.later(batch), max_size=8)) == ONES


@pytest.mark.parametrize("pool", [ThreadPoolExecutor, ProcessPoolExecutor])
def test_on_an_executor(pool: Any) -> None:
    with pool(2) as executor:
        flow = Flow.range(40).map_batches(add_one, max_size=8, concurrency=2, executor=executor)
        assert list(flow) == ONES


def test_no_thread_is_left() -> None:
    assert list(Flow.range(40).map_batches(add_one)) == ONES
    eventually(lambda: not library_threads(), "the threads have ended")


def test_results_as_batches_come() -> None:
    gate = Gate()

    def slow(batch: list[int]) -> list[int]:
        if batch[0] == 0:
            gate(0)
        return batch

    flow = Flow.range(8).map_batches(slow, max_size=2, concurrency=2, ordered=False)
    reader = probe(flow, 8)
    try:
        reader.until_items(4)
        assert 0 not in reader.items  # a free worker takes what is there: 1 may be in another batch
    finally:
        gate.open(0)
    reader.until_end()
    assert sorted(reader.items) == list(range(8))


def test_what_fn_gives_may_be_any_iterable_and_its_batch_may_be_changed() -> None:
    def eat(batch: list[int]) -> Any:
        batch.append(99)
        return (n + 1 for n in batch[:-1])

    assert list(Flow.range(40).map_batches(eat, max_size=8)) == ONES


# Batches ----------------------------------------------------------------------------------------


def test_a_free_worker_takes_what_is_there_and_a_busy_one_lets_it_gather() -> None:
    async def main() -> None:
        gate, source = AGate(), Handmade()

        async def first(batch: list[int]) -> list[int]:
            await gate(tuple(batch))
            return batch

        reader = probe(Flow.from_publisher(source).map_batches(first, max_size=4), 99)
        assert source.requests == [8]  # what fills a batch of the worker, and one more
        await asyncio.sleep(0)
        source.emit(0)
        await asyncio.sleep(0)
        assert gate.entered == [(0,)]
        for n in range(1, 8):
            source.emit(n)
            await asyncio.sleep(0)
        assert gate.entered == [(0,)]
        gate.open((0,))
        await soon(lambda: len(gate.entered) == 2)
        assert gate.entered == [(0,), (1, 2, 3, 4)]
        gate.open((1, 2, 3, 4), (5, 6, 7))
        source.complete()
        await soon(lambda: reader.ended)
        assert reader.items == list(range(8))
        assert gate.entered == [(0,), (1, 2, 3, 4), (5, 6, 7)]

    asyncio.run(asyncio.wait_for(main(), 20))


def test_upstream_is_asked_for_as_many_as_a_batch_had_when_its_last_result_is_taken() -> None:
    source = Handmade(range(100))
    # A free worker waits until its batch is full, however late the items come.
    flow = Flow.from_publisher(source).map_batches(add_one, max_size=4, concurrency=2, max_wait=60)
    reader = probe(flow, 3)
    try:
        reader.until_items(3)
        assert source.requests == [12]
        reader.request(1).until_items(4)
        eventually(lambda: source.requests == [12, 4], "4 more are asked for")
    finally:
        reader.cancel()


def test_by_weight_a_batch_is_full_when_the_next_item_would_be_too_much() -> None:
    model = Model()
    items = [3, 3, 3, 9, 1, 1, 1, 6, 20, 2]
    flow = Flow.from_iterable(items).map_batches(model, max_weight=6, weight=float, max_size=5)
    assert list(flow) == [n + 1 for n in items]
    assert model.batches == [[3, 3], [3], [9], [1, 1, 1], [6], [20], [2]]


def test_by_size_too_where_weights_are_small() -> None:
    model = Model()
    list(Flow.range(6).map_batches(model, max_weight=100, weight=float, max_size=2))
    assert model.batches == [[0, 1], [2, 3], [4, 5]]


def timed_batches(max_wait: float, *, times: list[float], max_size: int = 4) -> list[Any]:
    """Return when each batch began, in virtual time, and what was in it."""
    began: list[Any] = []
    clock = VirtualClock()

    async def source() -> Any:
        for n, when in enumerate(times):
            await asyncio.sleep(when - clock.now())
            yield n

    async def work(batch: list[int]) -> list[int]:
        began.append((round(clock.now(), 6), batch))
        await asyncio.sleep(1)
        return batch

    async def main() -> list[int]:
        flow = Flow.from_async_iterable(source())
        batches = flow.map_batches(work, max_size=max_size, max_wait=max_wait)
        return [n async for n in batches]

    assert clock.run(main()) == list(range(len(times)))
    return began


def test_a_batch_that_is_not_full_begins_when_its_first_item_has_waited_long_enough() -> None:
    assert timed_batches(5, times=[1, 2, 20, 21, 22, 23]) == [(6, [0, 1]), (23, [2, 3, 4, 5])]


def test_what_has_waited_for_a_worker_waits_no_longer_for_others() -> None:
    # The second batch's first item came at 0.2, when the worker was busy until 1.1.
    assert timed_batches(0.1, times=[0, 0.2, 0.3]) == [(0.1, [0]), (1.1, [1, 2])]


def test_the_end_is_waited_for_by_no_batch() -> None:
    assert timed_batches(60, times=[1, 2]) == [(2, [0, 1])]


def test_without_max_wait_nobody_waits() -> None:
    assert timed_batches(0, times=[1, 5, 9]) == [(1, [0]), (5, [1]), (9, [2])]


def test_the_deadline_holds_while_a_source_blocks() -> None:
    gate, model = Gate(), Model()

    def source() -> Any:
        yield 0
        yield gate(1)

    flow = Flow.from_iterable(source()).map_batches(model, max_wait=0.01)
    with ThreadPoolExecutor(1) as consumer:
        taken = consumer.submit(list, flow)
        try:
            eventually(lambda: model.batches == [[0]], "the first batch has begun")
        finally:
            gate.open(1)
        assert taken.result(20) == [1, 2]
    assert model.batches == [[0], [1]]


# Errors -----------------------------------------------------------------------------------------


def test_what_fn_raises_is_the_error_of_the_batch() -> None:
    came: list[int] = []
    flow = Flow.range(12).map_batches(Model(5), max_size=4).tap(came.append)
    with pytest.raises(ValueError, match="5") as raised:
        list(flow)
    assert came == [1, 2, 3, 4]
    assert "map_batches" in notes(raised.value)
    assert "item: [4, 5, 6, 7]" in notes(raised.value)


@pytest.mark.parametrize("way", ["plain", "coroutine", "undeclared", "processes"])
def test_bisecting_the_error_is_that_of_the_item(way: str) -> None:
    model = Model(3)
    fn: Any = {
        "plain": model, "coroutine": model.later, "undeclared": lambda batch: model.later(batch),
        "processes": add_one_but_to_3,
    }[way]  # fmt: skip
    executor = ProcessPoolExecutor(1) if way == "processes" else None
    try:
        came: list[int] = []
        flow = Flow.range(12).map_batches(fn, max_size=8, bisect=True, executor=executor)
        with pytest.raises(ValueError, match="3") as raised:
            list(flow.tap(came.append))
    finally:
        if executor is not None:
            executor.shutdown()
    assert came == [1, 2, 3]
    assert raised.value.args == (3,)
    assert "item: 3" in notes(raised.value)
    if way == "plain":
        assert model.batches[:6] == [list(range(8)), [0, 1, 2, 3], [0, 1], [2, 3], [2], [3]]


def test_an_exception_among_the_results_is_the_error_of_its_item() -> None:
    async def some(batch: list[int]) -> list[Any]:
        return await asyncio.gather(*map(one, batch), return_exceptions=True)

    async def one(n: int) -> int:
        if n == 5:
            raise ValueError(n)
        return n

    reader = probe(Flow.range(12).map_batches(some, max_size=4), 99).until_end()
    assert reader.items == [0, 1, 2, 3, 4]
    assert "item: 5" in notes(reader.error)


def test_skip_errors_leaves_out_the_items_that_fail_by_themselves() -> None:
    lost: list[Any] = []
    flow = Flow.range(12).map_batches(Model(3, 8), max_size=8, bisect=True)
    kept = list(flow.skip_errors(lambda letter: lost.append(letter.item)))
    assert kept == [n + 1 for n in range(12) if n not in (3, 8)]
    assert lost == [3, 8]


def test_skip_errors_leaves_out_a_whole_batch_and_what_failed_before_it() -> None:
    lost: list[Any] = []

    def check(n: int) -> int:
        if n == 1:
            raise KeyError(n)
        return n

    flow = Flow.range(8).map(check).map_batches(Model(6), max_size=4)
    assert list(flow.skip_errors(lambda letter: lost.append(letter.item))) == [1, 3, 4]
    assert lost == [1, 4, 5, 6, 7]


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ([1, 2], ValueError, "fn gave 2 results for a batch of 4"),
        (None, TypeError, "fn gave a NoneType for a batch of 4"),
        ({1: 2}, TypeError, "fn gave a dict for a batch of 4"),
        ("text", TypeError, "fn gave a str for a batch of 4"),
    ],
)
@pytest.mark.parametrize("bisect", [False, True])
def test_one_result_for_each_item(given: Any, error: Any, message: str, bisect: bool) -> None:
    def fn(batch: list[int]) -> Any:
        return given

    with pytest.raises(error, match=message):
        list(Flow.range(4).map_batches(fn, bisect=bisect))


@pytest.mark.parametrize("weight", [-1, float("nan"), None])
def test_what_weight_gives_must_be_a_weight(weight: Any) -> None:
    flow = Flow.range(4).map_batches(add_one, max_weight=1, weight=lambda n: weight)
    reader = probe(flow, 99).until_end()
    assert type(reader.error) in (ValueError, TypeError)
    assert "item: 0" in notes(reader.error)


def test_wrong_arguments() -> None:
    flow = Flow.range(4)
    with pytest.raises(ValueError, match="map_batches: max_size must be at least 1, got 0"):
        flow.map_batches(add_one, max_size=0)
    with pytest.raises(ValueError, match="map_batches: concurrency must be at least 1"):
        flow.map_batches(add_one, concurrency=0)
    with pytest.raises(ValueError, match="map_batches: max_wait must be at least 0"):
        flow.map_batches(add_one, max_wait=-1)
    with pytest.raises(TypeError, match="map_batches: max_weight and weight go together"):
        flow.map_batches(add_one, max_weight=3)
    with pytest.raises(ValueError, match="map_batches: max_weight must be greater than 0"):
        flow.map_batches(add_one, max_weight=0, weight=float)
    with pytest.raises(TypeError, match="map_batches: a coroutine function runs on the event loop"):
        flow.map_batches(Model().later, executor=ThreadPoolExecutor(1))  # type: ignore[arg-type]


# What is held -----------------------------------------------------------------------------------


def test_what_waits_is_discarded_when_it_is_cancelled() -> None:
    gate, left = Gate(), list[int]()

    def slow(batch: list[int]) -> list[int]:
        gate(batch[0])
        return batch

    flow = Flow.range(100).map_batches(slow, max_size=4).on_discard(left.append)
    reader = probe(flow, 99)
    try:
        gate.until_entered(1)
        gate.open(0)
        reader.until_items(1)  # the first batch has what was there, which may be one
        gate.until_entered(2)
        reader.cancel()
    finally:
        gate.open(*range(100))
    given = len(reader.items)
    # The batch in flight runs to its end, and its results are discarded then.
    eventually(lambda: set(left) >= {given, given + 1}, "what is left comes to on_discard")
    eventually(
        lambda: max(left) == len(left) + given - 1, "with the results of the batch in flight"
    )
    assert len(left) == len(set(left))


def test_what_it_says_of_itself() -> None:
    flow = Flow.range(9).map_batches(add_one, max_size=4, concurrency=3, max_wait=1)
    described = str(flow.describe())
    assert "map_batches(max_size=4, max_wait=1, concurrency=3, ordered)" in described
    assert "holds 16" in described


def test_a_source_that_was_held_up_once_fills_batches_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now, sizes = 1.0, list[int]()
    monkeypatch.setattr(_batches, "monotonic", lambda: now)
    monkeypatch.setattr(
        feed, "monotonic", lambda: 1.0
    )  # a source that gives a turn ends a batch, too
    monkeypatch.setattr(_batches, "_GAP", 0.02)

    def items() -> Iterator[int]:
        nonlocal now
        for n in range(100):
            if n == 1:
                now += 1.0  # a busy machine, say
            yield n

    async def call(batch: list[int]) -> list[int]:
        sizes.append(len(batch))
        return batch

    async def main() -> list[int]:
        flow = Flow.from_iterable(items()).map_batches(call, max_size=10)
        return [n async for n in flow]

    assert asyncio.run(main()) == list(range(100))
    assert sizes[0] <= 2, "nobody waits for a source that is slow"
    assert sizes[3:-1] == [10] * len(sizes[3:-1])
