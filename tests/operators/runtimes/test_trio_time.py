"""Timed operators on trio's clock, which jumps in these tests: as on asyncio, in virtual time."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from typing import Any

import pytest
import trio

from operators import Flow
from operators.schedulers import event_loop, thread
from operators.testing import VirtualClock
from tests.operators.runtimes.trio_kit import on_trio

HOUR = 3600.0


async def slow(n: int) -> int:
    if sys.modules["operators._kernel.hosts.runtimes"].on_trio():
        await trio.sleep(HOUR)
    else:
        await asyncio.sleep(HOUR)
    return n


def ticks() -> Flow[int]:
    return Flow.interval(HOUR)


TIMED: dict[str, Callable[[], Flow[Any]]] = {
    "interval": lambda: ticks().take(3),
    "delay": lambda: Flow.range(3).delay(HOUR),
    "delay_subscription": lambda: Flow.range(2).delay_subscription(HOUR),
    "throttle_first": lambda: ticks().throttle_first(2.5 * HOUR).take(3),
    "throttle_last": lambda: ticks().throttle_last(2.5 * HOUR).take(3),
    "sample": lambda: ticks().sample(2.5 * HOUR).take(2),
    "debounce": lambda: ticks().take(3).debounce(HOUR / 2),
    "buffer_time": lambda: ticks().buffer_time(2.5 * HOUR).take(2),
    "take_until": lambda: ticks().take_until(Flow.interval(2.5 * HOUR)),
    "map_async": lambda: Flow.range(4).map_async(slow, concurrency=2),
    "publish_on": lambda: Flow.range(3).publish_on(event_loop()),
    "merge of times": lambda: ticks().merge(Flow.interval(HOUR / 4)).take(9),
    "time beyond a thread": lambda: ticks().publish_on(thread()).map(lambda n: n).take(3),
    "calls on a thread": lambda: ticks().map_async(lambda n: n * 2, concurrency=2).take(3),
}


@pytest.mark.parametrize("name", TIMED)
def test_hours_pass_at_once(name: str):
    make = TIMED[name]

    async def main() -> tuple[list[Any], float]:
        begun = event_loop().now()
        found = [item async for item in make()]
        return found, event_loop().now() - begun

    found, passed = on_trio(main, virtual=True)
    known, seconds = VirtualClock().run(main())
    assert found == known
    assert passed == pytest.approx(seconds)


def test_a_timeout_comes_when_trios_clock_says_so():
    async def main() -> float:
        begun = trio.current_time()
        nothing: Flow[int] = Flow.never()
        with pytest.raises(TimeoutError):
            await nothing.timeout(HOUR)
        return trio.current_time() - begun

    assert on_trio(main, virtual=True) == pytest.approx(HOUR)


def test_timers_that_were_cancelled_are_no_time_to_jump_to():
    async def main() -> list[float]:
        loop = sys.modules["operators._kernel.hosts.runtimes"].running_loop()
        left = [loop.call_later(HOUR, list) for _ in range(300)]
        loop.call_later(2 * HOUR, list)
        for timer in left:
            timer.cancel()
        times: list[float] = []
        clock: Any = trio.lowlevel.current_clock()
        begun = trio.current_time()
        clock.autojump_threshold = float("inf")
        clock.jump(HOUR)
        await trio.lowlevel.checkpoint()
        times.append(trio.current_time() - begun)
        assert len(loop._timers) < 100
        return times

    assert on_trio(main, virtual=True) == [pytest.approx(HOUR)]


def test_now_is_the_time_of_trio():
    async def main() -> float:
        before = event_loop().now()
        await trio.sleep(HOUR)
        return event_loop().now() - before

    assert on_trio(main, virtual=True) == pytest.approx(HOUR)
