"""Every operator over a source that is awaited: whoever waits is woken, and what is left is cleaned up."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Any

import pytest

from operators import Flow
from tests.operators.catalogue import ITEMS, OPERATORS, Case
from tests.operators.kit import DEADLINE, probe
from tests.operators.turns import in_turn


async def _awaited() -> AsyncIterator[int]:
    for n in ITEMS:
        await asyncio.sleep(0)
        yield n


def by_for(flow: Flow[Any]) -> list[Any]:
    return list(flow)


def by_async_for(flow: Flow[Any]) -> list[Any]:
    async def main() -> list[Any]:
        async with asyncio.timeout(DEADLINE):
            return [item async for item in flow]

    return asyncio.run(main())


def one_by_one(flow: Flow[Any]) -> list[Any]:
    seen = probe(flow, 1, each=1).until_end()
    assert (seen.error, seen.violations) == (None, [])
    return seen.items


@pytest.mark.parametrize("case", OPERATORS.values(), ids=OPERATORS)
@in_turn("consume", [by_for, by_async_for, one_by_one])
def test_all_that_is_due_comes(case: Case, consume: Callable[[Flow[Any]], list[Any]]):
    got = consume(case.build(Flow.from_async_iterable(_awaited())))
    expected = case.expected()
    if case.drops:
        assert len(got) <= len(expected)
    elif case.mixes:
        assert sorted(map(repr, got)) == sorted(map(repr, expected))
    else:
        assert got == expected


# Flows whose upstream is subscribed to by a run of its own.
APART: dict[str, Callable[[Flow[int]], Flow[Any]]] = {
    "share": lambda flow: flow.share(),
    "parallel": lambda flow: flow.parallel(2).sequential(),
    "balance": lambda flow: _together(flow.balance(2)),
    "broadcast": lambda flow: _together(flow.broadcast(2)),
    "partition": lambda flow: _together(flow.partition(lambda n: n % 2)),
    "group_by": lambda flow: flow.group_by(lambda n: n % 2).flat_map(lambda group: group),
    "window": lambda flow: flow.window(2).flat_map(lambda items: items),
}


def _together(flows: tuple[Flow[Any], ...]) -> Flow[Any]:
    return flows[0].merge(*flows[1:])


async def _left_by_aclosing(flow: Flow[Any]) -> None:
    async with aclosing(aiter(flow)) as items:
        async for _ in items:
            break


async def _ended_by_take(flow: Flow[Any]) -> None:
    await flow.take(2)


async def _ended_by_an_error(flow: Flow[Any]) -> None:
    with pytest.raises(ZeroDivisionError):
        await flow.map(lambda _: 1 // 0)


async def _ended_upstream(flow: Flow[Any]) -> None:
    await flow.for_each(lambda _: None)


@pytest.mark.parametrize("shape", APART)
@pytest.mark.parametrize(
    "leave", [_left_by_aclosing, _ended_by_take, _ended_by_an_error, _ended_upstream]
)
def test_whoever_leaves_waits_for_the_cleanup_of_a_run_apart(
    shape: str, leave: Callable[[Flow[Any]], Awaitable[None]]
):
    log: list[str] = []

    async def rows() -> AsyncIterator[int]:
        try:
            for n in itertools.count():
                yield n
                await asyncio.sleep(0)
        finally:
            await asyncio.sleep(0.01)
            log.append("rolled back")

    async def main() -> None:
        source = Flow.from_async_iterable(rows())
        if leave is _ended_upstream:
            source = source.take(4)
        async with asyncio.timeout(DEADLINE):
            await leave(APART[shape](source))
        assert log == ["rolled back"]

    asyncio.run(main())
