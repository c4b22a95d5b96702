"""The ledger, for each operator that holds items: produced = delivered + dropped + discarded."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from operators import Flow
from operators.schedulers import immediate, thread
from tests.operators.catalogue import OPERATORS, SOURCES
from tests.operators.kit import Handmade, eventually, probe

MOST = 12
"""Items that upstream has to give, if it is asked for so many."""


class Ledger:
    """What was produced, and what became of it; an item is a text, in whatever it is wrapped by now."""

    def __init__(self) -> None:
        self.produced: list[str] = []
        self.lost: list[Any] = []

    def made(self, item: str) -> str:
        self.produced.append(item)
        return item

    def other(self, many: int) -> Flow[str]:
        """A flow that is pushed, beside the one that the operator stands on."""
        return Flow.from_publisher(Flow.range(many).map(lambda n: self.made(f"other {n}")))

    def parts(self, item: str) -> list[str]:
        """What is made of an item, which is then no longer to be accounted for."""
        if item in self.produced:
            self.produced.remove(item)
        return [self.made(f"{item}.{n}") for n in range(3)]


def texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    assert isinstance(value, Iterable), value
    return [text for part in value for text in texts(part)]


async def later(item: str) -> str:
    await asyncio.sleep(0)
    return item


Build = Callable[[Flow[str], Ledger], Flow[Any]]
BUILDS: dict[str, Build] = {
    "buffer": lambda f, it: f.buffer(3),
    "pairwise": lambda f, it: f.pairwise(),
    "reduce": lambda f, it: f.reduce(lambda so_far, item: (so_far, item)),  # type: ignore[arg-type, return-value]
    "zip": lambda f, it: f.zip(it.other(20), prefetch=4),
    "merge": lambda f, it: f.merge(it.other(20), prefetch=4),
    "flat_map": lambda f, it: f.flat_map(
        lambda item: Flow.from_publisher(Flow.from_iterable(it.parts(item))), concurrency=2, prefetch=9
    ),
    "flat_map_iterable": lambda f, it: f.flat_map_iterable(it.parts),
    "publish_on": lambda f, it: f.publish_on(thread("hop"), prefetch=4),
    "publish_on, here": lambda f, it: f.publish_on(immediate(), prefetch=4),
    "map_async": lambda f, it: f.map_async(later, concurrency=4),
    "map_async, on threads": lambda f, it: f.map_async(str, concurrency=4),
    "map_async, as they come": lambda f, it: f.map_async(str, concurrency=4, ordered=False),
    "on_backpressure_buffer": lambda f, it: f.on_backpressure_buffer(MOST),
    "on_backpressure_buffer, that drops": lambda f, it: f.on_backpressure_buffer(
        2, overflow="drop_oldest", on_drop=it.lost.append
    ),
    "on_backpressure_buffer, that blocks": lambda f, it: f.on_backpressure_buffer(
        4, overflow="block"
    ),
    "on_backpressure_latest": lambda f, it: f.on_backpressure_latest(it.lost.append),
    "on_backpressure_latest, discarded": lambda f, it: f.on_backpressure_latest(),
}  # fmt: skip


def params() -> list[Any]:
    return [pytest.param(build, id=name) for name, build in BUILDS.items()]


def test_every_operator_that_holds_items_is_here():
    holding = {
        case.name
        for case in OPERATORS.values()
        if case.build(Flow.range(3)).describe().stages[-1].holds > 0
    }
    assert holding - {name.split(",")[0] for name in BUILDS} == set()


def adds_up(ledger: Ledger, delivered: list[Any], discarded: list[Any]) -> None:
    def account() -> tuple[set[str], Counter[str]]:
        # What is delivered may be so twice, as in a pair with the one before and with the next.
        lost = Counter(texts([*ledger.lost, *discarded]))
        return set(texts(delivered)), lost

    def balanced() -> bool:
        given, lost = account()
        return given | set(lost) == set(ledger.produced)

    eventually(balanced, "the end of it")
    given, lost = account()
    assert not given & set(lost), "delivered, and lost as well"
    assert all(count == 1 for count in lost.values()), "lost twice"


@pytest.mark.parametrize("build", params())
@pytest.mark.parametrize("asked", [0, 1, 3])
@pytest.mark.parametrize("end", ["cancel", "error", "completion"])
def test_what_is_held_at_the_end_is_discarded(build: Build, asked: int, end: str):
    ledger, publisher, discarded = Ledger(), Handmade(), list[Any]()
    seen = probe(build(Flow.from_publisher(publisher), ledger).on_discard(discarded.append), asked)
    eventually(lambda: publisher.asked or not asked)
    while publisher.emitted < min(publisher.asked, MOST):
        publisher.emit(ledger.made(f"item {publisher.emitted}"))
    if end == "cancel":
        seen.cancel()
    elif end == "error":
        publisher.fail(KeyError())
    else:
        publisher.complete()
    if end != "cancel":
        seen.request(99).until_end()

    adds_up(ledger, seen.items, discarded)
    assert seen.violations == []


@pytest.mark.parametrize("build", params())
def test_what_is_held_where_a_loop_is_left_is_discarded(build: Build):
    ledger, discarded = Ledger(), list[Any]()
    source = Flow.range(MOST).map(lambda n: ledger.made(f"item {n}"))
    flow = build(source, ledger).on_discard(discarded.append)
    seen = []
    for item in flow:
        seen.append(item)
        break
    adds_up(ledger, seen, discarded)


@pytest.mark.parametrize("name", [name for name in SOURCES if name.startswith("create")])
def test_what_a_source_holds_at_a_cancel_is_discarded(name: str):
    assert SOURCES[name].make().describe().stages[-1].holds > 0
    ledger, discarded = Ledger(), list[Any]()

    def produce(emitter: Any) -> None:
        for n in range(MOST):
            if emitter.emit(f"item {n}"):
                ledger.made(f"item {n}")  # else it was not taken in

    async def aproduce(emitter: Any) -> None:
        for n in range(MOST):
            if await emitter.emit(f"item {n}"):
                ledger.made(f"item {n}")

    flow: Flow[str] = Flow.create(aproduce if "coroutine" in name else produce, capacity=4)
    seen = probe(flow.on_discard(discarded.append), 2).until_items(2)
    eventually(lambda: len(ledger.produced) >= 6)
    seen.cancel()
    adds_up(ledger, seen.items, discarded)
