"""Of flows that follow one another the next one begins when the one before is cleaned up, awaits included."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from operators import Flow
from operators.schedulers import thread
from tests.operators.kit import DEADLINE, eventually, probe


class Counted:
    """Sources that take a while to clean up, and how many of them there are at a time."""

    def __init__(self) -> None:
        self.runs = 0
        self.at_a_time = 0
        self.most = 0

    @asynccontextmanager
    async def entered(self) -> AsyncIterator[None]:
        self.runs += 1
        self.at_a_time += 1
        self.most = max(self.most, self.at_a_time)
        try:
            yield
        finally:
            await asyncio.sleep(0.005)
            self.at_a_time -= 1

    async def rows(self) -> AsyncIterator[int]:
        async with self.entered():
            for n in range(1_000_000):
                yield n


async def _same(n: int) -> int:
    return n


# Each is left by `take`, and so cleaned up while nobody waits for it but what comes next.
SHAPES: dict[str, Callable[[Counted], Flow[int]]] = {
    "fused": lambda made: Flow.from_async_iterable(made.rows()),
    "map_async": lambda made: Flow.from_async_iterable(made.rows()).map_async(_same),
    "merge": lambda made: Flow.from_async_iterable(made.rows()).merge(Flow.never()),
    "publish_on": lambda made: Flow.from_async_iterable(made.rows()).publish_on(thread("in turn")),
    "using": lambda made: Flow.using(made.entered, lambda _: Flow.range(1_000_000)),
    "share": lambda made: Flow.from_async_iterable(made.rows()).share(),
    "parallel": lambda made: Flow.from_async_iterable(made.rows()).parallel(2).sequential(),
}


def _no(n: int) -> bool:
    return False


def _failing(n: int) -> int:
    raise OSError("gone")


Make = Callable[[], Flow[int]]

JOINS: dict[str, Callable[[Make], Flow[int]]] = {
    "concat": lambda make: make().take(2).concat(make().take(2), make().take(2)),
    "concat_map": lambda make: Flow.range(3).concat_map(lambda _: make().take(2)),
    "repeat": lambda make: Flow.defer(lambda: make().take(2)).repeat(3),
    "switch_if_empty": lambda make: (
        make()
        .take(1)
        .filter(_no)
        .switch_if_empty(make().take(1).filter(_no))
        .switch_if_empty(make().take(6))
    ),
    "on_error_resume": lambda make: (
        make()
        .map(_failing)
        .on_error_resume(lambda _: make().map(_failing))
        .on_error_resume(lambda _: make().take(6))
    ),
}


def by_for(flow: Flow[Any]) -> int:
    return len(list(flow))


def by_async_for(flow: Flow[Any]) -> int:
    async def main() -> int:
        async with asyncio.timeout(DEADLINE):
            return len([item async for item in flow])

    return asyncio.run(main())


def by_for_each(flow: Flow[Any]) -> int:
    got: list[Any] = []
    flow.for_each(got.append).result(DEADLINE)
    return len(got)


def one_by_one(flow: Flow[Any]) -> int:
    return len(probe(flow, 1, each=1).until_end().items)


@pytest.mark.parametrize("run", [by_for, by_async_for, by_for_each, one_by_one])
@pytest.mark.parametrize("join", JOINS)
@pytest.mark.parametrize("shape", SHAPES)
def test_the_next_one_begins_when_the_one_before_is_cleaned_up(
    shape: str, join: str, run: Callable[[Flow[Any]], int]
):
    made = Counted()
    assert run(JOINS[join](lambda: SHAPES[shape](made))) == 6
    assert (made.runs, made.most) == (3, 1)


def test_a_cancel_meanwhile_is_the_end():
    made = Counted()
    inner = Flow.defer(lambda: Flow.from_async_iterable(made.rows()).take(1))
    run = inner.repeat().map_async(_same).for_each(lambda _: None)
    while made.runs < 3:
        assert not run.done
    run.cancel()
    run.result(DEADLINE)
    eventually(lambda: not made.at_a_time, "the last cleanup")
    assert made.most == 1


def test_an_item_that_waits_for_that_is_discarded():
    made, left = Counted(), list[int]()
    flow = (
        Flow.of(1, 2, 3)
        .concat_map(lambda _: Flow.from_async_iterable(made.rows()).take(1))
        .on_discard(left.append)
    )
    for _ in flow:
        break
    assert (made.runs, made.at_a_time, left) == (1, 0, [])
