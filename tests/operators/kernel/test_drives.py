"""What delivers the items of a chain that is pulled: it comes and goes, and loses nothing between."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from operators import Flow
from tests.operators.kit import DEADLINE, Handmade, Probe
from tests.operators.kit import probe as probed


def _twice_failing() -> Flow[int]:
    tries = iter(range(3))

    def source() -> Iterator[int]:
        yield from range(3)
        if next(tries) < 2:
            raise ValueError("once more")

    return Flow.defer(lambda: Flow.from_iterable(source()))


CHAINS: dict[str, Callable[[], Flow[Any]]] = {
    "a source": lambda: Flow.range(7),
    "steps": lambda: Flow.range(20).map(lambda n: n + 1).filter(lambda n: n % 3 == 0),
    "state in a step": lambda: Flow.range(9).scan(lambda a, b: a + b, 0).pairwise(),
    "take": lambda: Flow.range(9).map(lambda n: n + 1).take(4),
    "merge": lambda: Flow.range(9).merge(Flow.range(40, 5), Flow.empty(), Flow.of(7)),
    "concat": lambda: Flow.range(3).concat(Flow.empty(), Flow.range(5, 4)).map(lambda n: -n),
    "zip": lambda: Flow.range(5).zip(Flow.range(9)),
    "retry": lambda: _twice_failing().retry(5).map(lambda n: n + 1),
    "tap": lambda: Flow.range(5).tap(on_next=id, on_complete=int).map(lambda n: n + 1),
    "lists": lambda: Flow.range(8).buffer(3).map(len),
    "loops": lambda: Flow.range(4).flat_map_iterable(range).map(lambda n: n + 1),
}  # fmt: skip
each_chain = pytest.mark.parametrize("make", CHAINS.values(), ids=CHAINS)


@each_chain
@pytest.mark.parametrize("step", [1, 2, 3])
def test_what_it_knows_it_knows_the_next_time(make: Callable[[], Flow[Any]], step: int) -> None:
    expected = list(make())
    probe = Probe()
    make().subscribe(probe)
    asked = 0
    while not probe.ended:
        probe.subscription.request(step)
        asked += step
        assert len(probe.items) == min(asked, len(expected))
        assert asked <= len(expected) + step
    assert probe.items == expected
    assert probe.completed


@each_chain
def test_on_an_event_loop_as_well(make: Callable[[], Flow[Any]]) -> None:
    async def ask() -> Probe:
        probe = Probe()
        make().subscribe(probe)
        for _ in range(1_000):
            if probe.ended:
                break
            probe.subscription.request(1)
            await asyncio.sleep(0)
        return probe

    probe = asyncio.run(ask())
    assert probe.items == list(make())
    assert probe.completed


SHAPES: dict[str, Callable[[Flow[Any]], Flow[Any]]] = {
    "alone": lambda flow: flow,
    "map": lambda flow: flow.map(lambda n: n + 1),
    "two segments": lambda flow: flow.buffer(1).map(len),
    "merge": lambda flow: flow.merge(Flow.range(9)),
    "concat": lambda flow: flow.concat(Flow.range(9)),
    "retry": lambda flow: flow.retry(2),
    "tap": lambda flow: flow.tap(on_next=id, on_cancel=int),
    "loops": lambda flow: flow.flat_map_iterable(lambda n: [n]),
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_a_cancel_inside_of_on_next_has_closed_all_when_it_returns(
    shape: Callable[[Flow[Any]], Flow[Any]],
) -> None:
    told: list[str] = []

    def source() -> Iterator[int]:
        try:
            yield from range(9)
        finally:
            told.append("closed")

    def cancel(probe: Probe, item: Any) -> None:
        probe.subscription.cancel()
        told.append("cancelled")

    probe = Probe(5, then=cancel)
    shape(Flow.from_iterable(source()).on_finally(lambda: told.append("over"))).subscribe(probe)
    assert told == ["closed", "over", "cancelled"]
    assert len(probe.items) == 1


def test_after_a_cancel_inside_of_a_step_its_item_is_the_last() -> None:
    told: list[str] = []

    def source() -> Iterator[int]:
        try:
            yield from range(9)
        finally:
            told.append("closed")

    def mapped(n: int) -> int:
        if n == 2:
            probe.subscription.cancel()
            told.append("cancelled")
        return n

    probe = Probe(9)
    Flow.defer(lambda: Flow.from_iterable(source())).map(mapped).subscribe(probe)
    assert told == ["cancelled", "closed"]
    assert probe.items == [0, 1, 2]
    assert not probe.ended


def test_an_inner_run_of_the_same_shape_is_told_from_the_outer_one() -> None:
    def cancel_outer(probe: Probe, item: int) -> None:
        outer.subscription.cancel()

    inner = Probe(5, then=cancel_outer)
    outer = Probe(5, then=lambda probe, item: Flow.range(3).map(abs).subscribe(inner))
    Flow.range(3).map(abs).subscribe(outer)
    assert outer.items == [0]
    assert inner.items == [0, 1, 2]
    assert inner.completed
    assert not outer.ended


def test_what_is_asked_for_by_several_threads_and_inside_of_on_next_adds_up() -> None:
    each, threads = 200, 3
    again = iter(range(100))
    lock = threading.Lock()

    def ask(probe: Probe, item: int) -> None:
        with lock:
            more = next(again, None)
        if more is not None:
            probe.subscription.request(1)

    probe = Probe(then=ask)
    Flow.range(10**9).map(abs).subscribe(probe)
    ready = threading.Barrier(threads)

    def run() -> None:
        ready.wait(DEADLINE)
        for _ in range(each):
            probe.subscription.request(1)

    workers = [threading.Thread(target=run) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(DEADLINE)
    assert probe.items == list(range(each * threads + 100))
    assert not probe.violations
    probe.subscription.cancel()


@pytest.mark.parametrize("first", [2**29, 2**62, 2**63 - 1, 2**70])
def test_demand_of_any_size_is_kept(first: int) -> None:
    probe = Probe(first, each=1)
    Flow.range(100).filter(lambda n: n % 2).subscribe(probe)
    assert probe.items == list(range(1, 100, 2))
    assert probe.completed


# Flows inside that are pushed --------------------------------------------------------------------


def test_flows_that_are_pushed_run_ahead_before_anything_is_asked_for() -> None:
    first, second = Handmade(), Handmade()
    seen = probed(Flow.of(first, second).flat_map(Flow.from_publisher, prefetch=4))
    assert (first.requests, second.requests) == ([4], [4])
    first.emit("a", "b")
    second.emit("c")
    assert seen.items == []
    seen.request(2)
    assert sorted(seen.items) == ["a", "b"]
    seen.request(5)
    assert sorted(seen.items) == ["a", "b", "c"]
    first.complete()
    second.complete()
    assert seen.completed


def test_what_opens_no_flow_fails_before_anything_is_asked_for() -> None:
    def fail(n: int) -> Flow[int]:
        raise ValueError(n)

    seen = probed(Flow.range(3).flat_map(fail))
    assert isinstance(seen.error, ValueError)
    assert "in flat_map, written at" in seen.error.__notes__[0]


def test_an_error_overtakes_what_others_hold_also_where_nothing_is_asked_for() -> None:
    first, second = Handmade(), Handmade()
    left: list[Any] = []
    flow = Flow.of(first, second).flat_map(Flow.from_publisher, prefetch=4).on_discard(left.append)
    seen = probed(flow, 1)
    first.emit("a", "b", "c")
    second.fail(KeyError("lost"))
    assert seen.items == ["a"]
    assert isinstance(seen.error, KeyError)
    assert left == ["b", "c"]
    assert first.cancels == 1


def test_items_of_several_threads_come_one_at_a_time() -> None:
    each, threads = 100, 3
    publishers = [Handmade() for _ in range(threads)]
    seen = probed(Flow.of(*publishers).flat_map(Flow.from_publisher, prefetch=each), 1, each=1)
    ready = threading.Barrier(threads)

    def run(publisher: Handmade) -> None:
        ready.wait(DEADLINE)
        publisher.emit(*range(each))
        publisher.complete()

    workers = [threading.Thread(target=run, args=(publisher,)) for publisher in publishers]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(DEADLINE)
    seen.until_end()
    assert sorted(seen.items) == sorted([*range(each)] * threads)
    assert seen.violations == []
    assert seen.completed
