"""to_marbles: what a flow signals, and when, as text; tests/testing/test_marbles.py has the rest."""

from __future__ import annotations

import asyncio

from operators import Flow
from operators.testing import VirtualClock


async def slow(n: int) -> int:
    await asyncio.sleep(n)
    return n


def test_calls_that_take_virtual_time():
    flow = Flow.of(3, 1, 2).map_async(slow, concurrency=2)
    assert flow.to_marbles() == "---[31]-(2|)"
    assert flow.to_marbles(demand="^") == "---3"


def test_it_goes_on_with_the_clock():
    clock = VirtualClock(100)
    assert Flow.of(1, 2).map_async(slow).to_marbles(clock=clock, tick=0.5) == "--1-(2|)"
    assert clock.now() == 102.0
