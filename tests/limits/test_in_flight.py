"""A fast producer and a slow consumer: what is in flight stays within what the flow promises.

The promise is `describe().in_flight`: what the operators hold, and what a loop over the flow has asked
for ahead (one item, or 32 where the flow crosses threads). What stands outside of it is said where it
is added: an item in the producer's own hand, or flows that are made while the pipeline runs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any

import pytest

from operators import Flow
from operators._kernel.failures.failure import BackpressureError
from operators.schedulers import thread
from tests.limits.deep import Opaque
from tests.limits.slow import ITEMS, Item, Ledger, Slow, little_memory

pytestmark = pytest.mark.long


def loop_over(flow: Flow[Any], ledger: Ledger, fills: int = 0, weight: int = 1) -> None:
    with little_memory(ledger):
        for _ in flow:
            ledger.consume(weight, fills)
    assert ledger.made == ledger.consumed == ITEMS


def ask_in_steps(flow: Flow[Any], ledger: Ledger, step: int = 8) -> None:
    with little_memory(ledger):
        slow = Slow(ledger, step)
        flow.subscribe(slow)
        while slow.ended is None:
            slow.ask()
    assert slow.ended == "completed"
    assert ledger.made == ledger.consumed == ITEMS


async def aloop_over(flow: Flow[Any], ledger: Ledger) -> None:
    with little_memory(ledger):
        async for _ in flow:
            ledger.consume(1)
    assert ledger.made == ledger.consumed == ITEMS


def source(ledger: Ledger, n: int = ITEMS, *, pushed: bool = False) -> Flow[bytes]:
    flow = Flow.from_iterable(ledger.items(n))
    return Flow.from_publisher(Opaque(flow)) if pushed else flow


def test_publish_on() -> None:
    ledger = Ledger()
    flow = source(ledger).publish_on(thread(), prefetch=256)
    # It asks again when three quarters are taken: a quarter is what is always there to wait for.
    loop_over(flow, ledger, fills=64)
    assert flow.describe().in_flight == 256 + 1
    assert 64 <= ledger.most <= flow.describe().in_flight


def test_subscribe_on() -> None:
    ledger = Ledger()
    flow = source(ledger).subscribe_on(thread())
    loop_over(flow, ledger)
    assert ledger.most <= flow.describe().in_flight == 1


def test_two_publish_on() -> None:
    ledger = Ledger()
    flow = source(ledger).publish_on(thread(), prefetch=64).publish_on(thread(), prefetch=64)
    loop_over(flow, ledger, fills=32)
    assert flow.describe().in_flight == 64 + 64 + 1
    assert 32 <= ledger.most <= flow.describe().in_flight


def test_flat_map_of_pushed_flows() -> None:
    ledger = Ledger(Item)
    flow = Flow.range(20).flat_map(
        lambda n: source(ledger, ITEMS // 20).publish_on(thread(), prefetch=16),
        concurrency=4,
        prefetch=32,
    )
    loop_over(flow, ledger, fills=4)  # a quarter, by each that is open
    # Beside those that the flows hold which are made while it runs: here 16 each.
    assert 8 <= ledger.most <= flow.describe().in_flight + 4 * 16


def test_flat_map_of_iterators_holds_nothing() -> None:
    ledger = Ledger()
    flow = Flow.range(100).flat_map(lambda n: source(ledger, ITEMS // 100), concurrency=8)
    ask_in_steps(flow, ledger)
    assert ledger.most == 1


def test_merge() -> None:
    ledger = Ledger(Item)
    first, second = (source(ledger, ITEMS // 2).publish_on(thread(), prefetch=64) for _ in range(2))
    flow = first.merge(second, prefetch=32)
    loop_over(flow, ledger, fills=16)
    assert 32 <= ledger.most <= flow.describe().in_flight


def test_zip() -> None:
    ledger = Ledger()
    flow = source(ledger, ITEMS // 2).zip(source(ledger, ITEMS // 2), prefetch=32)
    loop_over(flow, ledger, weight=2)
    assert flow.describe().in_flight == 32 + 32 + 1
    # Flows that can be pulled are not asked ahead; the one in the consumer's hand is a pair.
    assert ledger.most <= 2


def test_zip_of_pushed_flows() -> None:
    ledger = Ledger()
    first, second = (source(ledger, ITEMS // 2).publish_on(thread(), prefetch=64) for _ in range(2))
    flow = first.zip(second, prefetch=32)
    loop_over(flow, ledger, fills=16, weight=2)
    consumer = flow.describe().in_flight - 2 * (64 + 32)
    # What the loop asks ahead are pairs.
    assert 32 <= ledger.most <= 2 * (64 + 32) + 2 * consumer


@pytest.mark.parametrize("pushed", [False, True])
def test_concat_map(pushed: bool) -> None:
    ledger = Ledger()
    flow = Flow.range(100).concat_map(lambda n: source(ledger, ITEMS // 100, pushed=pushed))
    ask_in_steps(flow, ledger)
    assert ledger.most <= flow.describe().in_flight == 1


def test_concat_map_of_flows_on_threads() -> None:
    ledger = Ledger()
    inners: list[int] = []

    def inner(n: int) -> Flow[bytes]:
        flow = source(ledger, ITEMS // 20).publish_on(thread(), prefetch=64)
        inners.append(flow.describe().in_flight)
        return flow

    flow = Flow.range(20).concat_map(inner)
    loop_over(flow, ledger)
    # Beside those that the one inner flow at a time holds, which the loop goes over like any other.
    assert set(inners) == {64 + 1}
    assert ledger.most <= flow.describe().in_flight + 64 + 1


class AtOnce(Executor):
    """Runs what is submitted before it returns: a pool's own threads are not what is measured."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


