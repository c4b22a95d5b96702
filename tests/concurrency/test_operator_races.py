"""Two threads ask, or one asks and one cancels, while a third emits; over every kind of operator."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from operators import Flow, as_processor
from operators._kernel.links.queued import QueuedStage
from operators.schedulers import event_loop, executor, immediate, thread
from reactive_streams import UNBOUNDED
from tests.concurrency.team import DEADLINE, Serial, Team, Upstream
from tests.operators.kit import Handmade

pytestmark = pytest.mark.long

ITEMS = 12
Build = Callable[[Flow[Any]], Flow[Any]]


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool


async def same(item: Any) -> Any:
    return item


def through_a_processor(flow: Flow[Any]) -> Flow[Any]:
    processor = as_processor(lambda inner: inner.map(lambda item: item))
    flow.subscribe(processor)
    return Flow.from_publisher(processor)


def long(flow: Flow[Any]) -> Flow[Any]:
    """So many stages that relays come between them."""
    for _ in range(40):
        flow = flow.limit_rate(8)
    return flow


# Each delivers what comes in, in order, and nothing else.
CHEAP: dict[str, Build] = {
    "inlet": lambda flow: flow,
    "map": lambda flow: flow.map(lambda item: item),
    "filter": lambda flow: flow.filter(lambda item: True),
    "skip and take": lambda flow: flow.skip(0).take(ITEMS),
    "buffer": lambda flow: flow.buffer(1).map(lambda items: items[0]),
    "flat_map_iterable": lambda flow: flow.flat_map_iterable(lambda item: [item]),
    "limit_rate": lambda flow: flow.limit_rate(3),
    "concat_map": lambda flow: flow.concat_map(Flow.of),
    "concat": lambda flow: flow.concat(Flow.empty()),
    "flat_map": lambda flow: flow.flat_map(Flow.of, concurrency=1),
    "merge": lambda flow: flow.merge(Flow.empty(), prefetch=2),
    "zip": lambda flow: flow.zip(Flow.range(99), prefetch=2).map(lambda pair: pair[0]),
    "retry": lambda flow: flow.retry(3),
    "on_error_resume": lambda flow: Flow.error(ValueError()).on_error_resume(lambda _: flow),
    "on_finally": lambda flow: flow.on_finally(lambda: None),
    "tap": lambda flow: flow.tap(on_request=lambda n: None),
    "on_backpressure_buffer": lambda flow: flow.on_backpressure_buffer(ITEMS),
    "on_backpressure_buffer block": lambda flow: flow.on_backpressure_buffer(2, overflow="block"),
    "publish_on immediate": lambda flow: flow.publish_on(immediate(), prefetch=3),
    "as_processor": through_a_processor,
    "relays": long,
}
# Their end is known only when one more item is asked for.
LATE_END = {"flat_map_iterable", "concat"}
DEAR: dict[str, Build] = {
    "publish_on thread": lambda flow: flow.publish_on(thread(), prefetch=3),
    "publish_on loop": lambda flow: flow.publish_on(event_loop(), prefetch=3),
    "subscribe_on thread": lambda flow: flow.subscribe_on(thread()),
    "map_async threads": lambda flow: flow.map_async(lambda item: item, concurrency=3),
    "map_async coroutine": lambda flow: flow.map_async(same, concurrency=3),
}
ROUNDS = {"unshaken": 120, "shaken": 8, "dear": 40, "relays": 3}


@pytest.fixture(params=["unshaken", "shaken"])
def any_team(request: pytest.FixtureRequest) -> tuple[Team, int]:
    name = "team" if request.param == "unshaken" else "shaken_team"
    return request.getfixturevalue(name), ROUNDS[request.param]


def asked_by_two(team: Team, build: Build, more: int = 0) -> None:
    upstream = Upstream(ITEMS)
    subscriber = Serial()
    build(Flow.from_publisher(upstream)).subscribe(subscriber)
    half = ITEMS // 2
    team.run(upstream.emit, subscriber.requests(half), subscriber.requests(half + more))
    subscriber.ended(list(upstream.items))


@pytest.mark.parametrize("name", CHEAP)
def test_nothing_that_was_asked_for_is_lost(any_team: tuple[Team, int], name: str) -> None:
    team, rounds = any_team
    rounds = min(rounds, ROUNDS.get(name, rounds))
    for _ in range(rounds):
        asked_by_two(team, CHEAP[name], more=name in LATE_END)


@pytest.mark.parametrize("name", DEAR)
def test_nothing_is_lost_across_threads(team: Team, name: str) -> None:
    for _ in range(ROUNDS["dear"]):
        asked_by_two(team, DEAR[name])


def test_nothing_is_lost_on_a_pool(team: Team, pool: ThreadPoolExecutor) -> None:
    for _ in range(ROUNDS["dear"]):
        asked_by_two(team, lambda flow: flow.publish_on(executor(pool), prefetch=3))
        asked_by_two(team, lambda flow: flow.map_async(str, executor=pool).map(int))


def cancelled_by_one(team: Team, build: Build, after: int, *, ledger: bool = False) -> None:
    """Cancel after so many items, while more of them are asked for and come."""
    upstream = Upstream(ITEMS)
    subscriber = Serial()
    discarded: list[Any] = []
    build(Flow.from_publisher(upstream)).on_discard(discarded.append).subscribe(subscriber)

    def cancel() -> None:
        # In the ledger what counts is the item that is on its way when the cancel comes.
        (upstream if ledger else subscriber).wait_for(after)
        subscriber.cancel()
        upstream.forget()

    team.run(upstream.emit, subscriber.requests(ITEMS), cancel)
    assert subscriber.breaches == []
    assert subscriber.error is None
    assert subscriber.over.is_set() or upstream.is_left_alone()
    assert subscriber.got == upstream.sent[: len(subscriber.got)]
    if ledger:
        assert sorted(subscriber.got + discarded) == upstream.sent


@pytest.mark.parametrize("name", CHEAP)
def test_a_cancel_is_heard(any_team: tuple[Team, int], name: str) -> None:
    team, rounds = any_team
    rounds = min(rounds, ROUNDS.get(name, rounds))
    for number in range(rounds):
        cancelled_by_one(team, CHEAP[name], number % ITEMS)


@pytest.mark.parametrize("name", DEAR)
def test_a_cancel_is_heard_across_threads(team: Team, name: str) -> None:
    for number in range(ROUNDS["dear"]):
        cancelled_by_one(team, DEAR[name], number % ITEMS)


# Left out is what makes something else of an item: a tuple, a flow which then holds it, ...
IN_THE_LEDGER = [
    name
    for name in CHEAP
    if name not in ("zip", "buffer", "concat", "concat_map", "flat_map", "as_processor")
]


@pytest.mark.parametrize("name", IN_THE_LEDGER)
def test_each_item_is_delivered_or_discarded(any_team: tuple[Team, int], name: str) -> None:
    team, rounds = any_team
    rounds = min(rounds, ROUNDS.get(name, rounds))
    for number in range(rounds):
        cancelled_by_one(team, CHEAP[name], number % ITEMS, ledger=True)


def test_the_items_of_a_list_begun_are_delivered_or_discarded(any_team: tuple[Team, int]) -> None:
    team, rounds = any_team
    for number in range(rounds * 2):
        upstream = Upstream(ITEMS)
        subscriber = Serial()
        discarded: list[Any] = []
        flow = Flow.from_publisher(upstream).buffer(3).on_discard(discarded.append)
        flow.subscribe(subscriber)

        def cancel(after: int = number % ITEMS) -> None:
            upstream.wait_for(after)
            subscriber.cancel()

        team.run(upstream.emit, subscriber.requests(ITEMS), cancel)
        # A list that is full just as the cancel comes may be refused as one item.
        made = [item for item in [*subscriber.got, *discarded] if isinstance(item, list)]
        single = [item for item in discarded if not isinstance(item, list)]
        assert sorted(single + [item for items in made for item in items]) == upstream.sent


LOOPS: dict[str, Callable[[Any, Any], Flow[Any]]] = {
    "flat_map": lambda *flows: (
        Flow.of(*flows).publish_on(immediate()).flat_map(Flow.from_publisher)
    ),
    "zip": lambda one, other: Flow.from_publisher(one).zip(Flow.from_publisher(other)),
}


@pytest.mark.parametrize("kind", LOOPS)
def test_a_failure_is_no_end_for_a_loop_that_looks_while_it_is_noted(
    team: Team, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    good, bad = Handmade(), Handmade()
    flow = LOOPS[kind](good, bad)
    subscriber = Serial()
    flow.subscribe(subscriber)
    subscriber.request(UNBOUNDED)
    noted, looked = threading.Event(), threading.Event()
    abort = QueuedStage.abort

    def late(stage: QueuedStage, error: Exception) -> None:
        noted.set()
        assert looked.wait(DEADLINE)
        abort(stage, error)

    monkeypatch.setattr(QueuedStage, "abort", late)

    def end() -> None:
        assert noted.wait(DEADLINE)
        good.complete() if kind == "flat_map" else good.emit(1)
        looked.set()

    team.run(lambda: bad.fail(ZeroDivisionError()), end)
    assert subscriber.over.wait(DEADLINE)
    assert isinstance(subscriber.error, ZeroDivisionError)
    assert subscriber.breaches == []
