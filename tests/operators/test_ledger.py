"""The ledger, for each operator that holds items: produced = delivered + dropped + discarded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from operators import Flow, Valve
from operators.schedulers import immediate, thread
from operators.testing import Ledger, ledger
from tests.operators.catalogue import OPERATORS, SOURCES
from tests.operators.kit import DEADLINE, Handmade, eventually, probe
from tests.operators.timed_cases import TIMED_BUILDS
from tests.operators.turns import in_turn

MOST = 12
"""Items that upstream has to give, if it is asked for so many."""


def other(book: Ledger, many: int) -> Flow[str]:
    """A flow that is pushed, beside the one that the operator stands on."""
    return Flow.from_publisher(Flow.range(many).map(lambda n: book.made(f"other {n}")))


def parts(book: Ledger, item: str) -> list[str]:
    """What is made of an item, which is then no longer to be accounted for."""
    return book.became(item, [f"{item}.{n}" for n in range(3)])


def texts(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else [text for part in value for text in texts(part)]


async def later(item: str) -> str:
    await asyncio.sleep(0)
    return item


async def all_later(items: list[str]) -> list[str]:
    await asyncio.sleep(0)
    return items


def fails(item: str) -> str:
    raise KeyError(item)


def together(flow: Flow[str]) -> Flow[Any]:
    """A flow of all that has come so far."""
    return flow.scan(lambda so_far, item: (*so_far, item), ())


def queued(flow: Flow[str]) -> Flow[str]:
    return flow.publish_on(immediate(), prefetch=MOST)


Build = Callable[[Flow[str], Ledger], Flow[Any]]
SHARED_BUILDS: dict[str, Build] = {
    "switch_map": lambda f, it: f.switch_map(
        lambda item: Flow.from_publisher(Flow.from_iterable(parts(it, item))), prefetch=9
    ),
    "switch_on_first": lambda f, it: f.switch_on_first(lambda first, all_of: all_of, prefetch=4),
    "combine_latest": lambda f, it: f.combine_latest(other(it, 20), prefetch=4),
    "with_latest_from": lambda f, it: f.with_latest_from(other(it, 20)),
    "share": lambda f, it: f.share(prefetch=4),
    "replay": lambda f, it: f.replay(2, prefetch=4).ref_count(),
    "group_by": lambda f, it: f.group_by(len, prefetch=4).flat_map(lambda group: group),
    "group_by, of many": lambda f, it: f.group_by(str, prefetch=4, most=1).concat_map(lambda g: g),
    "window": lambda f, it: f.window(3, prefetch=4).concat_map(lambda window: window),
    "window_until": lambda f, it: f.window_until(
        lambda item: item.endswith("3"), prefetch=4
    ).concat_map(lambda window: window),
    "window_time": lambda f, it: f.window_time(60.0, prefetch=4).concat_map(lambda w: w),
    "broadcast": lambda f, it: f.broadcast(1, prefetch=4)[0],
    "balance": lambda f, it: f.balance(1, prefetch=4)[0],
    "parallel": lambda f, it: f.parallel(1, prefetch=4).sequential(prefetch=2),
    "partition": lambda f, it: f.partition(lambda item: 0, 1, prefetch=4)[0],
    # What waits upstream of those that share a flow belongs to the run that they share.
    "share, behind a queue": lambda f, it: queued(f).share(prefetch=2),
    "replay, behind a queue": lambda f, it: queued(f).replay(1, prefetch=2).ref_count(),
    "broadcast, behind a queue": lambda f, it: queued(f).broadcast(1, prefetch=2)[0],
    "balance, behind a queue": lambda f, it: queued(f).balance(1, prefetch=2)[0],
    "partition, behind a queue": lambda f, it: queued(f).partition(lambda item: 0, 1, prefetch=2)[
        0
    ],
}
BUILDS: dict[str, Build] = {
    "buffer": lambda f, it: f.buffer(3),
    "pairwise": lambda f, it: f.pairwise(),
    "reduce": lambda f, it: f.reduce(lambda so_far, item: (so_far, item)),  # type: ignore[arg-type, return-value]
    "take_last": lambda f, it: f.take_last(MOST),
    "skip_last": lambda f, it: f.skip_last(2),
    "shuffle": lambda f, it: f.shuffle(3, seed=1),
    # Of one item all but the chosen one are left out: so the chosen one is made of them all.
    "last": lambda f, it: together(f).last(default=()),
    "single": lambda f, it: together(f).reduce(lambda _, made: made).single(default=()),
    "min": lambda f, it: together(f).min(lambda made: -len(texts(made)), default=()),
    "max": lambda f, it: together(f).max(lambda made: len(texts(made)), default=()),
    "to_list": lambda f, it: f.to_list(),
    "to_set": lambda f, it: f.to_set(),
    "to_dict": lambda f, it: f.to_dict(str.upper).map(lambda made: list(made.values())),
    "collect": lambda f, it: f.collect(list, list.append),
    "zip": lambda f, it: f.zip(other(it, 20), prefetch=4),
    "merge": lambda f, it: f.merge(other(it, 20), prefetch=4),
    "valve": lambda f, it: f.valve(Valve(), prefetch=4),
    "conflate": lambda f, it: f.conflate(lambda so_far, item: (so_far, item)),  # type: ignore[arg-type, return-value]
    "batch_while_waiting": lambda f, it: f.batch_while_waiting(4),
    "extrapolate": lambda f, it: f.extrapolate(lambda item: ()),
    "buffer, overlapping": lambda f, it: f.buffer(3, 1),
    "buffer_weighted": lambda f, it: f.buffer_weighted(3, lambda item: 1),
    "zip, strict": lambda f, it: f.zip(other(it, 20), prefetch=4, strict=True),
    "zip_longest": lambda f, it: f.zip_longest(other(it, 20), fillvalue=(), prefetch=4),
    "merge_sorted": lambda f, it: f.merge_sorted(other(it, 20), prefetch=4),
    "interleave": lambda f, it: f.interleave(other(it, 20), prefetch=4),
    "concat_map_eager": lambda f, it: f.concat_map_eager(
        lambda item: Flow.from_publisher(Flow.from_iterable(parts(it, item))), concurrency=2, prefetch=9
    ),
    "flat_map": lambda f, it: f.flat_map(
        lambda item: Flow.from_publisher(Flow.from_iterable(parts(it, item))), concurrency=2, prefetch=9
    ),
    "flat_map_iterable": lambda f, it: f.flat_map_iterable(lambda item: parts(it, item)),
    "publish_on": lambda f, it: f.publish_on(thread("hop"), prefetch=4),
    "publish_on, here": lambda f, it: f.publish_on(immediate(), prefetch=4),
    "map_async": lambda f, it: f.map_async(later, concurrency=4),
    "map_async, on threads": lambda f, it: f.map_async(str, concurrency=4),
    "map_async, as they come": lambda f, it: f.map_async(str, concurrency=4, ordered=False),
    "map_batches": lambda f, it: f.map_batches(all_later, max_size=2, concurrency=2),
    "map_batches, on threads": lambda f, it: f.map_batches(texts, max_size=3),
    "map_batches, as they come": lambda f, it: f.map_batches(
        texts, max_size=2, concurrency=2, ordered=False
    ),
    "map_async, of dead letters": lambda f, it: f.map_async(fails, concurrency=4).skip_errors(
        lambda letter: it.drop(letter.item)
    ),
    "on_backpressure_buffer": lambda f, it: f.on_backpressure_buffer(MOST),
    "on_backpressure_buffer, that drops": lambda f, it: f.on_backpressure_buffer(
        2, overflow="drop_oldest", on_drop=it.drop
    ),
    "on_backpressure_buffer, that blocks": lambda f, it: f.on_backpressure_buffer(
        4, overflow="block"
    ),
    "on_backpressure_latest": lambda f, it: f.on_backpressure_latest(it.drop),
    "on_backpressure_latest, discarded": lambda f, it: f.on_backpressure_latest(),
    **SHARED_BUILDS,
    **TIMED_BUILDS,
}  # fmt: skip


def params() -> list[Any]:
    return [pytest.param(build, id=name) for name, build in BUILDS.items()]


def test_every_operator_that_holds_items_is_here():
    holding = {
        case.name
        for case in OPERATORS.values()
        if any(
            stage.holds > 0
            for stage in case.build(Flow.range(3)).describe().stages
            if not stage.inner and stage.title.split(" ")[0] == case.name
        )
    }
    # What a cache holds is for whoever comes next, and never over; what of two Subscribers one has had is
    # not lost, nor what was delivered, and waits in expand to be a flow as well.
    others = {"cache", "also_to", "wire_tap", "expand"}
    assert holding - {name.split(",")[0] for name in BUILDS} == others


@pytest.mark.parametrize("build", params())
@in_turn("asked", [0, 1, 3])
@in_turn("end", ["cancel", "error", "completion"])
def test_what_is_held_at_the_end_is_discarded(build: Build, asked: int, end: str):
    book, publisher = Ledger(), Handmade()
    seen = probe(book.delivers(build(Flow.from_publisher(publisher), book)), asked)
    eventually(lambda: publisher.asked or not asked)
    while publisher.emitted < min(publisher.asked, MOST):
        publisher.emit(book.made(f"item {publisher.emitted}"))
    if end == "cancel":
        seen.cancel()
    elif end == "error":
        publisher.fail(KeyError())
    else:
        publisher.complete()
    if end != "cancel":
        seen.request(99).until_end()

    book.check(DEADLINE)
    assert seen.violations == []


@pytest.mark.parametrize("build", params())
def test_what_is_held_where_a_loop_is_left_is_discarded(build: Build):
    with ledger(seconds=DEADLINE) as book:
        source = Flow.range(MOST).map(lambda n: book.made(f"item {n}"))
        for _ in book.delivers(build(source, book)):
            break


@pytest.mark.parametrize("name", [name for name in SOURCES if name.startswith("create")])
def test_what_a_source_holds_at_a_cancel_is_discarded(name: str):
    assert SOURCES[name].make().describe().stages[-1].holds > 0
    book = Ledger()

    def produce(emitter: Any) -> None:
        for n in range(MOST):
            if emitter.emit(f"item {n}"):
                book.made(f"item {n}")  # else it was not taken in

    async def aproduce(emitter: Any) -> None:
        for n in range(MOST):
            if await emitter.emit(f"item {n}"):
                book.made(f"item {n}")

    flow: Flow[str] = Flow.create(aproduce if "coroutine" in name else produce, capacity=4)
    seen = probe(book.delivers(flow), 2).until_items(2)
    eventually(lambda: len(book.produced) >= 6)
    seen.cancel()
    book.check(DEADLINE)
