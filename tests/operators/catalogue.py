"""Every method of Flow, with what the tests that go through all of them have to know about it."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from operators import Flow
from operators.schedulers import immediate, thread
from reactive_streams import UNBOUNDED

ITEMS = range(40)
"""What flows into each operator."""


@dataclass(frozen=True)
class Case:
    """One operator, as it is put on a flow of ITEMS.

    `gives` says what must come out, in the language's own words; `most` how many items upstream may
    have been asked for once `r` were requested and `d` delivered (its demand contract); `hops` that
    signals may come from another thread; `mixes` that the order is not given; `drops` that what is
    not asked for in time is gone; `alone` that it is a stage by itself, whatever it stands behind.
    """

    name: str
    build: Callable[[Any], Flow[Any]]
    gives: Callable[[list[int]], list[Any]]
    most: Callable[[int, int], int]
    hops: bool = False
    mixes: bool = False
    drops: bool = False

    def expected(self) -> list[Any]:
        return self.gives(list(ITEMS))


def _same(items: list[int]) -> list[Any]:
    return items


def _twice(items: list[int]) -> list[Any]:
    return [n for n in items for _ in range(2)]


async def _plus_one(n: int) -> int:
    await asyncio.sleep(0)
    return n + 1


def _add_one(n: int) -> int:
    return n + 1


def _pass(r: int, d: int) -> int:
    return r


def _each_second(r: int, d: int) -> int:
    return (
        2 * r - 1
    )  # one that is left out for each but the first, in place of which one is asked for


def _half(r: int, d: int) -> int:
    return (r + 1) // 2


def _ahead(n: int) -> Callable[[int, int], int]:
    return lambda r, d: n + d


def _all(r: int, d: int) -> int:
    return UNBOUNDED


def _plus_ones(items: list[int]) -> list[Any]:
    return [n + 1 for n in items]


OPERATORS: dict[str, Case] = {}


def _case(name: str, label: str, build: Any, gives: Any, most: Any, **traits: bool) -> None:
    key = f"{name} {label}".strip()
    assert key not in OPERATORS
    OPERATORS[key] = Case(name, build, gives, most, **traits)


def _even(n: int) -> bool:
    return n % 2 == 0


_case("map", "", lambda f: f.map(_add_one), _plus_ones, _pass)
_case(
    "map_not_none", "", lambda f: f.map_not_none({n: n for n in ITEMS[::2]}.get), lambda i: i[::2],
    _each_second,
)  # fmt: skip
_case("filter", "", lambda f: f.filter(_even), lambda i: i[::2], _each_second)
_case("take", "", lambda f: f.take(10), lambda i: i[:10], lambda r, d: min(r, 10))
_case("take_while", "", lambda f: f.take_while(lambda n: n < 30), lambda i: i[:30], _pass)
_case("skip", "", lambda f: f.skip(2), lambda i: i[2:], lambda r, d: r + 2)
_case(
    "skip_while", "", lambda f: f.skip_while(lambda n: n < 2), lambda i: i[2:], lambda r, d: r + 2
)
_case("scan", "", lambda f: f.scan(int.__add__), lambda i: list(itertools.accumulate(i)), _pass)
_case(
    "scan", "with a seed", lambda f: f.scan(int.__add__, 7),
    lambda i: list(itertools.accumulate(i, initial=7))[1:], _pass,
)  # fmt: skip
_case("enumerate", "", lambda f: f.enumerate(5), lambda i: list(enumerate(i, 5)), _pass)
_case(
    "pairwise", "", lambda f: f.pairwise(), lambda i: list(itertools.pairwise(i)),
    lambda r, d: r + 1,
)  # fmt: skip
_case("distinct", "", lambda f: f.distinct(lambda n: n // 2), lambda i: i[::2], _each_second)
_case(
    "distinct_until_changed", "", lambda f: f.distinct_until_changed(lambda n: n // 2),
    lambda i: i[::2], _each_second,
)  # fmt: skip
_case(
    "buffer",
    "",
    lambda f: f.buffer(2),
    lambda i: [i[n : n + 2] for n in i[::2]],
    lambda r, d: 2 * r,
)
_case("reduce", "", lambda f: f.reduce(int.__add__), lambda i: [sum(i)], _all)
_case("reduce", "with a seed", lambda f: f.reduce(int.__add__, 7), lambda i: [7 + sum(i)], _all)
_case("flat_map_iterable", "", lambda f: f.flat_map_iterable(lambda n: [n, n]), _twice, _half)
_case("concat_map", "", lambda f: f.concat_map(lambda n: Flow.of(n, n)), _twice, _half)
_case(
    "concat_map", "of pushed flows", lambda f: f.concat_map(lambda n: Flow.of(n, n).limit_rate(1)),
    _twice, _half,
)  # fmt: skip
_case(
    "flat_map", "", lambda f: f.flat_map(lambda n: Flow.of(n, n), concurrency=4, prefetch=2), _twice,
    lambda r, d: 4 + d // 2, mixes=True,
)  # fmt: skip
_case(
    "flat_map", "of pushed flows",
    lambda f: f.flat_map(lambda n: Flow.of(n, n).limit_rate(1), concurrency=4, prefetch=2), _twice,
    lambda r, d: 4 + d // 2, mixes=True,
)  # fmt: skip
_case(
    "zip", "", lambda f: f.zip(Flow.range(100, 200), prefetch=4),
    lambda i: list(zip(i, range(100, 200), strict=False)), _ahead(4),
)  # fmt: skip
_case(
    "merge", "", lambda f: f.merge(Flow.of(-1, -2), prefetch=4), lambda i: [*i, -1, -2], _ahead(4),
    mixes=True,
)  # fmt: skip
_case("concat", "", lambda f: f.concat(Flow.of(-1, -2)), lambda i: [*i, -1, -2], _pass)
_case("on_error_return", "", lambda f: f.on_error_return(-1), _same, _pass)
_case("on_error_resume", "", lambda f: f.on_error_resume(lambda error: Flow.of(-1)), _same, _pass)
_case("retry", "", lambda f: f.retry(3), _same, _pass)
_case("limit_rate", "", lambda f: f.limit_rate(2), _same, _pass)
_case("on_backpressure_buffer", "", lambda f: f.on_backpressure_buffer(64), _same, _all)
_case(
    "on_backpressure_buffer", "that blocks",
    lambda f: f.on_backpressure_buffer(4, overflow="block"), _same, _ahead(4),
)  # fmt: skip
_case("on_backpressure_drop", "", lambda f: f.on_backpressure_drop(), _same, _all, drops=True)
_case("on_backpressure_latest", "", lambda f: f.on_backpressure_latest(), _same, _all, drops=True)
_case(
    "map_async", "on threads", lambda f: f.map_async(_add_one, concurrency=4), _plus_ones, _ahead(4),
    hops=True,
)  # fmt: skip
_case(
    "map_async", "of a coroutine function", lambda f: f.map_async(_plus_one, concurrency=4),
    _plus_ones, _ahead(4), hops=True,
)  # fmt: skip
_case(
    "map_async", "as they come", lambda f: f.map_async(_add_one, concurrency=4, ordered=False),
    _plus_ones, _ahead(4), hops=True, mixes=True,
)  # fmt: skip
_case(
    "publish_on", "", lambda f: f.publish_on(thread("hop"), prefetch=4), _same, _ahead(4), hops=True
)
_case("publish_on", "here", lambda f: f.publish_on(immediate(), prefetch=4), _same, _ahead(4))
_case("subscribe_on", "", lambda f: f.subscribe_on(thread("hop")), _same, _pass, hops=True)
_case("subscribe_on", "here", lambda f: f.subscribe_on(immediate()), _same, _pass)
_case("tap", "", lambda f: f.tap(_add_one), _same, _pass)
_case(
    "tap",
    "of all signals",
    lambda f: f.tap(_add_one, on_complete=list, on_cancel=list),
    _same,
    _pass,
)
_case("on_finally", "", lambda f: f.on_finally(list), _same, _pass)
_case("on_discard", "", lambda f: f.on_discard(_add_one), _same, _pass)
_case("named", "", lambda f: f.map(_add_one).named("plus one"), _plus_ones, _pass)
_case("pipe", "", lambda f: f.pipe(lambda flow: flow.map(_add_one)), _plus_ones, _pass)


@dataclass(frozen=True)
class Made:
    """One source: how to make it, what it gives, and whether its items come from another thread."""

    name: str
    make: Callable[[], Flow[Any]]
    gives: list[Any]
    hops: bool = False


def _count(emitter: Any) -> None:
    for n in range(9):
        emitter.emit(n)
    emitter.complete()


async def _count_async(emitter: Any) -> None:
    for n in range(9):
        await emitter.emit(n)
    emitter.complete()


async def _numbers() -> Any:
    for n in range(9):
        yield n


_NINE = list(range(9))
SOURCES: dict[str, Made] = {
    "of": Made("of", lambda: Flow.of(*range(9)), _NINE),
    "empty": Made("empty", Flow.empty, []),
    "range": Made("range", lambda: Flow.range(9), _NINE),
    "range of a step": Made("range", lambda: Flow.range(8, -1, -1), _NINE[::-1]),
    "from_iterable of a list": Made("from_iterable", lambda: Flow.from_iterable(_NINE), _NINE),
    "from_iterable of a generator": Made(
        "from_iterable", lambda: Flow.from_iterable(n for n in range(9)), _NINE
    ),
    "from_async_iterable": Made(
        "from_async_iterable", lambda: Flow.from_async_iterable(_numbers()), _NINE, hops=True
    ),
    "from_publisher": Made(
        "from_publisher", lambda: Flow.from_publisher(Flow.range(9).limit_rate(2)), _NINE
    ),
    "defer": Made("defer", lambda: Flow.defer(lambda: Flow.range(9)), _NINE),
    "generate": Made(
        "generate", lambda: Flow.generate(0, lambda n: (n, n + 1) if n < 9 else None), _NINE
    ),
    "create": Made("create", lambda: Flow.create(_count), _NINE, hops=True),
    "create of a coroutine function": Made(
        "create", lambda: Flow.create(_count_async), _NINE, hops=True
    ),
    "create with small room": Made(
        "create", lambda: Flow.create(_count, capacity=1), _NINE, hops=True
    ),
}

WITHOUT_ITEMS = {"never", "error"}
"""Sources that the tests of demand have nothing to ask of."""

RUNNING = {"subscribe", "run", "for_each", "describe", "explain"}
"""What runs or shows a flow: tested in files of their own."""


def missing(flow: type) -> set[str]:
    """Return the public methods that the catalogue does not know."""
    known = {case.name for case in OPERATORS.values()} | {made.name for made in SOURCES.values()}
    methods = {
        name for name in dir(flow) if not name.startswith("_") and callable(getattr(flow, name))
    }
    return methods - known - WITHOUT_ITEMS - RUNNING
