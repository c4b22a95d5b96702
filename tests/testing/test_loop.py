"""The event loop on virtual time: asyncio's own waiting takes no time, and no real wait is cut short."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any

import pytest

from operators import Flow
from operators.schedulers import event_loop, executor, thread
from operators.testing import VirtualClock
from tests.operators.kit import probe


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def impatient() -> VirtualClock:
    return VirtualClock(patience=0.2)


@pytest.fixture
def log() -> list[Any]:
    return []


async def slow(n: int) -> int:
    await asyncio.sleep(3600)
    return n


# Time jumps -----------------------------------------------------------------------------------------


def test_sleep_takes_virtual_time_and_hardly_any_other(clock: VirtualClock):
    begun = time.process_time()
    assert clock.run(asyncio.sleep(1_000_000, "slept")) == "slept"
    assert clock.now() == 1_000_000
    assert time.process_time() - begun < 1


def test_wait_for_and_timeout_end_to_the_tick(clock: VirtualClock):
    async def main() -> list[float]:
        ends = []
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.sleep(10), 0.3)
        ends.append(clock.now())
        assert await asyncio.wait_for(asyncio.sleep(0.3, "in time"), 0.300_000_001) == "in time"
        ends.append(clock.now())
        with suppress(TimeoutError):
            async with asyncio.timeout(0.1):
                await asyncio.Event().wait()
        ends.append(clock.now())
        done, _ = await asyncio.wait([asyncio.ensure_future(asyncio.sleep(1))], timeout=0.3)
        assert not done
        return [*ends, clock.now()]

    assert clock.run(main()) == [0.3, 0.6, 0.7, 1.0]


def test_timers_in_order_of_time_and_of_scheduling_with_those_of_the_clock(
    clock: VirtualClock, log: list[Any]
):
    async def main() -> None:
        loop = asyncio.get_running_loop()
        worker = clock.worker()
        for n in range(20):
            loop.call_later(1, log.append, n)
            worker.schedule(partial(log.append, f"clock {n}"), 1)
        loop.call_at(loop.time() + 0.5, log.append, "first")
        loop.call_later(0.7, log.append, "never").cancel()
        loop.call_later(-1, log.append, "at once")
        await asyncio.sleep(1)

    clock.run(main())
    both = [each for n in range(20) for each in (n, f"clock {n}")]
    assert log == ["at once", "first", *both]


def test_what_is_due_at_one_time_may_cancel_what_is_due_with_it(
    clock: VirtualClock, log: list[Any]
):
    async def main() -> None:
        loop = asyncio.get_running_loop()
        timers = [loop.call_later(2, log.append, "late")]
        loop.call_later(1, lambda: timers[0].cancel())
        loop.call_later(1, lambda: timers[1].cancel())
        timers.append(loop.call_later(1, log.append, "cancelled by its neighbour"))
        await asyncio.sleep(3)

    clock.run(main())
    assert log == []


def test_a_pipeline_with_slow_calls_in_no_time(clock: VirtualClock):
    async def main() -> list[int]:
        return [n async for n in Flow.range(1000).map_async(slow, concurrency=10)]

    begun = time.process_time()
    assert clock.run(main()) == list(range(1000))
    assert clock.now() == 100 * 3600
    assert time.process_time() - begun < 5


def test_delays_scheduled_on_the_running_loop_are_virtual(clock: VirtualClock, log: list[Any]):
    async def main() -> None:
        scheduler = event_loop()
        worker = scheduler.worker()
        worker.schedule(lambda: log.append(scheduler.now()), 60)
        await asyncio.sleep(61)
        worker.close()

    clock.run(main())
    assert log == [60.0]


def test_one_run_after_another_goes_on_with_the_time(clock: VirtualClock):
    clock.run(asyncio.sleep(1))
    clock.advance(1)
    clock.run(asyncio.sleep(1))
    assert clock.now() == 3


def test_tasks_that_are_left_are_cancelled_and_their_cleanup_may_take_its_time(
    clock: VirtualClock, log: list[Any]
):
    async def other() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(5)
            log.append(clock.now())

    async def main() -> None:
        log.append(asyncio.ensure_future(other()))
        await asyncio.sleep(1)

    clock.run(main())
    assert log[1:] == [6.0]


def test_what_the_coroutine_raises_is_raised(clock: VirtualClock):
    async def main() -> None:
        await asyncio.sleep(1)
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        clock.run(main())


def test_what_a_task_of_the_clock_raises_is_raised(clock: VirtualClock):
    async def main() -> None:
        clock.worker().schedule(lambda: 1 / 0, 1)
        await asyncio.sleep(2)

    with pytest.raises(ZeroDivisionError):
        clock.run(main())


@pytest.mark.long
def test_a_hundred_thousand_timers(clock: VirtualClock, log: list[Any]):
    async def main() -> None:
        loop = asyncio.get_running_loop()
        for n in range(100_000):
            loop.call_later(n % 1000, log.append, n)
        await asyncio.sleep(1000)

    clock.run(main())
    assert sorted(log) == list(range(100_000))


# Other threads --------------------------------------------------------------------------------------


def posting(loop: asyncio.AbstractEventLoop, future: asyncio.Future[str], work: float) -> Any:
    def post() -> None:
        time.sleep(work)
        loop.call_soon_threadsafe(future.set_result, threading.current_thread().name)

    return threading.Thread(target=post, name="poster")


def test_a_thread_that_posts_is_waited_for_although_a_timer_is_there(clock: VirtualClock):
    async def main() -> str:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[str] = loop.create_future()
        poster = posting(loop, future, 0.05)
        poster.start()
        try:
            return await asyncio.wait_for(future, 3600)
        finally:
            poster.join()

    assert clock.run(main()) == "poster"
    assert clock.now() == 0.0


def test_a_thread_that_has_nothing_to_do_with_it_stops_time_for_a_second_only(clock: VirtualClock):
    end = threading.Event()

    async def main() -> None:
        other = threading.Thread(target=end.wait)
        other.start()
        for _ in range(100):
            await asyncio.sleep(10)
        end.set()
        other.join()

    begun = time.monotonic()
    clock.run(main())
    assert clock.now() == 1000.0
    assert 0.9 < time.monotonic() - begun < 10


def test_idle_threads_of_a_pool_do_not_stop_time(clock: VirtualClock):
    async def main() -> None:
        with ThreadPoolExecutor(4) as pool:
            await asyncio.gather(
                *(asyncio.get_running_loop().run_in_executor(pool, str, n) for n in range(4))
            )
            begun = time.monotonic()
            for _ in range(50):
                await asyncio.sleep(10)
            assert time.monotonic() - begun < 0.9

    clock.run(main())


def test_to_thread_does_not_time_out(clock: VirtualClock):
    async def main() -> str:
        async with asyncio.timeout(0.001):
            await asyncio.to_thread(time.sleep, 0.05)
        return "in time"

    assert clock.run(main()) == "in time"
    assert clock.now() == 0.0


def doze(n: int) -> int:
    time.sleep(0.01)
    return n


HOPS: dict[str, Any] = {
    "map_async, plain": lambda flow, pool: flow.map_async(doze, concurrency=3),
    "map_async, a pool": lambda flow, pool: flow.map_async(doze, executor=pool, concurrency=3),
    "publish_on a thread": lambda flow, pool: flow.publish_on(thread()).map(doze),
    "publish_on a pool": lambda flow, pool: flow.publish_on(executor(pool), prefetch=2).map(doze),
    "subscribe_on a thread": lambda flow, pool: flow.subscribe_on(thread()).map(doze),
}


@pytest.mark.parametrize("name", HOPS)
def test_no_time_passes_while_a_flow_works_on_other_threads(clock: VirtualClock, name: str):
    async def main(pool: ThreadPoolExecutor) -> list[int]:
        seen = []
        async with asyncio.timeout(0.001):
            async for n in HOPS[name](Flow.range(20), pool):
                seen.append(n)
        return seen

    with ThreadPoolExecutor(3) as pool:
        assert clock.run(main(pool)) == list(range(20))
    assert clock.now() == 0.0


def test_threads_that_were_there_before_may_hold_the_time(clock: VirtualClock):
    begin, loops = threading.Event(), list[Any]()

    def work() -> None:
        begin.wait(20)
        loop, future, release = loops
        time.sleep(0.05)
        loop.call_soon_threadsafe(future.set_result, "posted")
        release()

    worker = threading.Thread(target=work)
    worker.start()

    async def main() -> str:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[str] = loop.create_future()
        with clock.hold():
            loops[:] = loop, future, lambda: None
            begin.set()
            return await asyncio.wait_for(future, 1)

    assert clock.run(main()) == "posted"
    worker.join()


def test_what_another_thread_schedules_on_the_clock_wakes_the_loop(clock: VirtualClock):
    async def main() -> float:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[float] = loop.create_future()

        def later() -> None:
            time.sleep(0.05)  # by then the loop waits, with no timer at all
            clock.worker().schedule(lambda: future.set_result(clock.now()), 7)

        other = threading.Thread(target=later)
        other.start()
        try:
            return await future
        finally:
            other.join()

    assert clock.run(main()) == 7.0


# Finite deadlines -----------------------------------------------------------------------------------


def test_waiting_for_what_never_comes_says_who_waits(impatient: VirtualClock):
    async def hopeless() -> None:
        await asyncio.Event().wait()

    async def main() -> None:
        await asyncio.create_task(hopeless(), name="the hopeless one")

    begun = time.monotonic()
    with pytest.raises(TimeoutError) as caught:
        impatient.run(main())
    assert 0.2 <= time.monotonic() - begun < 10
    text = str(caught.value)
    assert "no timer is left, and no thread has posted anything" in text
    assert "task 'the hopeless one' waits, for a Future" in text
    assert "hopeless" in text
    assert __file__ in text


@pytest.mark.may_leave("asyncio error", reason="nothing can end a cleanup that never ends")
@pytest.mark.may_leave("async generator", reason="nothing can end a cleanup that never ends")
def test_a_run_that_waits_for_cleanup_that_never_ends_is_not_waited_for_for_ever(
    impatient: VirtualClock,
):
    # The kernel looks every few real milliseconds whether what it waits for can still come.
    async def stuck() -> Any:
        try:
            yield 1
            yield 2
        finally:
            await asyncio.Event().wait()

    async def main() -> None:
        async for _ in Flow.from_async_iterable(stuck()):
            break

    with pytest.raises(TimeoutError, match="no timer is left"):
        impatient.run(main())


def test_time_that_is_held_for_ever_says_so(impatient: VirtualClock):
    async def main() -> None:
        with impatient.hold():
            await asyncio.sleep(1)

    with pytest.raises(TimeoutError, match=r"time is held, 1 times over"):
        impatient.run(main())


def test_a_heart_that_beats_for_ever_does_not_hide_a_hang(impatient: VirtualClock):
    async def beat() -> None:
        while True:  # noqa: ASYNC110 - it is no waiting
            await asyncio.sleep(3600)

    async def main() -> None:
        heart = asyncio.create_task(beat())
        await asyncio.Event().wait()
        heart.cancel()

    with pytest.raises(TimeoutError, match="only timers have gone on, for more than a day"):
        impatient.run(main())


# Advancing by hand ----------------------------------------------------------------------------------


@pytest.fixture
def loop(clock: VirtualClock) -> Iterator[asyncio.AbstractEventLoop]:
    made = clock.loop()
    yield made
    for task in asyncio.all_tasks(made):
        task.cancel()
    clock.advance(0)
    made.close()


def test_advance_runs_the_loop_as_far_as_that(
    clock: VirtualClock, loop: asyncio.AbstractEventLoop, log: list[Any]
):
    async def beat() -> None:
        while True:
            await asyncio.sleep(0.1)
            log.append(clock.now())

    loop.create_task(beat())
    clock.advance(0)
    assert log == []
    clock.advance(0.35)
    assert log == [0.1, 0.2, 0.3]
    assert clock.now() == 0.35
    clock.advance_to(0.4)
    assert log == [0.1, 0.2, 0.3, 0.4]


def test_a_pipeline_step_by_step(clock: VirtualClock, loop: asyncio.AbstractEventLoop):
    async def begin() -> Any:
        return probe(Flow.range(4).map_async(slow, concurrency=2), 3)

    seen = loop.run_until_complete(begin())
    clock.advance(3599)
    assert seen.items == []
    clock.advance(1)
    assert seen.items == [0, 1]
    clock.advance(3600)
    assert seen.items == [0, 1, 2]
    seen.request(1)
    clock.advance(0)
    assert (seen.items, seen.completed) == ([0, 1, 2, 3], True)


def test_advance_waits_for_threads(clock: VirtualClock, loop: asyncio.AbstractEventLoop):
    task = loop.create_task(asyncio.to_thread(doze, 7))
    clock.advance(0)
    assert task.result() == 7
    loop.run_until_complete(loop.shutdown_default_executor())


def test_advance_raises_what_a_task_of_the_clock_raises(
    clock: VirtualClock, loop: asyncio.AbstractEventLoop
):
    clock.worker().schedule(lambda: 1 / 0, 1)
    with pytest.raises(ZeroDivisionError):
        clock.advance(5)
    assert clock.now() == 1.0
    clock.advance(1)
    assert clock.now() == 2.0


def test_there_is_one_loop_until_it_is_closed(clock: VirtualClock, log: list[Any]):
    first = clock.loop()
    assert clock.loop() is first
    first.call_later(1, log.append, "of a closed loop")
    assert clock.run(asyncio.sleep(0.5, "on the same")) == "on the same"
    first.close()
    assert clock.pending == 0
    second = clock.loop()
    assert second is not first
    clock.advance(5)
    second.close()
    assert log == []


def test_advance_where_it_cannot_be(clock: VirtualClock, loop: asyncio.AbstractEventLoop):
    async def inside() -> None:
        with pytest.raises(RuntimeError, match="its time goes on by itself"):
            clock.advance(1)
        with pytest.raises(RuntimeError, match="its time goes on by itself"):
            clock.run(asyncio.sleep(1))

    clock.run(inside())

    async def in_another() -> None:
        with pytest.raises(RuntimeError, match="another event loop runs in this thread"):
            clock.advance(1)

    asyncio.run(in_another())
    assert clock.now() == 0.0


def test_a_closed_loop_takes_no_timers(clock: VirtualClock):
    loop = clock.loop()
    loop.close()
    with pytest.raises(RuntimeError, match="closed"):
        loop.call_later(1, print)


def test_a_coroutine_that_produces_is_watched_in_real_time(clock: VirtualClock):
    async def produce(emitter: Any) -> None:
        for n in range(3):
            await asyncio.sleep(10)
            await emitter.emit(n)

    async def main() -> list[int]:
        return [n async for n in Flow.create(produce)]

    assert clock.run(main()) == [0, 1, 2]
    assert clock.now() == 30.0
