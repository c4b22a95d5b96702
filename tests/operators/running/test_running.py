"""for, async for and await: on a plain thread, inside asyncio, and across."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Callable
from contextlib import aclosing, closing
from typing import Any

import pytest

from operators import Flow
from operators.schedulers import thread
from tests.operators.kit import APulled, Handmade, Pulled, eventually, line_of, soon

WORLDS: dict[str, Callable[[Pulled], Flow[Any]]] = {
    "fused": lambda it: Flow.from_iterable(it),
    "stages": lambda it: Flow.from_iterable(it).limit_rate(2),
    "foreign": lambda it: Flow.from_publisher(Flow.from_iterable(it)),
    "hop": lambda it: Flow.from_iterable(it).publish_on(thread(), prefetch=3),
    "async source": lambda it: Flow.from_async_iterable(APulled(it)),
    "async source, stages": lambda it: Flow.from_async_iterable(APulled(it)).limit_rate(2),
    "async source, hop": lambda it: Flow.from_async_iterable(APulled(it)).publish_on(thread()),
    "calls on threads": lambda it: Flow.from_iterable(it).map_async(int, concurrency=2),
}
ALL = pytest.mark.parametrize("make", WORLDS.values(), ids=WORLDS)
WAIT = {
    "hop": "publish_on",
    "async source": "from_async_iterable",
    "async source, stages": "from_async_iterable",
    "async source, hop": "from_async_iterable",
    "calls on threads": "map_async",
}
NO_WAIT = ["fused", "stages", "foreign"]
FAILS_AT_ONCE = "calls on threads"  # its error overtakes the items, by its contract
HAS_THE_TURNS_OF_ITS_SOURCE = "async source"  # fused: it waits where the user's own generator does


class LostError(Exception):
    pass


async def everything(flow: Flow[Any]) -> list[Any]:
    return [item async for item in flow]


async def the_last(flow: Flow[Any]) -> Any:
    return await flow


def closed(pulled: Pulled) -> None:
    eventually(lambda: pulled.opened == pulled.closed == 1, "the close")


@ALL
def test_a_for_loop_on_a_plain_thread(make: Any):
    pulled = Pulled(range(100))

    assert list(make(pulled)) == list(range(100))
    closed(pulled)


@ALL
def test_an_async_for_loop(make: Any):
    pulled = Pulled(range(100))

    assert asyncio.run(everything(make(pulled))) == list(range(100))
    closed(pulled)


@ALL
def test_await_gives_the_last_item(make: Any):
    pulled = Pulled(range(100))

    assert asyncio.run(the_last(make(pulled))) == 99
    closed(pulled)
    assert asyncio.run(the_last(make(Pulled([])))) is None


@pytest.mark.parametrize("world", [name for name in WORLDS if name != FAILS_AT_ONCE])
def test_the_error_is_raised_after_the_items(world: str):
    make = WORLDS[world]
    got: list[int] = []
    with pytest.raises(LostError):
        got.extend(make(Pulled([1, 2], LostError())))
    assert got == [1, 2]

    async def loop() -> None:
        async for item in make(Pulled([3, 4], LostError())):
            got.append(item)

    with pytest.raises(LostError):
        asyncio.run(loop())
    assert got == [1, 2, 3, 4]


@ALL
def test_await_and_run_raise_the_error(make: Any):
    with pytest.raises(LostError):
        asyncio.run(the_last(make(Pulled([5], LostError()))))
    with pytest.raises(LostError):
        make(Pulled([5], LostError())).run()


@ALL
def test_a_for_loop_that_is_left_closes_what_is_upstream(make: Any):
    pulled = Pulled(itertools.count())
    for item in make(pulled):
        if item == 3:
            break
    closed(pulled)

    def raise_inside() -> None:
        for _ in make(pulled):
            raise LostError

    pulled = Pulled(itertools.count())
    with pytest.raises(LostError):
        raise_inside()
    closed(pulled)


@ALL
def test_an_async_for_loop_that_is_left_closes_what_is_upstream(make: Any):
    pulled = Pulled(itertools.count())

    async def leave() -> None:
        async with aclosing(aiter(make(pulled))) as items:
            async for item in items:
                if item == 3:
                    break
        await soon(lambda: pulled.closed == 1)

    asyncio.run(leave())
    assert pulled.opened == 1


@ALL
def test_a_loop_that_never_begins_opens_nothing(make: Any):
    pulled = Pulled(range(9))
    with closing(iter(make(pulled))):
        pass

    assert pulled.pulled == 0
    assert pulled.opened == pulled.closed


def ahead(make: Any) -> tuple[int, int]:
    pulled = Pulled(range(100))
    with closing(iter(make(pulled))) as items:
        next(items)
        one = pulled.pulled
        next(items)
        return one, pulled.pulled


@pytest.mark.parametrize("world", NO_WAIT)
def test_a_loop_asks_for_one_item_at_a_time(world: str):
    assert ahead(WORLDS[world]) == (1, 2)


def test_across_threads_a_loop_asks_for_an_item_when_it_wants_one():
    publisher = Handmade()
    asked: list[int] = []
    flow = Flow.from_publisher(publisher).subscribe_on(thread()).tap(on_request=asked.append)

    def feed() -> None:
        for n in range(3):
            eventually(lambda: publisher.asked == n + 1, "the demand")  # noqa: B023
            publisher.emit(n)

    with closing(iter(flow)) as items:
        feeder = threading.Thread(target=feed)
        feeder.start()
        assert [next(items) for _ in range(3)] == [0, 1, 2]
        feeder.join()
        assert asked == [1, 1, 1]


def test_a_for_loop_waits_for_another_thread():
    publisher = Handmade()

    def feed() -> None:
        for n in range(3):
            eventually(lambda: publisher.asked == n + 1, "the demand")  # noqa: B023
            publisher.emit(n)
        eventually(lambda: publisher.asked == 4, "the demand")
        publisher.complete()

    feeder = threading.Thread(target=feed)
    feeder.start()
    assert list(Flow.from_publisher(publisher)) == [0, 1, 2]
    feeder.join()
    assert publisher.requests == [1, 1, 1, 1]


def test_an_async_for_loop_lets_others_go_on_while_it_waits():
    publisher = Handmade()

    async def run() -> list[str]:
        loop = asyncio.create_task(everything(Flow.from_publisher(publisher)))
        for name in ("a", "b"):
            await soon(lambda: publisher.asked == publisher.emitted + 1)
            publisher.emit(name)
        threading.Thread(target=publisher.complete).start()
        return await loop

    assert asyncio.run(run()) == ["a", "b"]


@pytest.mark.parametrize("world", [it for it in WORLDS if it != HAS_THE_TURNS_OF_ITS_SOURCE])
def test_a_long_async_loop_over_what_is_always_ready_gives_others_a_turn(world: str):
    make = WORLDS[world]
    pulled = Pulled(itertools.count())
    stop = threading.Event()

    async def run() -> None:
        async def go_on() -> None:
            async with aclosing(aiter(make(pulled))) as items:
                async for _ in items:
                    if stop.is_set():
                        return

        task = asyncio.create_task(go_on())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        stop.set()
        await task
        await soon(lambda: pulled.closed == pulled.opened)

    asyncio.run(run())


@ALL
def test_a_task_that_is_cancelled_in_its_loop_leaves_nothing(make: Any):
    pulled = Pulled(itertools.count())

    async def run() -> None:
        begun = asyncio.Event()

        async def go_on() -> None:
            async with aclosing(aiter(make(pulled))) as items:
                async for _ in items:
                    begun.set()
                    await asyncio.sleep(0)

        task = asyncio.create_task(go_on())
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await soon(lambda: pulled.closed == 1)

    asyncio.run(run())


def test_a_task_that_is_cancelled_while_it_waits_cancels_upstream():
    publisher = Handmade()

    async def run() -> None:
        task = asyncio.create_task(the_last(Flow.from_publisher(publisher)))
        await soon(lambda: publisher.asked == 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())
    assert publisher.cancels == 1


@pytest.mark.parametrize("world", WAIT)
def test_a_for_loop_that_would_block_a_running_loop_is_refused(world: str):
    pulled = Pulled(range(9))

    async def run() -> None:
        with pytest.raises(RuntimeError, match="would block the running event loop") as caught:
            list(WORLDS[world](pulled).map(int))
        where = line_of(f'"{world}": lambda', __file__)
        assert f"to wait for {WAIT[world]}, written at {where}" in str(caught.value)
        await soon(lambda: pulled.closed == pulled.opened)

    asyncio.run(run())


@pytest.mark.parametrize("world", NO_WAIT)
def test_a_for_loop_that_never_waits_may_run_inside_a_loop(world: str):
    async def run() -> list[Any]:
        return list(WORLDS[world](Pulled(range(9))))

    assert asyncio.run(run()) == list(range(9))


@pytest.mark.parametrize("world", WORLDS)
def test_two_loops_over_one_flow_are_two_runs(world: str):
    pulled = Pulled(range(9))
    flow = WORLDS[world](pulled)

    assert list(zip(flow, flow, strict=True)) == [(n, n) for n in range(9)]
    assert pulled.opened == 2


def test_what_a_loop_had_asked_for_and_did_not_take_is_discarded():
    left: list[int] = []
    pulled = Pulled(range(40))
    flow = Flow.from_iterable(pulled).publish_on(thread(), prefetch=4).on_discard(left.append)
    with closing(iter(flow)) as items:
        got = [next(items) for _ in range(3)]

    closed(pulled)
    eventually(lambda: len(got) + len(left) == pulled.pulled, "the ledger")
    assert sorted(got + left) == list(range(pulled.pulled))


def test_a_loop_that_ends_with_its_event_loop_leaves_nothing():
    pulled = Pulled(range(9))
    loops: list[Any] = []

    async def begin() -> None:
        items = aiter(Flow.from_async_iterable(APulled(pulled)).limit_rate(2))
        loops.append(items)
        assert await anext(items) == 0
        await items.aclose()
        await soon(lambda: pulled.closed == 1)

    asyncio.run(begin())
    assert asyncio.run(everything(Flow.of(1))) == [1]
