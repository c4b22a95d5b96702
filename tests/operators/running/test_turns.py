"""Nothing freezes an event loop: whatever runs on it, it gets its turn, and a timeout takes effect."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from operators import Flow
from reactive_streams import UNBOUNDED
from tests.operators.catalogue import OPERATORS
from tests.operators.heart import LONGEST, WAYS, watched

ENDLESS = 10**12


def _no(item: Any) -> bool:
    return False


# Which items there are: those that pass, none that reaches the operator, none that comes out of it.
PASSING: dict[str, Callable[[Callable[[Flow[Any]], Flow[Any]]], Flow[Any]]] = {
    "all": lambda build: build(Flow.range(ENDLESS)),
    "none before": lambda build: build(Flow.range(ENDLESS).filter(_no)),
    "none after": lambda build: build(Flow.range(ENDLESS)).filter(_no),
}


def _failing() -> Flow[Any]:
    return Flow.error(ValueError("at once"))


def _spin(item: Any) -> Any:
    """Work for a millisecond: turns are given by time, not by the number of items."""
    until = time.thread_time() + 0.001
    while time.thread_time() < until:
        pass
    return item


async def _at_once() -> AsyncIterator[int]:
    for n in itertools.count():
        yield n


def _numbers() -> Iterator[int]:
    yield from itertools.count()


async def _never_waits(emitter: Any) -> None:
    for n in itertools.count():
        if not await emitter.emit(n):
            return


async def _same(n: int) -> int:
    return n


def _many() -> Flow[int]:
    return Flow.range(ENDLESS)


def _at_once_flow() -> Flow[int]:
    return Flow.from_async_iterable(_at_once())


FURTHER: dict[str, Callable[[], Flow[Any]]] = {
    "a generator": lambda: Flow.from_iterable(_numbers()),
    "an async source that never waits": _at_once_flow,
    "an async source, all left out": lambda: _at_once_flow().filter(_no),
    "generate": lambda: Flow.generate(0, lambda n: (n, n + 1)),
    "a coroutine producer that never waits": lambda: Flow.create(_never_waits),
    "a foreign Publisher": lambda: Flow.from_publisher(_many().limit_rate(8)),
    "a foreign Publisher, all left out": lambda: Flow.from_publisher(_many().filter(_no)),
    "map_async of what never waits": lambda: _many().map_async(_same),
    "map_async of what never waits, all left out": lambda: _many().map_async(_same).filter(_no),
    "slow steps": lambda: _many().map(_spin),
    "slow steps, all left out": lambda: _many().map(_spin).filter(_no),
    "slow steps, pushed": lambda: Flow.from_publisher(_many()).map(_spin),
    "slow steps behind a queue": lambda: _many().on_backpressure_buffer(64, overflow="block").map(_spin),
    "slow steps behind map_async": lambda: _many().map_async(_same).map(_spin),
    "slow steps behind an async source": lambda: _at_once_flow().map(_spin),
    "a retry that fails at once": lambda: _failing().retry(UNBOUNDED),
    "a retry that fails midway": lambda: _many().map(lambda n: 1 // (5 - n)).filter(_no).retry(UNBOUNDED),
    "on_error_resume, again and again": lambda: _resumed(0),
    "defer, again and again": lambda: Flow.defer(_failing).retry(UNBOUNDED),
    "concat_map of empty flows": lambda: _many().concat_map(lambda n: Flow.empty()),
    "concat_map of one endless flow": lambda: Flow.of(1).concat_map(lambda n: _many()),
    "concat_map of one, all left out": lambda: Flow.of(1).concat_map(lambda n: _many().filter(_no)),
    "concat and defer": lambda: _pages(0),
    "flat_map of empty flows": lambda: _many().flat_map(lambda n: Flow.empty()),
    "flat_map of endless flows": lambda: _many().flat_map(lambda n: _many()),
    "flat_map of endless flows, all left out": lambda: _many().flat_map(lambda n: _many().filter(_no)),
    "flat_map_iterable of an endless one": lambda: Flow.of(1).flat_map_iterable(lambda n: _numbers()),
    "flat_map_iterable, all left out": lambda: Flow.of(1).flat_map_iterable(lambda n: _numbers()).filter(_no),
    "flat_map_iterable of empty ones": lambda: _many().flat_map_iterable(lambda n: ()),
    "merge of endless flows": lambda: _many().merge(_many()),
    "merge of endless flows, all left out": lambda: _many().filter(_no).merge(_many().filter(_no)),
    "merge with an async source": lambda: _many().merge(_at_once_flow()),
    "zip of endless flows": lambda: _many().zip(_many()),
    "zip with an async source": lambda: _many().zip(_at_once_flow()),
    "skip": lambda: _many().skip(ENDLESS - 1),
}  # fmt: skip


def _resumed(n: int) -> Flow[Any]:
    return _failing().on_error_resume(lambda error: Flow.defer(lambda: _resumed(n + 1)))


def _pages(n: int) -> Flow[int]:
    return Flow.of(n).concat(Flow.defer(lambda: _pages(n + 1)))


def cases() -> Iterator[Any]:
    # Each operator with what passes and in each way, and each of these two with the other; who is late by
    # all three at once is late by two of them.
    ways = list(WAYS)
    for number, (key, case) in enumerate(OPERATORS.items()):
        for shift, (passing, put) in enumerate(PASSING.items()):
            for way in ways[(number + shift) % 2 :: 2]:
                make = lambda case=case, put=put: put(case.build)  # noqa: E731
                yield pytest.param(make, way, id=f"{key}, {passing}, {way}")
    for name, further in FURTHER.items():
        for way in ways:
            yield pytest.param(further, way, id=f"{name}, {way}")


@pytest.mark.usefixtures("dropped")
@pytest.mark.parametrize(("make", "way"), list(cases()))
def test_the_loop_gets_its_turn(make: Callable[[], Flow[Any]], way: str) -> None:
    watched(make(), way)


@pytest.mark.parametrize("way", WAYS)
def test_a_source_that_keeps_the_loop_is_found(way: str) -> None:
    async def keeps() -> AsyncIterator[int]:
        while True:
            for _ in range(int(LONGEST / 0.001) + 5):
                _spin(0)
            yield 0
            await asyncio.sleep(0)

    with pytest.raises(AssertionError, match="the loop waited"):
        watched(Flow.from_async_iterable(keeps()), way)


def test_a_loop_that_never_gets_its_turn_is_found() -> None:
    def keeps() -> Iterator[int]:
        while True:
            pass
        yield 0

    with pytest.raises(pytest.fail.Exception, match="no turn"):
        watched(Flow.from_iterable(keeps()), "async for")
