"""map_async of calls that wait for nothing: they share a task, and are none the less calls of their own."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import gc
import logging
import random
import sys
import time
import weakref
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from operators import Flow
from operators.custom import Unbroken
from tests.operators.kit import Probe, cancelled_after, others_cancelled_after, probe, soon

WHO: contextvars.ContextVar[str] = contextvars.ContextVar("WHO", default="nobody")


def by_async_for(flow: Any) -> list[Any]:
    async def main() -> list[Any]:
        return [item async for item in flow]

    return asyncio.run(main())


def by_for_each(flow: Any) -> list[Any]:
    async def main() -> list[Any]:
        items: list[Any] = []
        await flow.for_each(items.append)
        return items

    return asyncio.run(main())


def by_one_request_each(flow: Any) -> list[Any]:
    seen = probe(flow, 1, each=1).until_end()
    if seen.error is not None:
        raise seen.error
    return seen.items


WAYS = {
    "for": list,
    "async for": by_async_for,
    "for_each": by_for_each,
    "request(1)": by_one_request_each,
}
ways = pytest.mark.parametrize("run", WAYS.values(), ids=WAYS)
orders = pytest.mark.parametrize("ordered", [True, False], ids=["ordered", "as they come"])


@ways
@orders
def test_few_tasks_make_many_calls(run: Callable[[Any], list[Any]], ordered: bool) -> None:
    tasks: set[str] = set()

    async def call(n: int) -> int:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task.get_name())
        return n

    items = run(Flow.range(800).map_async(call, concurrency=16, ordered=ordered))
    assert sorted(items) == list(range(800))
    assert len(tasks) < 400


@ways
@orders
@pytest.mark.parametrize("often", [1, 2, 3, 7, 50])
def test_some_wait_and_some_do_not(
    run: Callable[[Any], list[Any]], ordered: bool, often: int
) -> None:
    flying = most = 0

    async def call(n: int) -> int:
        nonlocal flying, most
        flying += 1
        most = max(most, flying)
        if n % often == 0:
            for _ in range(n % 3):
                await asyncio.sleep(0)
        flying -= 1
        return n

    items = run(Flow.range(500).map_async(call, concurrency=5, ordered=ordered))
    assert (items if ordered else sorted(items)) == list(range(500))
    assert most <= 5


@pytest.mark.parametrize("quick", [16, 17, 33, 100])
def test_as_many_as_may_be_are_in_flight_once_they_wait(quick: int) -> None:
    """The first that waits has the task to itself, and keeps no other from beginning."""
    flying: list[int] = []

    async def main() -> None:
        gate = asyncio.Event()

        async def call(n: int) -> int:
            if n >= quick:
                flying.append(n)
                await gate.wait()
            return n

        items: list[int] = []
        handle = Flow.range(quick + 40).map_async(call, concurrency=16).for_each(items.append)
        await soon(lambda: len(flying) == 16)
        gate.set()
        await handle
        assert items == list(range(quick + 40))

    asyncio.run(main())


@ways
def test_each_has_a_context_of_its_own(run: Callable[[Any], list[Any]]) -> None:
    async def call(n: int) -> tuple[str, str]:
        before = WHO.get()
        WHO.set(f"call {n}")  # seen by no other
        if n % 5 == 4:
            await asyncio.sleep(0)
        return before, WHO.get()

    def subscribe() -> None:
        WHO.set("me")
        items = run(Flow.range(300).map_async(call, concurrency=4))
        assert items == [("me", f"call {n}") for n in range(300)]

    contextvars.copy_context().run(subscribe)


@ways
def test_timeouts_and_groups_of_tasks_inside(run: Callable[[Any], list[Any]]) -> None:
    async def child(n: int) -> int:
        await asyncio.sleep(0)
        return n

    async def call(n: int) -> int:
        if n % 20 < 17:
            return n
        async with asyncio.timeout(60), asyncio.TaskGroup() as group:
            child_task = group.create_task(child(n))
        if n % 20 == 19:
            try:
                async with asyncio.timeout(0):
                    await asyncio.Event().wait()
            except TimeoutError:
                return -child_task.result()
        return child_task.result()

    items = run(Flow.range(200).map_async(call, concurrency=8))
    assert items == [-n if n % 20 == 19 else n for n in range(200)]


@ways
@pytest.mark.parametrize("taken_back", [False, True])
@pytest.mark.parametrize("at", [50, 95])
def test_one_that_cancels_its_own_task_cancels_no_other(
    run: Callable[[Any], list[Any]], at: int, taken_back: bool
) -> None:
    async def call(n: int) -> int:
        if n == at:
            task = asyncio.current_task()
            assert task is not None
            task.cancel()  # it ends before that takes effect
            if taken_back:
                task.uncancel()  # before 3.13 it takes effect all the same
        elif n > at:
            await asyncio.sleep(0)
        return n

    assert run(Flow.range(100).map_async(call, concurrency=8)) == list(range(100))


@ways
def test_whoever_keeps_the_task_of_a_call_that_is_over_has_that_of_no_other(
    run: Callable[[Any], list[Any]],
) -> None:
    tasks: dict[int, Any] = {}

    async def call(n: int) -> int:
        if n < 80:
            tasks[n] = asyncio.current_task()
        elif n == 90:
            for task in tasks.values():
                task.cancel()
        else:
            await asyncio.sleep(0.001)
        return n

    assert run(Flow.range(100).map_async(call, concurrency=16)) == list(range(100))
    assert len(set(tasks.values())) == 80


@ways
@pytest.mark.parametrize("at", [0, 50])
def test_what_a_call_has_dealt_with_is_no_cause_of_what_it_raises_then(
    run: Callable[[Any], list[Any]], at: int
) -> None:
    async def call(n: int) -> int:
        if n == at:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0):
                    await asyncio.Event().wait()
            assert sys.exc_info() == (None, None, None)
            raise LookupError(n)
        return n

    with pytest.raises(LookupError) as raised:
        run(Flow.range(100).map_async(call, concurrency=8))
    assert raised.value.__context__ is None


@ways
@pytest.mark.parametrize("at", [0, 50])
def test_what_a_call_has_waited_for_is_kept_no_longer(
    run: Callable[[Any], list[Any]], at: int
) -> None:
    left: list[Any] = []

    async def call(n: int) -> int:
        if n == at:
            loop = asyncio.get_running_loop()
            future = loop.create_future()
            loop.call_soon(future.set_result, None)
            seen = weakref.ref(future)
            await future
            del future
            await asyncio.sleep(0)
            left.append(seen())
        return n

    assert run(Flow.range(100).map_async(call, concurrency=8)) == list(range(100))
    assert left == [None]


@pytest.mark.parametrize("eager", [False, True])
@pytest.mark.parametrize("at", [0, 20])
def test_a_cleanup_goes_on_where_the_call_cancels_the_flow_before_it_waits(
    at: int, eager: bool
) -> None:
    factory = getattr(asyncio, "eager_task_factory", None)
    if eager and factory is None:
        pytest.skip("there are none before 3.12")
    said: list[str] = []

    async def main() -> None:
        if eager:
            asyncio.get_running_loop().set_task_factory(factory)

        async def call(n: int) -> int:
            if n == at:
                await asyncio.sleep(0) if at == 0 else None  # by then there is a handle
                with Unbroken():
                    handle.cancel()
                    await asyncio.sleep(0)
                    said.append("goodbye")
                await asyncio.Event().wait()
            return n

        handle = Flow.range(100).map_async(call, concurrency=4).for_each(lambda _: None)
        await soon(lambda: said and asyncio.all_tasks() == {asyncio.current_task()})

    asyncio.run(main())
    assert said == ["goodbye"]


@ways
@orders
@pytest.mark.parametrize("at", [0, 20, 21, 40])
@pytest.mark.parametrize("kind", [KeyError, asyncio.CancelledError])
def test_one_that_fails(
    run: Callable[[Any], list[Any]], ordered: bool, at: int, kind: type[BaseException]
) -> None:
    gone: list[int] = []
    calls: list[int] = []

    async def call(n: int) -> int:
        calls.append(n)
        if n == at:
            raise kind(n)
        return n

    items: list[int] = []
    flow = Flow.range(100).map_async(call, concurrency=8, ordered=ordered)
    with pytest.raises((KeyError, RuntimeError)):
        run(flow.tap(items.append).on_discard(gone.append))
    if ordered:
        assert items == list(range(at))
    assert len(calls) <= at + 9
    accounted = items + gone
    assert len(set(accounted)) == len(accounted)
    assert at not in items


@pytest.mark.parametrize("by", ["consumer", "function"])
def test_the_one_that_has_got_the_task_is_cancelled_with_the_flow(by: str) -> None:
    waiting: list[int] = []
    ended: list[int] = []

    async def main() -> None:
        handle: Any = None

        async def call(n: int) -> int:
            if n < 20:
                return n
            try:
                if by == "function":
                    handle.cancel()
                waiting.append(n)
                await asyncio.Event().wait()
            finally:
                ended.append(n)
            return n

        items: list[int] = []
        handle = Flow.range(30).map_async(call, concurrency=4).for_each(items.append)
        if by == "consumer":
            await soon(lambda: len(waiting) == 4)
            gc.collect()
            handle.cancel()
            assert len(items) == 20
        else:
            await soon(lambda: ended)
        await soon(lambda: asyncio.all_tasks() == {asyncio.current_task()})
        assert sorted(ended) == ([20, 21, 22, 23] if by == "consumer" else [20])

    asyncio.run(main())


@pytest.mark.parametrize("hops", range(9))
def test_a_task_that_is_cancelled_before_it_makes_the_first(hops: int) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        calls: list[int] = []
        cancelled_at = 0

        def cancel(hops: int = hops) -> None:
            nonlocal cancelled_at
            if hops:
                loop.call_soon(cancel, hops - 1)
                return
            for task in asyncio.all_tasks() - {consumer}:
                task.cancel()
                cancelled_at = len(calls)

        async def call(n: int) -> int:
            calls.append(n)
            if n % 40 == 20 and not cancelled_at:
                loop.call_soon(cancel)
            return n

        async def consume() -> None:
            async for _ in Flow.range(10**9).map_async(call, concurrency=4):
                pass

        consumer = asyncio.create_task(consume())
        with pytest.raises(RuntimeError, match="cancelled"):
            await asyncio.shield(consumer)
        assert len(calls) == cancelled_at

    async def shielded() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await main()

    asyncio.run(shielded())


@pytest.mark.parametrize("whose", ["the consumer's", "all others"])
def test_tasks_that_are_cancelled(whose: str) -> None:
    """By somebody else, as the end of asyncio.run does: each item is delivered, or discarded, or named."""
    for turns in range(2, 50):
        taken: list[int] = []
        items: list[int] = []
        gone: list[int] = []

        async def call(n: int) -> int:
            if n % 11 == 10:
                await asyncio.sleep(0)
            return n

        async def consume(
            taken: list[int] = taken, items: list[int] = items, gone: list[int] = gone
        ) -> None:
            flow = Flow.range(10**9).tap(taken.append).map_async(call, concurrency=6)
            async for item in flow.on_discard(gone.append):
                items.append(item)

        async def main(turns: int = turns) -> int:
            if whose == "the consumer's":
                await cancelled_after(turns, consume())
                return 0
            consumer = asyncio.create_task(consume())
            await others_cancelled_after(turns, consumer)
            with pytest.raises(RuntimeError, match="cancelled"):
                await consumer
            return 1

        named = asyncio.run(main())
        assert len(set(items + gone)) == len(items + gone) == len(taken) - named, turns
        assert items == list(range(len(items)))


def test_others_have_their_turn() -> None:
    async def main() -> None:
        worst = 0.0
        last = time.thread_time()

        async def beat() -> None:
            nonlocal worst, last
            while True:
                await asyncio.sleep(0)
                now = time.thread_time()
                worst = max(worst, now - last)
                last = now

        async def call(n: int) -> int:
            until = time.thread_time() + 0.001
            while time.thread_time() < until:
                pass
            return n

        heart = asyncio.create_task(beat())
        async for n in Flow.range(10**9).map_async(call, concurrency=200):
            if n == 300:
                break
            if n == 100:  # those from 200 on are made when it is known that they wait for nothing
                worst, last = 0.0, time.thread_time()
        heart.cancel()
        assert worst < 0.01

    asyncio.run(main())


def test_a_loop_that_goes_with_calls_to_be_made(caplog: pytest.LogCaptureFixture) -> None:
    calls: list[int] = []
    gone: list[int] = []

    async def call(n: int) -> int:
        calls.append(n)
        return n

    loop = asyncio.new_event_loop()

    async def begin() -> Probe:
        seen = probe(Flow.range(10**9).map_async(call, concurrency=4).on_discard(gone.append), 5)
        await soon(lambda: len(seen.items) == 5 and len(calls) == 9)
        seen.request(2)
        await soon(lambda: len(seen.items) == 7)
        return seen

    with caplog.at_level(logging.DEBUG, "asyncio"):
        seen = loop.run_until_complete(begin())  # the last two are begun in a turn that never comes
        loop.close()
        gc.collect()
        seen.until_end()
    assert isinstance(seen.error, RuntimeError)
    assert not [each for each in caplog.records if "destroyed" in each.message]


def busy(seconds: float) -> None:
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass


@orders
@pytest.mark.parametrize("concurrency", [1, 2, 16])
def test_a_loop_takes_its_time_and_nothing_is_lost(ordered: bool, concurrency: int) -> None:
    # The task that makes the calls waits 0.2 ms for a quick consumer: some come just then, or just too late.
    pauses = random.Random(concurrency)
    discarded: list[int] = []

    async def call(n: int) -> int:
        return n

    for stop in [*range(1, 60, 7), 300]:
        begun = 0

        def count(n: int) -> int:
            nonlocal begun
            begun += 1
            return n

        calls = Flow.range(300).map(count).map_async(call, concurrency=concurrency, ordered=ordered)
        discarded.clear()
        taken: list[int] = []
        for item in calls.on_discard(discarded.append):
            taken.append(item)
            if len(taken) == stop:
                break
            busy(pauses.choice([0.0, 0.0, 0.00005, 0.0002, 0.0004]))
        assert begun <= len(taken) + concurrency
        assert sorted(taken + discarded) == list(range(begun))
        assert not ordered or taken == list(range(stop))


@pytest.mark.parametrize("concurrency", [1, 16])
def test_what_else_runs_on_the_loop_has_its_turn(concurrency: int) -> None:
    beats = 0

    async def beating() -> AsyncIterator[int]:
        nonlocal beats
        while True:
            await asyncio.sleep(0.001)
            beats += 1
            yield beats

    async def call(n: int) -> int:
        return n

    run = Flow.from_async_iterable(beating()).for_each(lambda _: None)
    try:
        # Of a turn each 10 ms at least, in which there are some thousand calls; on a slow machine fewer.
        calls = Flow.range(200_000).map_async(call, concurrency=concurrency)
        for _ in calls.take_while(lambda _: beats < 10):
            pass
        assert beats >= 10
    finally:
        run.cancel()
        run.result()
