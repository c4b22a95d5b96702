"""What runs as a task on trio: calls of map_async, producers of create, pushed sources."""

from __future__ import annotations

import contextvars
import os
import signal
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from typing import Any

import pytest
import trio

from operators import Flow
from operators.schedulers import event_loop, thread
from tests.operators.kit import Probe, eventually
from tests.operators.runtimes.trio_kit import on_trio


def test_coroutines_of_map_async_run_in_the_run_of_trio_side_by_side():
    async def main() -> tuple[list[int], set[int], float]:
        threads: set[int] = set()

        async def call(n: int) -> int:
            threads.add(threading.get_ident())
            await trio.sleep(1.0)
            return n * 10

        begun = trio.current_time()
        items = [n async for n in Flow.range(6).map_async(call, concurrency=3)]
        return items, threads, trio.current_time() - begun

    items, threads, seconds = on_trio(main, virtual=True)
    assert items == [n * 10 for n in range(6)]
    assert threads == {threading.get_ident()}
    assert seconds == 2.0


def test_a_call_may_have_a_nursery_and_the_context_of_the_subscriber():
    name: contextvars.ContextVar[str] = contextvars.ContextVar("name")

    async def main() -> list[tuple[int, str]]:
        name.set("outer")

        async def call(n: int) -> tuple[int, str]:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(trio.sleep, 0.001)
            return n, name.get()

        return [item async for item in Flow.range(2).map_async(call)]

    assert on_trio(main) == [(0, "outer"), (1, "outer")]


def test_a_call_that_fails_ends_the_flow_and_cancels_the_others():
    cancelled: list[int] = []

    async def main() -> ValueError:
        async def call(n: int) -> int:
            if n == 2:
                await trio.sleep(0.001)
                raise ValueError("call 2")
            try:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(trio.sleep_forever)
            finally:
                cancelled.append(n)
            return n

        with pytest.raises(ValueError, match="call 2") as caught:
            await Flow.range(4).map_async(call, concurrency=4, ordered=False)
        return caught.value

    error = on_trio(main)
    assert sorted(cancelled) == [0, 1, 3]
    assert any("map_async" in note for note in error.__notes__)
    assert not any("failed as well" in note for note in error.__notes__)


def test_leaving_cancels_the_calls_and_waits_for_their_cleanup():
    cleaned: list[int] = []

    async def main() -> None:
        async def call(n: int) -> int:
            try:
                if n:
                    await trio.sleep_forever()
            finally:
                with trio.CancelScope(shield=True):
                    await trio.sleep(0.01)
                cleaned.append(n)
            return n

        async with aclosing(aiter(Flow.range(4).map_async(call, concurrency=4))) as items:
            async for _ in items:
                break
        assert sorted(cleaned) == [0, 1, 2, 3]

    on_trio(main)


def test_batches_are_made_in_the_run_of_trio():
    async def main() -> list[int]:
        async def double(numbers: list[int]) -> list[int]:
            await trio.sleep(0.001)
            return [n * 2 for n in numbers]

        return [n async for n in Flow.range(50).map_batches(double, max_size=8, concurrency=2)]

    assert on_trio(main) == [n * 2 for n in range(50)]


def test_a_plain_function_of_map_async_runs_on_an_executor():
    async def main() -> list[int]:
        return [n async for n in Flow.range(5).map_async(lambda n: n + 1, concurrency=2)]

    assert on_trio(main) == [1, 2, 3, 4, 5]


def test_what_comes_over_a_thread_is_called_in_the_run():
    async def main() -> set[int]:
        threads: set[int] = set()

        async def call(n: int) -> int:
            threads.add(threading.get_ident())
            await trio.lowlevel.checkpoint()
            return n

        flow = Flow.range(50).publish_on(thread()).map_async(call, concurrency=4)
        assert [n async for n in flow] == list(range(50))
        return threads

    assert on_trio(main) == {threading.get_ident()}


def test_a_producer_that_awaits_has_backpressure():
    emitted: list[int] = []

    async def main() -> tuple[list[int], int]:
        async def produce(emitter: Any) -> None:
            for n in range(100):
                await emitter.emit(n)
                emitted.append(n)
                await trio.lowlevel.checkpoint()

        items: list[int] = []
        ahead = 0
        async for n in Flow.create(produce, capacity=4):
            if not items:
                for _ in range(100):
                    await trio.lowlevel.checkpoint()
                ahead = len(emitted)
            items.append(n)
        return items, ahead

    items, ahead = on_trio(main)
    assert items == list(range(100))
    assert ahead <= 6


def test_a_producer_is_cancelled_when_the_flow_is_left():
    told: list[str] = []

    async def main() -> None:
        async def produce(emitter: Any) -> None:
            try:
                await emitter.emit(1)
                await trio.sleep_forever()
            except trio.Cancelled:
                told.append("cancelled")
                raise

        async with aclosing(aiter(Flow.create(produce))) as items:
            async for _ in items:
                break

    on_trio(main)
    assert told == ["cancelled"]


