"""interval: 0, 1, 2, ... as time goes by."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from operators import BackpressureError, Flow
from operators.testing import VirtualClock
from reactive_streams import UNBOUNDED
from tests.operators.kit import probe


def test_a_tick_comes_at_its_time_to_the_tick_and_does_not_drift():
    clock = VirtualClock()
    times: list[float] = []
    seen = probe(
        Flow.interval(0.1, scheduler=clock).tap(lambda _: times.append(clock.now())), UNBOUNDED
    )
    clock.advance(0.099_999_999)
    assert seen.items == []
    clock.advance(0.000_000_001)
    assert seen.items == [0]
    clock.advance(99.9)
    assert len(seen.items) == 1_000
    assert times[-1] == pytest.approx(100, abs=1e-9)
    assert clock.pending == 1
    seen.cancel()
    assert clock.pending == 0


def test_the_first_tick_may_come_at_another_time():
    clock = VirtualClock()
    seen = probe(Flow.interval(10, delay=0, scheduler=clock), UNBOUNDED)
    clock.advance(0)
    assert seen.items == [0]
    clock.advance(9)
    assert seen.items == [0]
    clock.advance(1)
    assert seen.items == [0, 1]
    seen.cancel()


def test_a_tick_without_demand_is_an_error_that_names_it():
    clock = VirtualClock()
    seen = probe(Flow.interval(1, scheduler=clock), 2)
    clock.advance(2)
    assert (seen.items, seen.ended) == ([0, 1], False)
    clock.advance(1)
    assert isinstance(seen.error, BackpressureError)
    assert "interval, written at " in str(seen.error)
    assert "tick 2 is due" in str(seen.error)
    assert "on_backpressure_drop" in str(seen.error)
    assert clock.pending == 0


def test_what_is_to_be_done_without_demand_may_be_said_after_it():
    clock = VirtualClock()
    seen = probe(Flow.interval(1, scheduler=clock).on_backpressure_latest(), 0)
    clock.advance(5)
    seen.request(2)
    clock.advance(1)
    assert seen.items == [4, 5]
    seen.cancel()


def test_a_loop_has_one_tick_waiting_for_it_and_not_two():
    clock = VirtualClock()
    got: list[Any] = []

    async def main() -> None:
        async for n in Flow.interval(1, scheduler=clock):
            got.append(n)
            clock.advance(1 if n < 2 else 2)

    async def moved() -> None:
        task = asyncio.ensure_future(main())
        await asyncio.sleep(0.01)
        clock.advance(1)
        await task

    with pytest.raises(BackpressureError, match="the one before was not taken"):
        asyncio.run(moved())
    assert got == [0, 1, 2, 3]
    assert clock.pending == 0
