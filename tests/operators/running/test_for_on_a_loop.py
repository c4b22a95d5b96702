"""A plain for loop on a thread with a running event loop: it never waits, whatever it is over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from operators import Flow
from operators.schedulers import thread
from tests.operators.catalogue import OPERATORS, Case
from tests.operators.kit import line_of


def _waits() -> Flow[int]:
    return Flow.interval(3600)  # waits


async def _some() -> AsyncIterator[int]:
    await asyncio.sleep(0)
    yield 1


# What takes turns, or comes later, waits as any other flow does.
WAITING: dict[str, Callable[[], Flow[Any]]] = {
    "merge": lambda: _waits().merge(_waits()),
    "flat_map": lambda: Flow.range(2).flat_map(lambda n: _waits()),
    "flat_map of one": lambda: Flow.range(1).flat_map(lambda n: _waits()),
    "flat_map, an async source": lambda: Flow.range(2).flat_map(
        lambda n: Flow.from_async_iterable(_some())
    ),
    "flat_map, a hop": lambda: Flow.range(2).flat_map(lambda n: Flow.range(3).publish_on(thread())),
    "flat_map, never": lambda: Flow.range(2).flat_map(lambda n: Flow.never()),
    "flat_map, later": lambda: Flow.range(2).flat_map(lambda n: Flow.range(2).concat(_waits())),
    "flat_map, a foreign one": lambda: Flow.range(2).flat_map(
        lambda n: Flow.from_publisher(_waits())
    ),
    "concat_map_eager": lambda: Flow.range(2).concat_map_eager(lambda n: _waits()),
    "group_by": lambda: _waits().group_by(lambda n: n % 2).flat_map(lambda group: group),
    "switch_map": lambda: Flow.range(2).switch_map(lambda n: _waits()),
    "zip": lambda: _waits().zip(_waits()),
    "merge of a merge": lambda: Flow.range(2).merge(_waits().merge(Flow.never())),
}


@pytest.mark.parametrize("name", WAITING)
def test_it_is_refused_where_it_would_wait(name: str):
    async def run() -> None:
        with pytest.raises(RuntimeError, match="would block the running event loop"):
            for _ in WAITING[name]():
                pass

    asyncio.run(run())


@pytest.mark.parametrize("nested", [False, True])
def test_it_is_refused_at_once_where_it_would_wait_later(nested: bool):
    seen: list[int] = []

    async def run() -> None:
        flow = Flow.range(300).tap(seen.append).concat(_waits())
        if nested:
            flow = Flow.range(3).concat(flow.map(abs), Flow.of(1))
        with pytest.raises(RuntimeError, match="to wait for interval") as caught:
            for _ in flow:
                pass
        assert line_of("# waits", __file__) in str(caught.value)
        assert list(Flow.of(1).switch_if_empty(_waits())) == [1]  # which has no need of it

    asyncio.run(run())
    assert seen == []


SOURCES: dict[str, Callable[[], Flow[int]]] = {
    "clock": lambda: _waits().take(40),
    "async source": lambda: Flow.from_async_iterable(_some()),
    "merged": lambda: _waits().merge(_waits()).take(40),
    "in the midst": lambda: (
        Flow.range(3).concat_map(lambda n: _waits() if n == 2 else Flow.of(n)).take(40)
    ),
}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("case", OPERATORS.values(), ids=OPERATORS)
def test_no_operator_waits_there_nor_takes_that_for_a_failure(case: Case, source: str):
    async def run() -> None:
        flow = case.build(SOURCES[source]())
        if case.name in {"first", "single"} and source == "in the midst":
            assert list(flow) == [0]  # there is nothing to wait for
            return
        with pytest.raises(RuntimeError, match="would block the running event loop"):
            list(flow)

    asyncio.run(run())