def test_a_producer_that_knows_of_the_end_has_time_to_clean_up():
    told: list[str] = []

    async def main() -> Any:
        async def produce(emitter: Any) -> None:
            await emitter.emit(1)
            emitter.complete()
            await trio.sleep(0.01)
            told.append("cleaned up")

        return await Flow.create(produce)

    assert on_trio(main) == 1
    assert told == ["cleaned up"]


def test_a_producer_that_fails_fails_the_flow():
    async def main() -> None:
        async def produce(emitter: Any) -> None:
            await emitter.emit(1)
            raise ValueError("of the producer")

        with pytest.raises(ValueError, match="of the producer"):
            await Flow.create(produce)

    on_trio(main)


def test_a_subscriber_is_served_by_a_task_and_cancels_it():
    told: list[str] = []

    async def source() -> AsyncIterator[int]:
        try:
            for n in range(10**9):
                await trio.lowlevel.checkpoint()
                yield n
        finally:
            await trio.lowlevel.checkpoint()
            told.append("closed")

    async def main() -> None:
        probe = Probe(3)
        Flow.from_async_iterable(source()).subscribe(probe)
        while len(probe.items) < 3:  # noqa: ASYNC110 - a Subscriber has no event of trio
            await trio.sleep(0.001)
        for _ in range(20):
            await trio.lowlevel.checkpoint()
        assert probe.items == [0, 1, 2]
        probe.cancel()
        assert not probe.violations

    on_trio(main)
    assert told in (["closed"], [])


def test_a_handle_is_awaited_and_a_cancelled_task_cancels_the_run():
    items: list[int] = []

    async def main() -> tuple[bool, bool]:
        await Flow.range(3).for_each(items.append)
        handle = Flow.interval(0.001).for_each(lambda _: None)
        with trio.move_on_after(0.02):
            await handle
        return handle.done, handle.cancelled

    assert on_trio(main) == (True, True)
    assert items == [0, 1, 2]


def test_a_handle_is_cancelled_and_drained_from_another_thread():
    async def main() -> None:
        handle = Flow.interval(0.001).for_each(lambda _: None)
        await trio.to_thread.run_sync(handle.drain)
        await handle
        other = Flow.interval(0.001).for_each(lambda _: None)
        await trio.to_thread.run_sync(other.cancel)
        await other

    on_trio(main)


def test_a_future_and_a_resource():
    closed: list[str] = []

    class Resource:
        async def __aenter__(self) -> str:
            await trio.lowlevel.checkpoint()
            return "resource"

        async def __aexit__(self, *_: object) -> None:
            await trio.sleep(0.001)
            closed.append("closed")

    async def main() -> list[Any]:
        with ThreadPoolExecutor(1) as pool:
            first = await Flow.from_future(pool.submit(lambda: 7))
        return [first, await Flow.using(Resource, lambda made: Flow.of(made))]

    assert on_trio(main) == [7, "resource"]
    assert closed == ["closed"]


def test_a_flow_on_a_thread_outlives_the_run_of_trio():
    kept: list[Any] = []

    async def main() -> None:
        kept.append(Flow.interval(0.001, scheduler=thread()).take(50).for_each(lambda _: None))
        await trio.lowlevel.checkpoint()

    trio.run(main)
    handle = kept[0]
    eventually(lambda: handle.done)


def leave(_: int) -> None:
    raise SystemExit(3)


async def leave_soon(_: int) -> int:
    await trio.lowlevel.checkpoint()
    raise SystemExit(3)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Flow.range(3).map_async(leave_soon, concurrency=1),
        lambda: Flow.range(3).publish_on(event_loop()).tap(leave).publish_on(event_loop()),
        lambda: Flow.range(3).publish_on(thread()).tap(leave).publish_on(event_loop()),
    ],
    ids=["a call", "on the loop", "on a thread"],
)
def test_an_exit_in_what_runs_beside_the_loop_ends_the_flow(make: Any):
    async def main() -> BaseException | None:
        with pytest.raises(RuntimeError, match="ended by SystemExit") as caught:
            await make()
        return caught.value.__cause__

    assert isinstance(on_trio(main), SystemExit)


def test_a_signal_drains_a_run():
    items: list[int] = []

    async def main() -> bool:
        handle = Flow.interval(0.001).for_each(items.append, drain_on=(signal.SIGTERM,))
        while not items:  # noqa: ASYNC110 - a function has no event of trio
            await trio.sleep(0.001)
        os.kill(os.getpid(), signal.SIGTERM)
        await handle
        return handle.cancelled

    assert not on_trio(main)


def test_a_ctrl_c_ends_a_run_and_what_it_runs():
    told: list[str] = []

    async def source() -> AsyncIterator[int]:
        try:
            yield 1
            signal.raise_signal(signal.SIGINT)
            await trio.sleep_forever()
        finally:
            told.append("closed")

    async def main() -> None:
        await Flow.from_async_iterable(source()).merge(Flow.never())

    # Where tests run side by side a Ctrl-C may be ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            trio.run(main)
    finally:
        signal.signal(signal.SIGINT, before)
    assert told == ["closed"]
