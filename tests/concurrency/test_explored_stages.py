"""Every stage that joins or hands over, in the orders of the steps of two or three who use it at once.

`make interleavings` runs thousands of orders of each scenario, where these are a sample.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import get_ident
from typing import Any

import pytest

from operators import Flow, MergeHub, Multicast
from operators.testing import Actors
from tests.concurrency.exploring import Build, asks, cancels, fails, keeps, orders

MOST = 12


def double(item: int) -> int:
    return item * 2


def shared(_: Actors, flow: Flow[int]) -> Flow[int]:
    return flow.share(prefetch=2)


def both_of_a_broadcast(_: Actors, flow: Flow[int]) -> Flow[int]:
    one, two = flow.broadcast(2, prefetch=1)
    return one.merge(two)


def emitted(actors: Actors, flow: Flow[int]) -> Flow[int]:
    """What another actor emits into a create: the one that the flow's own source is."""

    def produce(emitter: Any) -> None:
        def emit() -> None:
            actors.wait(lambda: emitter.demand > 0 or emitter.cancelled)
            emitter.emit(10)
            emitter.emit(11)
            emitter.complete()

        actors.add(emit, "emitter")

    return Flow.create(produce, capacity=4)


# What is made of the sources, and what comes: all of it, in any order, or so many items.
ASKS: dict[str, tuple[Build, Any, tuple[int, ...]]] = {
    "merge": (lambda a, x, y: x.merge(y, prefetch=1), [10, 11, 20], (2, 1)),
    "zip": (lambda a, x, y: x.zip(y, prefetch=1), 2, (2, 2)),
    "concat": (lambda a, x, y: x.concat(y), [10, 11, 20], (2, 1)),
    "flat_map": (
        lambda a, x, y: x.flat_map(lambda n: y if n == 11 else Flow.of(n), prefetch=1),
        [10, 20, 21],
        (2, 2),
    ),
    "concat_map": (
        lambda a, x, y: x.concat_map(lambda n: y if n == 11 else Flow.of(n)),
        [10, 20, 21],
        (2, 2),
    ),
    "switch_map": (lambda a, x, y: x.switch_map(lambda n: y), [20, 21], (1, 2)),
    "merge_sorted": (lambda a, x, y: x.merge_sorted(y, prefetch=1), [10, 11, 20], (2, 1)),
    "interleave": (lambda a, x, y: x.interleave(y, prefetch=1), [10, 11, 20], (2, 1)),
    "race": (lambda a, x, y: x.race(y), 2, (2, 2)),
    "with_latest_from": (lambda a, x, y: x.with_latest_from(y).count(), 1, (2, 2)),
    "combine_latest": (lambda a, x, y: x.combine_latest(y).count(), 1, (1, 2)),
    "publish_on": (lambda a, x: x.publish_on(a.scheduler(), prefetch=2), [10, 11, 12], (3,)),
    "subscribe_on": (lambda a, x: x.subscribe_on(a.scheduler()), [10, 11], (2,)),
    "cancel_on": (lambda a, x: x.cancel_on(a.scheduler()), [10, 11], (2,)),
    "delay": (lambda a, x: x.delay(1, scheduler=a.scheduler()), [10, 11], (2,)),
    "map_async": (
        lambda a, x: x.map_async(double, executor=a.executor(), concurrency=2),
        [20, 22],
        (2,),
    ),
    "map_async, as they come": (
        lambda a, x: x.map_async(double, executor=a.executor(2), concurrency=2, ordered=False),
        [20, 22],
        (2,),
    ),
    "map_batches": (
        lambda a, x: x.map_batches(list, max_size=2, executor=a.executor()),
        [10, 11],
        (2,),
    ),
    "buffer": (lambda a, x: x.buffer(2), [[10, 11], [12]], (3,)),
    "limit_rate": (lambda a, x: x.limit_rate(1), [10, 11], (2,)),
    "on_backpressure_buffer": (
        lambda a, x: x.on_backpressure_buffer(2, overflow="block"),
        [10, 11, 12],
        (3,),
    ),
    "on_error_resume": (
        lambda a, x, y: x.map(lambda n: n // 0).on_error_resume(lambda error: y),
        [20, 21],
        (1, 2),
    ),
    "start_with": (lambda a, x: x.start_with(1), [1, 10], (1,)),
    "share": (shared, [10, 11], (2,)),
    "replay": (lambda a, x: x.cache(), [10, 11], (2,)),
    "broadcast": (both_of_a_broadcast, [10, 10, 11, 11], (2,)),
    "group_by": (
        lambda a, x: x.group_by(lambda n: n % 2).flat_map(lambda group: group),
        [10, 11, 12],
        (3,),
    ),
    "window": (lambda a, x: x.window(1).flat_map(lambda window: window), [10, 11], (2,)),
    "take_until": (lambda a, x, y: x.take_until(y).count(), 1, (2, 1)),
    "create": (emitted, [10, 11], (0,)),
}


# Who cancels, or comes second, leaves an error that nobody can receive, and that is as it should be.
pytestmark = [pytest.mark.long, pytest.mark.usefixtures("nobody_hears_of_errors")]


@pytest.mark.parametrize("name", ASKS)
def test_nothing_is_lost_in_any_order(name: str) -> None:
    build, expected, sizes = ASKS[name]
    orders(asks(build, expected, *sizes), MOST)


@pytest.mark.parametrize("name", ASKS)
def test_a_cancel_is_heard_in_any_order(name: str) -> None:
    build, _, sizes = ASKS[name]
    orders(cancels(build, *sizes), MOST)


# Of these the end may be another one: that of the other side, or of what comes in its place.
ELSEWHERE = {"create", "on_error_resume", "race", "take_until", "zip"}


@pytest.mark.parametrize("name", sorted(set(ASKS) - ELSEWHERE))
def test_a_failure_ends_all_in_any_order(name: str) -> None:
    build, _, sizes = ASKS[name]
    orders(fails(build, *sizes), MOST)


def test_two_emit_into_one_processor_in_any_order() -> None:
    def scenario(actors: Actors) -> Callable[[], None]:
        processor: Multicast[int] = Multicast()
        seen = actors.subscriber()
        processor.subscribe(seen)
        actors.add(lambda: (processor.emit(1), processor.emit(2)), "one")
        actors.add(lambda: processor.emit(3), "another")
        actors.add(lambda: seen.request(4), "asks")

        def check() -> None:
            assert sorted(seen.items) == [1, 2, 3]
            assert seen.items.index(1) < seen.items.index(2)

        return check

    orders(scenario, 5 * MOST)


def test_sources_that_come_to_a_hub_in_any_order() -> None:
    def scenario(actors: Actors) -> Callable[[], None]:
        hub: MergeHub[int] = MergeHub()
        seen = actors.subscriber()
        hub.subscribe(seen)
        for item in (1, 2):
            source = Flow.from_publisher(actors.source(item))
            actors.add(lambda source=source: hub.attach(source), f"attaches {item}")
        actors.add(lambda: seen.request(4), "asks")

        def check() -> None:
            assert sorted(seen.items) == [1, 2]

        return check

    orders(scenario, 5 * MOST)


# Of these each item that their source gives is delivered, or discarded, and not both.
KEEPS: dict[str, Build] = {
    "share": lambda a, x: x.share(prefetch=3),
    "share, behind a queue": lambda a, x: x.publish_on(a.scheduler(), prefetch=3).share(prefetch=2),
    "replay": lambda a, x: x.replay(1, prefetch=3).ref_count(),
    "broadcast": lambda a, x: x.broadcast(1, prefetch=3)[0],
    "balance": lambda a, x: x.balance(1, prefetch=3)[0],
    "balance, behind a queue": lambda a, x: x.publish_on(a.scheduler(), prefetch=3).balance(
        1, prefetch=2
    )[0],
    "partition": lambda a, x: x.partition(lambda n: 0, 1, prefetch=3)[0],
    "switch_on_first": lambda a, x: x.switch_on_first(lambda first, all_of: all_of, prefetch=3),
    "publish_on": lambda a, x: x.publish_on(a.scheduler(), prefetch=3),
    "delay": lambda a, x: x.delay(1, scheduler=a.scheduler()),
    "parallel": lambda a, x: x.parallel(2, prefetch=3).sequential(prefetch=3),
    "window": lambda a, x: x.window(2).concat_map(lambda window: window),
    "group_by": lambda a, x: x.group_by(lambda n: n % 2).flat_map(lambda group: group),
    "merge": lambda a, x: x.merge(Flow.never(), prefetch=3),
    "interleave": lambda a, x: x.interleave(Flow.empty(), prefetch=3),
}


@pytest.mark.parametrize("name", KEEPS)
def test_an_item_is_delivered_or_discarded_in_any_order(name: str) -> None:
    orders(keeps(KEEPS[name], 3), 6 * MOST)


ON_A_WORKER: dict[str, Build] = {
    "range": lambda x: x,
    "batch_while_waiting": lambda x: x.batch_while_waiting(2),
    "on_backpressure_buffer": lambda x: x.on_backpressure_buffer(9),
    "on_backpressure_latest": lambda x: x.on_backpressure_latest(),
    "in one another": lambda x: x.batch_while_waiting(2).map(len).batch_while_waiting(2),
    "as a Publisher": lambda x: Flow.from_publisher(x.batch_while_waiting(2)),
}


@pytest.mark.parametrize("name", ON_A_WORKER)
def test_an_iterable_is_pulled_by_its_worker_alone(name: str) -> None:
    """Not by who asks just as the worker has done what was asked for, and is not yet back."""

    def scenario(actors: Actors) -> Callable[[], None]:
        pulled_by: set[int] = set()
        asked_by: set[int] = set()
        source = Flow.range(6).tap(lambda _: pulled_by.add(get_ident()))
        seen = actors.subscriber()
        ON_A_WORKER[name](source).subscribe_on(actors.scheduler()).subscribe(seen)

        def ask() -> None:
            asked_by.add(get_ident())
            seen.request(1)
            actors.wait(lambda: bool(seen.items) or seen.ended)
            for _ in range(5):
                seen.request(1)

        actors.add(ask, "asks")

        def check() -> None:
            assert not pulled_by & asked_by
            assert seen.ended

        return check

    orders(scenario, MOST)
