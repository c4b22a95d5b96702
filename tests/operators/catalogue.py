"""Every method of Flow, with what the tests that go through all of them have to know about it."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import nullcontext
from dataclasses import dataclass
from random import Random
from typing import Any

from operators import Flow, OnComplete, OnNext, ResumableFlow, Valve, adaptive
from operators._kernel.plan.node import Node
from operators.custom import Contract, Step
from operators.lifecycle.checkpoint import Checkpoint
from operators.schedulers import immediate, thread
from reactive_streams import UNBOUNDED
from tests.operators.timed_cases import add_timed_cases

ITEMS = range(40)
"""What flows into each operator."""


@dataclass(frozen=True)
class Case:
    """One operator, as it is put on a flow of ITEMS.

    `gives` says what must come out, in the language's own words; `most` how many items upstream may
    have been asked for once `r` were requested and `d` delivered (its demand contract); `hops` that
    signals may come from another thread; `mixes` that the order is not given; `drops` that what is
    not asked for in time is gone; `early` that it is over before upstream is.
    """

    name: str
    build: Callable[[Any], Flow[Any]]
    gives: Callable[[list[int]], list[Any]]
    most: Callable[[int, int], int]
    hops: bool = False
    mixes: bool = False
    drops: bool = False
    early: bool = False

    def expected(self) -> list[Any]:
        return self.gives(list(ITEMS))


def _same(items: list[int]) -> list[Any]:
    return items


def _twice(items: list[int]) -> list[Any]:
    return [n for n in items for _ in range(2)]


class AddOne(Step[int, int]):
    name = "apply"
    body = "$item += 1"
    contract = Contract.PASS_THROUGH


async def _plus_one(n: int) -> int:
    await asyncio.sleep(0)
    return n + 1


async def _plus_ones_later(batch: list[int]) -> list[int]:
    await asyncio.sleep(0)
    return _add_ones(batch)


def _add_ones(batch: list[int]) -> list[int]:
    return [n + 1 for n in batch]


def _add_one(n: int) -> int:
    return n + 1


def _pass(r: int, d: int) -> int:
    return r


def _each_second(r: int, d: int) -> int:
    # One that is left out for each but the first, in place of which one is asked for.
    return 2 * r - 1


def _shuffled(items: list[int]) -> list[Any]:
    held, out, pick = items[:4], list[Any](), Random(1).random
    for item in [*items[4:], *[None] * 4]:
        slot = int(pick() * len(held))
        out.append(held[slot])
        held[slot] = held[-1] if item is None else item
        held = held[:-1] if item is None else held
    return out


def _counted(flow: Flow[int]) -> Flow[int]:
    # Whatever the source; `checkpoint` itself wants one that gives the same again.
    return ResumableFlow(Node(Checkpoint([], 0), flow.node))


def _half(r: int, d: int) -> int:
    return (r + 1) // 2


def _ahead(n: int) -> Callable[[int, int], int]:
    return lambda r, d: n + d


def _all(r: int, d: int) -> int:
    return UNBOUNDED


def _plus_ones(items: list[int]) -> list[Any]:
    return [n + 1 for n in items]


def _itself(flow: Flow[int]) -> Flow[int]:
    return flow


def _zero(n: int) -> int:
    return 0


class _Nobody:
    """A Subscriber that takes all and says nothing."""

    def on_subscribe(self, subscription: Any) -> None:
        subscription.request(UNBOUNDED)

    def on_next(self, item: Any) -> None:
        pass

    def on_error(self, error: Exception) -> None:
        pass

    def on_complete(self) -> None:
        pass


OPERATORS: dict[str, Case] = {}


def _case(name: str, label: str, build: Any, gives: Any, most: Any, **traits: bool) -> None:
    key = f"{name} {label}".strip()
    assert key not in OPERATORS
    OPERATORS[key] = Case(name, build, gives, most, **traits)


def _even(n: int) -> bool:
    return n % 2 == 0


_case("starmap", "", lambda f: f.map(lambda n: (n, 1)).starmap(int.__add__), _plus_ones, _pass)
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
_case("take_last", "", lambda f: f.take_last(3), lambda i: i[-3:], _all)
_case("skip_last", "", lambda f: f.skip_last(3), lambda i: i[:-3], lambda r, d: r + 3)
_case("shuffle", "", lambda f: f.shuffle(4, seed=1), _shuffled, lambda r, d: r + 4)
_case("take_until", "a test", lambda f: f.take_until(lambda n: n == 30), lambda i: i[:31], _pass)
_case("ignore_elements", "", lambda f: f.ignore_elements(), lambda i: [], _all, drops=True)
_case("default_if_empty", "", lambda f: f.default_if_empty(-1), _same, _pass)
_case("switch_if_empty", "", lambda f: f.switch_if_empty(Flow.of(-1)), _same, _pass)
_case("of_type", "", lambda f: f.of_type(int), _same, _pass)
_case("cast", "", lambda f: f.cast((int, str)), _same, _pass)
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
_case(
    "buffer", "with gaps", lambda f: f.buffer(2, 3), lambda i: [i[n : n + 2] for n in i[::3]],
    lambda r, d: 3 * r - 1,
)  # fmt: skip
_case(
    "buffer", "overlapping", lambda f: f.buffer(3, 2), lambda i: [i[n : n + 3] for n in i[::2]],
    lambda r, d: 2 * r + 1,
)  # fmt: skip
_case(
    "buffer_weighted", "", lambda f: f.buffer_weighted(2, lambda n: 1),
    lambda i: [i[n : n + 2] for n in i[::2]], lambda r, d: 2 * r,
)  # fmt: skip
_case(
    "materialize",
    "",
    lambda f: f.materialize(),
    lambda i: [*map(OnNext, i), OnComplete()],
    _pass,
    early=True,
)
_case("dematerialize", "", lambda f: f.map(OnNext).dematerialize(), _same, _pass)
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
    "zip_longest", "", lambda f: f.zip_longest(Flow.range(100, 102), prefetch=4),
    lambda i: list(itertools.zip_longest(i, range(100, 102))), _ahead(4),
)  # fmt: skip
_case(
    "merge_sorted", "", lambda f: f.merge_sorted(Flow.range(9), prefetch=4),
    lambda i: sorted([*i, *range(9)]), _ahead(5),
)  # fmt: skip
_case(
    "interleave", "", lambda f: f.interleave(Flow.of(-1, -2), size=2, prefetch=4),
    lambda i: [*i[:2], -1, -2, *i[2:]], _ahead(4),
)  # fmt: skip
_case("start_with", "", lambda f: f.start_with(-1), lambda i: [-1, *i], _pass)
_case(
    "concat_map_eager", "", lambda f: f.concat_map_eager(lambda n: Flow.of(n, n), concurrency=4),
    _twice, lambda r, d: 4 + d // 2,
)  # fmt: skip
_case(
    "concat_map_eager", "of pushed flows",
    lambda f: f.concat_map_eager(lambda n: Flow.of(n, n).limit_rate(1), concurrency=4, prefetch=2),
    _twice, lambda r, d: 4 + d // 2,
)  # fmt: skip
_case(
    "expand", "", lambda f: f.expand(lambda n: Flow.of(n - 100) if n >= 30 else Flow.empty()),
    lambda i: [*i, *(n - 100 for n in i[30:])], _pass,
)  # fmt: skip
_case(
    "merge", "", lambda f: f.merge(Flow.of(-1, -2), prefetch=4), lambda i: [*i, -1, -2], _ahead(4),
    mixes=True,
)  # fmt: skip
_case("concat", "", lambda f: f.concat(Flow.of(-1, -2)), lambda i: [*i, -1, -2], _pass)
_case("on_error_return", "", lambda f: f.on_error_return(-1), _same, _pass)
_case("on_error_resume", "", lambda f: f.on_error_resume(lambda error: Flow.of(-1)), _same, _pass)
_case("retry", "", lambda f: f.retry(3), _same, _pass)
_case("on_error_map", "", lambda f: f.on_error_map(lambda error: error), _same, _pass)
_case("skip_errors", "", lambda f: f.map(_add_one).skip_errors(list), _plus_ones, _pass)
_case("repeat", "", lambda f: f.repeat(1), _same, _pass)
_case("limit_rate", "", lambda f: f.limit_rate(2), _same, _pass)
_case("cap_demand", "", lambda f: f.cap_demand(2), _same, _pass)
_case("valve", "", lambda f: f.valve(Valve(), prefetch=4), _same, _ahead(4))
_case("conflate", "", lambda f: f.conflate(int.__add__), _same, _all, drops=True)
_case(
    "batch_while_waiting", "", lambda f: f.batch_while_waiting(1), lambda i: [[n] for n in i],
    _ahead(1),
)  # fmt: skip
_case("extrapolate", "", lambda f: f.extrapolate(lambda n: ()), _same, _ahead(1))
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
    "map_async", "by key", lambda f: f.map_async(_plus_one, concurrency=4, key=_even), _plus_ones,
    _ahead(4), hops=True,
)  # fmt: skip
_case(
    "map_async", "as they come", lambda f: f.map_async(_add_one, concurrency=4, ordered=False),
    _plus_ones, _ahead(4), hops=True, mixes=True,
)  # fmt: skip
_case(
    "map_async", "adaptive",
    lambda f: f.map_async(_plus_one, concurrency=adaptive(1, 4, target_latency=1)), _plus_ones, _ahead(4),
    hops=True,
)  # fmt: skip
_case(
    "map_batches", "on threads", lambda f: f.map_batches(_add_ones, max_size=2), _plus_ones, _ahead(4),
    hops=True,
)  # fmt: skip
_case(
    "map_batches", "of a coroutine function",
    lambda f: f.map_batches(_plus_ones_later, max_size=2, concurrency=3), _plus_ones, _ahead(8), hops=True,
)  # fmt: skip
_case(
    "map_batches", "by weight", lambda f: f.map_batches(_add_ones, max_size=4, max_weight=30, weight=float),
    _plus_ones, _ahead(8), hops=True,
)  # fmt: skip
_case(
    "map_batches", "as they come",
    lambda f: f.map_batches(_add_ones, max_size=2, concurrency=2, ordered=False, max_wait=0.001),
    _plus_ones, _ahead(6), hops=True, mixes=True,
)  # fmt: skip
_case(
    "publish_on", "", lambda f: f.publish_on(thread("hop"), prefetch=4), _same, _ahead(4), hops=True
)
_case("publish_on", "here", lambda f: f.publish_on(immediate(), prefetch=4), _same, _ahead(4))
_case("subscribe_on", "", lambda f: f.subscribe_on(thread("hop")), _same, _pass, hops=True)
_case("cancel_on", "", lambda f: f.cancel_on(thread("hop")), _same, _pass)
_case("cancel_on", "here", lambda f: f.cancel_on(immediate()), _same, _pass)
_case("subscribe_on", "here", lambda f: f.subscribe_on(immediate()), _same, _pass)
_case(
    "switch_map", "",
    lambda f: f.switch_map(lambda n: Flow.of(n, n) if n == 39 else Flow.empty(), prefetch=4),
    lambda i: [39, 39], _all, hops=True,
)  # fmt: skip
_case(
    "switch_on_first", "",
    lambda f: f.switch_on_first(lambda first, f: f.map(lambda n: n + first + 1), prefetch=4),
    _plus_ones, _ahead(4), hops=True,
)  # fmt: skip
_case(
    "combine_latest", "", lambda f: Flow.of(-1).combine_latest(f, prefetch=4),
    lambda i: [(-1, n) for n in i], _ahead(4), hops=True,
)  # fmt: skip
_case(
    "with_latest_from", "", lambda f: f.with_latest_from(Flow.of(-1)), lambda i: [(n, -1) for n in i],
    _pass, hops=True,
)  # fmt: skip
_case("race", "", lambda f: f.race(Flow.never()), _same, _pass)
_case("publish", "", lambda f: f.publish(prefetch=4).ref_count(), _same, _ahead(4), hops=True)
_case("share", "", lambda f: f.share(prefetch=4), _same, _ahead(4), hops=True)
_case("replay", "", lambda f: f.replay(2, prefetch=4).ref_count(), _same, _ahead(4), hops=True)
_case("cache", "", lambda f: f.cache(), _same, _ahead(256), hops=True)
_case(
    "group_by",
    "",
    lambda f: f.group_by(_even, prefetch=4).flat_map(_itself, prefetch=2),
    _same,
    _ahead(8),
    hops=True,
    mixes=True,
)
_case(
    "window", "", lambda f: f.window(3, prefetch=4).concat_map(_itself), _same, _ahead(4), hops=True
)
_case(
    "window_until",
    "",
    lambda f: f.window_until(_even, prefetch=4).concat_map(_itself),
    _same,
    _ahead(4),
    hops=True,
)
_case(
    "window_time",
    "",
    lambda f: f.window_time(60.0, prefetch=4).concat_map(_itself),
    _same,
    _ahead(4),
    hops=True,
)
_case("broadcast", "", lambda f: f.broadcast(1, prefetch=4)[0], _same, _ahead(4), hops=True)
_case(
    "balance",
    "",
    lambda f: f.balance(1, prefetch=4)[0],
    _same,
    _ahead(4),
    hops=True,
)
_case(
    "parallel",
    "",
    lambda f: f.parallel(1, prefetch=4).sequential(prefetch=4),
    _same,
    _ahead(8),
    hops=True,
)
_case(
    "parallel",
    "on threads",
    lambda f: f.parallel(2, prefetch=4).run_on(thread(), prefetch=2).sequential(prefetch=2),
    _same,
    _ahead(4 + 2 * (2 + 3)),
    hops=True,
    mixes=True,
)
_case(
    "partition",
    "",
    lambda f: f.partition(_zero, 1, prefetch=4)[0],
    _same,
    _ahead(4),
    hops=True,
)
_case("also_to", "", lambda f: f.also_to(_Nobody(), prefetch=4), _same, _ahead(4), hops=True)
_case("wire_tap", "", lambda f: f.wire_tap(_Nobody(), prefetch=4), _same, _ahead(4), hops=True)
_case("tap", "", lambda f: f.tap(_add_one), _same, _pass)
_case(
    "tap",
    "of all signals",
    lambda f: f.tap(_add_one, on_complete=list, on_cancel=list),
    _same,
    _pass,
)
_case("on_start", "", lambda f: f.on_start(list), _same, _pass)
_case("on_terminate", "", lambda f: f.on_terminate(list), _same, _pass)
_case("on_finally", "", lambda f: f.on_finally(list), _same, _pass)
_case("on_discard", "", lambda f: f.on_discard(_add_one), _same, _pass)
_case("checkpoint", "", _counted, _same, _pass)
_case("named", "", lambda f: f.map(_add_one).named("plus one"), _plus_ones, _pass)
_case("watch", "", lambda f: f.map(_add_one).watch(stall=3600), _plus_ones, _pass)
_case("apply", "", lambda f: f.apply(AddOne()), _plus_ones, _pass)
_case("pipe", "", lambda f: f.pipe(lambda flow: flow.map(_add_one)), _plus_ones, _pass)
add_timed_cases(_case)


_case("first", "", lambda f: f.first(), lambda i: i[:1], lambda r, d: 1, early=True)
_case("last", "", lambda f: f.last(), lambda i: i[-1:], _all)
_case("single", "", lambda f: f.take(1).single(), lambda i: i[:1], lambda r, d: 1, early=True)
_case("element_at", "", lambda f: f.element_at(4), lambda i: i[4:5], lambda r, d: 5)
_case("count", "", lambda f: f.count(), lambda i: [len(i)], _all)
_case("sum", "", lambda f: f.sum(), lambda i: [sum(i)], _all)
_case("min", "", lambda f: f.min(), lambda i: [min(i)], _all)
_case("max", "", lambda f: f.max(), lambda i: [max(i)], _all)
_case("max", "by a key", lambda f: f.max(lambda n: -n), lambda i: [min(i)], _all)
_case("to_list", "", lambda f: f.to_list(), lambda i: [i], _all)
_case("to_set", "", lambda f: f.to_set(), lambda i: [set(i)], _all)
_case("to_dict", "", lambda f: f.to_dict(str), lambda i: [{str(n): n for n in i}], _all)
_case("collect", "", lambda f: f.collect(list, list.append), lambda i: [i], _all)
_case("all", "", lambda f: f.all(lambda n: n < 30), lambda i: [False], _all)
_case("any", "", lambda f: f.any(lambda n: n == 30), lambda i: [True], _all)
_case("contains", "", lambda f: f.contains(30), lambda i: [True], _all)


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


def _done() -> Future[int]:
    future: Future[int] = Future()
    future.set_result(7)
    return future


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
    "repeat_value": Made("repeat_value", lambda: Flow.repeat_value(7).take(3), [7, 7, 7]),
    "from_future": Made("from_future", lambda: Flow.from_future(_done()), [7]),
    "using": Made("using", lambda: Flow.using(nullcontext, lambda _: Flow.range(9)), _NINE),
    "generate": Made(
        "generate", lambda: Flow.generate(0, lambda n: (n, n + 1) if n < 9 else None), _NINE
    ),
    "create": Made("create", lambda: Flow.create(_count), _NINE, hops=True),
    "create of a coroutine function": Made(
        "create", lambda: Flow.create(_count_async), _NINE, hops=True
    ),
    "timer": Made("timer", lambda: Flow.timer(0.001), [0], hops=True),
    "create with small room": Made(
        "create", lambda: Flow.create(_count, capacity=1), _NINE, hops=True
    ),
}

WITHOUT_ITEMS = {"never", "error", "interval"}
"""Sources that the tests of demand have nothing to ask of, or that do not wait to be asked."""

RUNNING = {"subscribe", "run", "for_each", "describe", "explain", "to_marbles"}
"""What runs or shows a flow: tested in files of their own."""


def missing(flow: type) -> set[str]:
    """Return the public methods that the catalogue does not know."""
    known = {case.name for case in OPERATORS.values()} | {made.name for made in SOURCES.values()}
    methods = {
        name for name in dir(flow) if not name.startswith("_") and callable(getattr(flow, name))
    }
    return methods - known - WITHOUT_ITEMS - RUNNING