def same(item: bytes) -> bytes:
    return item


async def asame(item: bytes) -> bytes:
    return item


@pytest.mark.parametrize("ordered", [True, False])
def test_map_async_on_an_executor(ordered: bool) -> None:
    ledger = Ledger(Item)
    flow = source(ledger).map_async(same, concurrency=16, ordered=ordered, executor=AtOnce())
    loop_over(flow, ledger, fills=16)
    assert flow.describe().in_flight == 16 + 1
    assert 16 <= ledger.most <= flow.describe().in_flight


def test_map_async_on_threads() -> None:
    ledger = Ledger(Item)
    flow = source(ledger).map_async(same, concurrency=16)
    loop_over(flow, ledger, fills=16)
    assert flow.describe().in_flight == 16 + 1
    assert 16 <= ledger.most <= flow.describe().in_flight


def test_map_async_of_a_coroutine_function() -> None:
    ledger = Ledger(Item)
    flow = source(ledger).map_async(asame, concurrency=16)
    asyncio.run(aloop_over(flow, ledger))
    assert flow.describe().in_flight == 16 + 1
    assert 16 <= ledger.most <= flow.describe().in_flight


def test_map_batches() -> None:
    ledger = Ledger(Item)
    flow = source(ledger).map_batches(list, max_size=8, executor=AtOnce())
    loop_over(flow, ledger, fills=16)
    assert flow.describe().in_flight == 16 + 1
    assert 16 <= ledger.most <= flow.describe().in_flight


def test_map_batches_of_a_coroutine_function() -> None:
    async def model(batch: list[bytes]) -> list[bytes]:
        return batch

    ledger = Ledger(Item)
    flow = source(ledger).map_batches(model, max_size=8)
    asyncio.run(aloop_over(flow, ledger))
    assert flow.describe().in_flight == 16 + 1
    assert 8 <= ledger.most <= flow.describe().in_flight


def test_map_async_in_chunks() -> None:
    ledger = Ledger(Item)
    flow = source(ledger).map_async(same, concurrency=1, chunk=8, executor=AtOnce())
    loop_over(flow, ledger, fills=16)
    assert flow.describe().in_flight == 16 + 1
    assert 16 <= ledger.most <= flow.describe().in_flight


def test_from_async_iterable_across() -> None:
    ledger = Ledger()
    flow = Flow.from_async_iterable(ledger.aitems())
    loop_over(flow, ledger)
    assert ledger.most <= flow.describe().in_flight == 1


def test_on_backpressure_buffer_block() -> None:
    ledger = Ledger()
    flow = source(ledger).on_backpressure_buffer(256, overflow="block")
    ask_in_steps(flow, ledger)
    assert flow.describe().in_flight == 256 + 1
    assert 256 <= ledger.most <= flow.describe().in_flight


class Bursts:
    """What is asked without bound makes bursts, after each of which the consumer asks for a few."""

    def __init__(self, burst: int, step: int) -> None:
        self.ledger = Ledger(Item)
        self._burst = burst
        self.slow = Slow(self.ledger, step)
        self.most_held = 0
        self.dropped = 0

    def drop(self, item: bytes) -> None:
        self.dropped += 1

    def _made(self) -> Any:
        for n, item in enumerate(self.ledger.items(), 1):
            yield item
            del item
            self.most_held = max(self.most_held, self.ledger.ahead - self.dropped)
            if not n % self._burst:
                self.slow.ask()

    def run(self, build: Callable[[Flow[bytes]], Flow[bytes]]) -> Flow[bytes]:
        flow = build(Flow.from_iterable(self._made()))
        with little_memory(self.ledger):
            flow.subscribe(self.slow)
            while self.slow.ended is None:  # what is buffered goes on before the end
                self.slow.ask()
        assert self.ledger.made == ITEMS == self.ledger.consumed + self.dropped
        return flow


