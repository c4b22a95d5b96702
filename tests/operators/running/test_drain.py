"""drain: nothing more is taken in, what was begun is finished."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import chain
from typing import Any

import pytest

from operators import Flow, Multicast, Replay, Unicast
from operators.schedulers import thread
from operators.testing import VirtualClock
from tests.operators.kit import DEADLINE, Handmade, eventually, probe


def endless(pulled: list[int] | None = None) -> Iterator[int]:
    n = 0
    while True:
        if pulled is not None:
            pulled.append(n)
        yield n
        n += 1


def drained(flow: Flow[Any], seconds: float = 0.05) -> tuple[list[Any], Any]:
    """Run a flow on virtual time, drain it after some seconds, and return what came, and the handle."""
    clock = VirtualClock()
    got: list[Any] = []

    async def run() -> Any:
        handle = flow.for_each(got.append)
        await asyncio.sleep(seconds)
        handle.drain()
        await asyncio.wait_for(handle, 60)
        return handle

    return got, clock.run(run())


def test_calls_under_way_are_finished_and_nothing_more_is_taken():
    taken: list[int] = []

    async def slow(n: int) -> int:
        await asyncio.sleep(0.02)
        return n

    got, handle = drained(Flow.from_iterable(endless(taken)).map_async(slow, concurrency=4))
    assert got == taken
    assert len(got) == 12
    assert (handle.done, handle.cancelled) == (True, False)


def test_an_upstream_is_cancelled_and_what_it_sent_before_is_delivered():
    publisher = Handmade()
    got: list[list[str]] = []
    handle = Flow.from_publisher(publisher).buffer(3).for_each(got.append)
    publisher.emit("a", "b", "c", "d")
    handle.drain()
    publisher.emit("late")

    assert publisher.cancels == 1
    assert got == [["a", "b", "c"], ["d"]]
    assert (handle.done, handle.cancelled) == (True, False)
    handle.drain()
    handle.cancel()
    assert not handle.cancelled


def test_a_publisher_is_drained_from_inside_of_its_own_signal():
    publisher = Handmade()
    got: list[str] = []

    def take(item: str) -> None:
        got.append(item)
        if item == "b":
            handle.drain()
            assert not handle.done  # nothing ends in the midst of a signal

    handle = Flow.from_publisher(publisher).for_each(take)
    publisher.emit("a", "b", "c")
    assert (got, publisher.cancels) == (["a", "b"], 1)
    assert (handle.done, handle.cancelled) == (True, False)


def test_a_publisher_is_drained_by_another_thread_while_it_signals():
    publisher = Handmade()
    inside, drained = threading.Event(), threading.Event()
    got: list[str] = []

    def take(item: str) -> None:
        got.append(item)
        inside.set()
        assert drained.wait(DEADLINE)

    handle = Flow.from_publisher(publisher).for_each(take)
    signalling = threading.Thread(target=publisher.emit, args=("a", "b"))
    signalling.start()
    assert inside.wait(DEADLINE)
    handle.drain()
    assert not handle.done
    drained.set()
    signalling.join(DEADLINE)
    assert (got, publisher.cancels, handle.done) == (["a"], 1, True)


def test_a_publisher_that_has_ended_is_not_ended_again_by_a_drain():
    publisher = Handmade()
    handle = Flow.from_publisher(publisher).concat(Flow.never()).for_each(print)
    publisher.complete()
    handle.drain()
    assert (publisher.cancels, handle.done, handle.cancelled) == (0, True, False)


ROOTS: dict[str, Callable[[], Flow[Any]]] = {
    "merge": lambda: Flow.interval(0.01).merge(Flow.interval(0.01)),
    "concat": lambda: Flow.interval(0.01).concat(Flow.never()),
    "zip": lambda: Flow.interval(0.01).zip(Flow.interval(0.01)),
    "zip_longest": lambda: Flow.interval(0.01).zip_longest(Flow.interval(0.01)),
    "interleave": lambda: Flow.interval(0.01).interleave(Flow.interval(0.01)),
    "combine_latest": lambda: Flow.interval(0.01).combine_latest(Flow.never()),
    "with_latest_from": lambda: Flow.interval(0.01).with_latest_from(Flow.interval(0.01)),
    "race": lambda: Flow.interval(0.01).race(Flow.never()),
    "repeat": lambda: Flow.interval(0.01).take(2).repeat(),
    "repeat, later": lambda: Flow.range(3).repeat(pause=0.01),
    "restart": lambda: Flow.of(1).restart(0.01, times=10**9),
    "retry": lambda: Flow.interval(0.01).retry(5),
    "retry, later": lambda: Flow.interval(0.01).retry(5, backoff=0.01),
    "on_error_resume": lambda: Flow.error(KeyError()).on_error_resume(
        lambda _: Flow.interval(0.01)
    ),
    "switch_if_empty": lambda: Flow.empty().switch_if_empty(Flow.interval(0.01)),
    "using": lambda: Flow.using(threading.Lock, lambda _: Flow.interval(0.01)),
    "also_to": lambda: Flow.interval(0.01).also_to(Unicast(999)),
    "share": lambda: Flow.interval(0.01).share(),
    "broadcast": lambda: Flow.interval(0.01).broadcast(1)[0],
    "partition": lambda: Flow.interval(0.01).partition(lambda _: 0, 1)[0],
    "group_by": lambda: Flow.interval(0.01).group_by(lambda n: n % 2).flat_map(lambda g: g),
    "window_time": lambda: Flow.interval(0.01).window_time(0.02).concat_map(lambda w: w),
    "delay": lambda: Flow.interval(0.01).delay(0.02),
    "defer": lambda: Flow.defer(lambda: Flow.interval(0.01)),
    "never": Flow.never,
}


@pytest.mark.parametrize("build", ROOTS.values(), ids=ROOTS)
def test_every_source_of_the_run_ends(build: Any):
    _, handle = drained(build())
    assert (handle.done, handle.cancelled) == (True, False)


def test_flows_that_never_wait_are_drained_too():
    async def run() -> list[int]:
        got: list[int] = []
        many = asyncio.Event()
        flow = Flow.merge(*(Flow.from_iterable(endless()) for _ in range(2)))

        def look(n: int) -> None:
            if n == 1_000:
                many.set()

        handle = flow.tap(look).for_each(got.append)
        await many.wait()
        handle.drain()
        await handle
        return got

    assert len(asyncio.run(run())) >= 1_000


async def ticking(closed: list[str]) -> AsyncIterator[int]:
    try:
        for n in range(1_000):
            await asyncio.sleep(0.01)
            yield n
    finally:
        await asyncio.sleep(0.01)
        closed.append("closed")


@pytest.mark.parametrize(
    ("steps", "due"),
    [
        (lambda flow: flow.map(lambda n: n), [0, 1, 2, 3]),
        (lambda flow: flow.map(lambda n: n).buffer(3).map(list), [[0, 1, 2], [3]]),
        (lambda flow: flow.scan(lambda a, b: a + b).reduce(lambda a, b: a + b), [10]),
        (lambda flow: flow.concat_map(lambda n: Flow.of(n, n)), [0, 0, 1, 1, 2, 2, 3, 3]),
    ],
)
def test_what_an_async_source_has_given_is_gathered_and_it_is_closed_first(steps: Any, due: Any):
    closed: list[str] = []
    got, handle = drained(steps(Flow.from_async_iterable(ticking(closed))), 0.045)
    assert (got, closed) == (due, ["closed"])
    assert (handle.done, handle.cancelled) == (True, False)


@pytest.mark.parametrize("gathers", [False, True])
def test_what_a_source_that_never_waits_has_given_is_gathered(gathers: bool):
    taken: list[int] = []

    async def run() -> list[Any]:
        got: list[Any] = []
        many = asyncio.Event()

        def look(n: int) -> None:
            if n == 1_000:
                many.set()

        flow = Flow.from_iterable(endless(taken)).tap(look)
        handle = (flow.buffer(7) if gathers else flow).for_each(got.append)
        await many.wait()
        handle.drain()
        await handle
        return got

    got = asyncio.run(run())
    assert (list(chain.from_iterable(got)) if gathers else got) == taken


def test_the_items_of_all_flows_that_were_merged_come():
    both = [Unicast[int](), Unicast[int]()]
    got: list[int] = []
    handle = Flow.merge(*both).limit_rate(1).for_each(got.append)
    for n in range(9):
        assert both[0].emit(n)
        assert both[1].emit(-n)
    handle.drain()

    assert sorted(got) == sorted([*range(9), *(-n for n in range(9))])
    assert handle.done
    assert not both[0].emit(99)


@pytest.mark.parametrize("kind", [Multicast, Unicast, lambda: Replay(9)])
def test_what_waits_in_a_processor_is_delivered_and_later_items_are_not(kind: Any):
    processor = kind()

    async def run() -> tuple[list[int], Any]:
        got: list[int] = []
        release = asyncio.Event()

        async def slow(n: int) -> int:
            await release.wait()
            return n

        handle = processor.map_async(slow, concurrency=1).for_each(got.append)
        for n in range(5):
            assert processor.emit(n)
        await asyncio.sleep(0)
        handle.drain()
        processor.emit(99)
        release.set()
        await handle
        return got, handle

    got, handle = asyncio.run(run())
    assert got == [0, 1, 2, 3, 4]
    assert (handle.done, handle.cancelled) == (True, False)


def test_what_an_emitter_has_emitted_is_delivered():
    emitted: list[bool] = []

    async def fill(emitter: Any) -> None:
        for n in range(100):
            emitted.append(await emitter.emit(n))

    async def slow(n: int) -> int:
        await asyncio.sleep(0.01)
        return n

    got, _ = drained(Flow.create(fill, capacity=4).map_async(slow, concurrency=1))
    assert got == list(range(emitted.count(True)))
    assert 5 < len(got) < 20


def test_flows_made_of_items_are_finished():
    got, _ = drained(
        Flow.interval(0.04).flat_map(lambda n: Flow.interval(0.01).take(5).map(lambda k: (n, k))),
        0.1,
    )
    assert sorted(got) == [(n, k) for n in range(2) for k in range(5)]


def test_an_error_after_the_drain_is_not_tried_again_and_is_not_lost():
    calls: list[int] = []

    async def fails(n: int) -> int:
        calls.append(n)
        await asyncio.sleep(0.1)
        raise KeyError(n)

    flow = Flow.from_iterable(endless()).map_async(fails, concurrency=1).retry(5)
    with pytest.raises(KeyError):
        drained(flow)
    assert calls == [0]

    answered, _ = drained(
        Flow.from_iterable(endless()).map_async(fails).on_error_resume(lambda _: Flow.of("sorry"))
    )
    assert answered == ["sorry"]


def test_a_drain_that_lasts_may_be_cancelled():
    publisher = Handmade()
    handle = Flow.of(1).flat_map(lambda _: publisher).for_each(print)
    handle.drain()
    assert not handle.done
    handle.cancel()
    assert (handle.done, handle.cancelled, publisher.cancels) == (True, True, 1)


def test_it_may_be_drained_before_it_has_begun():
    taken: list[int] = []

    async def run() -> None:
        handle = Flow.from_iterable(endless(taken)).for_each(print)
        handle.drain()
        await handle

    asyncio.run(run())
    assert taken == []


def test_another_thread_may_drain_it():
    got: list[int] = []
    handle = Flow.from_iterable(endless()).subscribe_on(thread()).for_each(got.append)
    eventually(lambda: len(got) > 9)
    handle.drain()
    handle.result(20)
    assert got == list(range(len(got)))


def test_who_shares_a_flow_goes_on_when_another_is_drained():
    shared = Multicast[int]()
    first: list[int] = []
    handle, second = shared.for_each(first.append), probe(shared, 9)
    shared.emit(1)
    handle.drain()
    shared.emit(2)
    assert (first, second.items, shared.subscribers) == ([1], [1, 2], 1)


def test_a_task_that_stops_waiting_cancels_the_run_and_waits_for_the_cleanup():
    ended: list[str] = []

    async def source() -> Any:
        try:
            yield 1
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.01)
            ended.append("cleanup")

    async def waits(wait: Any) -> None:
        handle = Flow.from_async_iterable(source()).for_each(str)
        with pytest.raises(TimeoutError):
            await wait(handle)
        assert handle.cancelled
        ended.append("after")

    async def with_timeout(handle: Any) -> None:
        async with asyncio.timeout(1):
            await handle

    for wait in (with_timeout, lambda handle: asyncio.wait_for(handle, 1)):
        VirtualClock().run(waits(wait))
    assert ended == ["cleanup", "after"] * 2


def test_who_shields_the_handle_leaves_the_run_alone():
    async def run() -> None:
        publisher = Handmade()
        handle = Flow.from_publisher(publisher).for_each(print)
        waits = asyncio.ensure_future(handle)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.001):
                await asyncio.shield(waits)
        assert not handle.done
        publisher.complete()
        await waits

    asyncio.run(run())
