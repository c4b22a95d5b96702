"""A try begins when the one before is over, its cleanup included: two members of a group would overlap."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any

import pytest

from operators import Backoff, Flow
from operators.custom import AsyncSource
from operators.schedulers import thread
from tests.operators.kit import DEADLINE

SOON = Backoff(0.001)


class Counted(AsyncSource[int]):
    """A source that takes a while to clean up, and knows how many of its runs there are at a time."""

    def __init__(self) -> None:
        self.runs = 0
        self.at_a_time = 0
        self.most = 0

    async def batches(self) -> AsyncGenerator[list[int]]:
        self.runs += 1
        self.at_a_time += 1
        self.most = max(self.most, self.at_a_time)
        try:
            for n in range(1_000_000):
                yield [n]
        finally:
            await asyncio.sleep(0.01)
            self.at_a_time -= 1


def failing(n: int) -> int:
    if n == 2:
        raise OSError("gone")
    return n


async def afailing(n: int) -> int:
    return failing(n)


STEPS: dict[str, Callable[[Flow[int]], Flow[Any]]] = {
    "map": lambda flow: flow.map(failing),
    "map_async": lambda flow: flow.map_async(afailing),
    "publish_on": lambda flow: flow.publish_on(thread("tries")).map(failing),
    "flat_map": lambda flow: flow.flat_map(lambda n: Flow.of(n).map(failing)),
    "concat_map": lambda flow: flow.concat_map(lambda n: Flow.of(n).map(failing)),
}
AGAIN: dict[str, Callable[[Flow[Any]], Flow[Any]]] = {
    "retry": lambda flow: flow.retry(3),
    "retry, later": lambda flow: flow.retry(3, backoff=SOON),
    "restart": lambda flow: flow.restart(SOON, times=3),
}


def by_for(flow: Flow[Any]) -> None:
    for _ in flow:
        pass


def by_async_for(flow: Flow[Any]) -> None:
    async def main() -> None:
        async for _ in flow:
            pass

    asyncio.run(main())


def by_for_each(flow: Flow[Any]) -> None:
    flow.for_each(lambda _: None).result(DEADLINE)


@pytest.mark.parametrize("run", [by_for, by_async_for, by_for_each])
@pytest.mark.parametrize("again", AGAIN)
@pytest.mark.parametrize("steps", STEPS)
def test_a_try_begins_when_the_one_before_is_over(
    steps: str, again: str, run: Callable[[Flow[Any]], None]
) -> None:
    source = Counted()
    flow = AGAIN[again](STEPS[steps](source.flow()))
    with pytest.raises(OSError, match="gone"):
        run(flow)
    assert (source.runs, source.most) == (4, 1)


def test_a_cancel_while_a_try_is_waited_for_is_the_end() -> None:
    source = Counted()
    run = source.flow().map_async(afailing).retry(1_000_000).for_each(lambda _: None)
    while source.runs < 3:
        assert not run.done
    run.cancel()
    run.result(DEADLINE)
    assert source.most == 1