def test_on_backpressure_buffer_error_with_a_producer_that_keeps_to_the_capacity() -> None:
    bursts = Bursts(burst=256, step=256)
    flow = bursts.run(lambda source: source.on_backpressure_buffer(256, overflow="error"))
    assert bursts.slow.ended == "completed"
    assert bursts.dropped == 0
    assert bursts.most_held == 256 < flow.describe().in_flight


def test_on_backpressure_buffer_error_with_a_producer_that_does_not() -> None:
    ledger = Ledger()
    slow = Slow(ledger)
    with little_memory(ledger):
        source(ledger).on_backpressure_buffer(256, overflow="error").subscribe(slow)
    assert isinstance(slow.ended, BackpressureError)
    assert ledger.most == 256 + 1  # the one that found no room


@pytest.mark.parametrize("overflow", ["drop_newest", "drop_oldest"])
def test_on_backpressure_buffer_that_drops(overflow: Any) -> None:
    bursts = Bursts(burst=1_000, step=8)
    flow = bursts.run(
        lambda source: source.on_backpressure_buffer(256, overflow=overflow, on_drop=bursts.drop)
    )
    assert bursts.slow.ended == "completed"
    assert bursts.dropped > ITEMS // 2
    assert bursts.most_held == 256 < flow.describe().in_flight


def test_on_backpressure_drop() -> None:
    bursts = Bursts(burst=1_000, step=8)
    bursts.run(lambda source: source.on_backpressure_drop(bursts.drop))
    assert bursts.ledger.consumed == 8 * (ITEMS // 1_000 - 1)  # the last burst ends the flow
    assert bursts.most_held == 0


def test_on_backpressure_latest() -> None:
    bursts = Bursts(burst=1_000, step=8)
    flow = bursts.run(lambda source: source.on_backpressure_latest(bursts.drop))
    assert bursts.ledger.consumed > ITEMS // 1_000
    assert bursts.most_held == 1 == flow.describe().in_flight - 1


def test_create_with_a_thread() -> None:
    ledger = Ledger()

    def produce(emitter: Any) -> None:
        for item in ledger.items():
            emitter.emit(item)
        emitter.complete()

    flow: Flow[bytes] = Flow.create(produce, overflow="block", capacity=256)
    loop_over(flow, ledger, fills=256)
    assert flow.describe().in_flight == 256 + 1
    # The producer waits with one in hand.
    assert 256 <= ledger.most <= flow.describe().in_flight + 1


def test_create_with_a_coroutine() -> None:
    ledger = Ledger(Item)

    async def produce(emitter: Any) -> None:
        for item in ledger.items():
            await emitter.emit(item)
        emitter.complete()

    flow: Flow[bytes] = Flow.create(produce, overflow="block", capacity=256)
    asyncio.run(aloop_over(flow, ledger))
    assert flow.describe().in_flight == 256 + 1
    # The producer waits with one in hand.
    assert 256 <= ledger.most <= flow.describe().in_flight + 1


@pytest.mark.parametrize("pushed", [False, True])
def test_buffer(pushed: bool) -> None:
    ledger = Ledger()
    flow = source(ledger, pushed=pushed).buffer(100)
    ask_in_steps(flow, ledger)
    assert flow.describe().in_flight == 100 + 1
    assert ledger.most == 100


def test_limit_rate() -> None:
    ledger = Ledger()
    asked: list[int] = []
    flow = source(ledger).tap(on_request=asked.append).limit_rate(16)
    with little_memory(ledger):
        for _ in flow.publish_on(thread(), prefetch=256):
            ledger.consume(1, 64)
    assert ledger.consumed == ITEMS
    assert max(asked) == 16
    assert ledger.most <= 256 + 1  # limit_rate itself holds nothing
    assert flow.describe().in_flight == 1


@pytest.mark.parametrize("step", [8, 64])
def test_a_chain_long_enough_for_relays(step: int) -> None:
    ledger = Ledger(Item)
    flow = source(ledger)
    for _ in range(72):
        flow = flow.on_error_resume(lambda error: Flow.empty())
    ask_in_steps(flow, ledger, step)
    # What waits in a relay is part of what the Subscriber has asked for, and it asks for `step`.
    assert ledger.most <= flow.describe().in_flight - 1 + step


def test_reduce() -> None:
    ledger = Ledger()

    def later(held: bytes, item: bytes) -> bytes:
        ledger.consume(1)
        return item

    flow = source(ledger).reduce(later)
    with little_memory(ledger):
        last = flow.run()
    assert last is not None
    assert ledger.consumed == ITEMS - 1
    assert ledger.most <= flow.describe().in_flight == 2
