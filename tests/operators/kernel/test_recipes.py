"""A flow that is run again and again takes a shorter way from the third time on: to the same end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from operators import Flow
from operators.watching import Node, watching
from tests.operators.kit import Probe

TIMES = 4


class Numbers:
    """Something to iterate again and again, which tells when one of its iterators is closed."""

    def __init__(self, told: list[str] | None = None) -> None:
        self.told = [] if told is None else told

    def __iter__(self) -> Iterator[int]:
        try:
            yield from (1, 2, 2, 5, 7)
        finally:
            self.told.append("closed")


def by_for(flow: Flow[Any]) -> list[Any]:
    return list(flow)


def by_async_for(flow: Flow[Any]) -> list[Any]:
    async def run() -> list[Any]:
        return [item async for item in flow]

    return asyncio.run(run())


def by_for_each(flow: Flow[Any]) -> list[Any]:
    items: list[Any] = []
    flow.for_each(items.append).result()
    return items


def by_subscriber(flow: Flow[Any]) -> list[Any]:
    probe = Probe(1, each=1)
    flow.subscribe(probe)
    if probe.error is not None:
        raise probe.error
    assert probe.completed
    return probe.items


each_way = pytest.mark.parametrize("run", [by_for, by_async_for, by_for_each, by_subscriber])

FLOWS: dict[str, tuple[Callable[[Flow[Any]], Flow[Any]], list[Any]]] = {
    "alone": (lambda flow: flow, [1, 2, 2, 5, 7]),
    "map": (lambda flow: flow.map(lambda n: n + 1), [2, 3, 3, 6, 8]),
    "distinct": (lambda flow: flow.distinct(), [1, 2, 5, 7]),
    "pairwise": (lambda flow: flow.pairwise(), [(1, 2), (2, 2), (2, 5), (5, 7)]),
    "scan": (lambda flow: flow.scan(lambda a, b: a + b, 0), [1, 3, 5, 10, 17]),
    "take": (lambda flow: flow.skip(1).take(2), [2, 2]),
    "take none": (lambda flow: flow.take(0), []),
    "enumerate": (lambda flow: flow.enumerate(), [(0, 1), (1, 2), (2, 2), (3, 5), (4, 7)]),
    "buffer": (lambda flow: flow.buffer(3), [[1, 2, 2], [5, 7]]),
    "loops": (lambda flow: flow.take(2).flat_map_iterable(lambda n: [n] * n), [1, 2, 2]),
    "merge": (lambda flow: flow.merge(Flow.of(9)), [1, 2, 2, 5, 7, 9]),
}  # fmt: skip


@each_way
@pytest.mark.parametrize(("step", "expected"), FLOWS.values(), ids=FLOWS)
def test_each_run_begins_anew(run: Any, step: Any, expected: list[Any]) -> None:
    source = Numbers()
    flow = step(Flow.from_iterable(source))
    for _ in range(TIMES):
        assert sorted(run(flow), key=repr) == sorted(expected, key=repr)
    assert len(source.told) in (TIMES, 0)  # take(0) asks for nothing


@each_way
def test_a_source_that_cannot_begin_is_blamed_each_time(run: Any) -> None:
    class Broken:
        def __iter__(self) -> Iterator[int]:
            raise ValueError("no items")

    flow = Flow.from_iterable(Broken()).map(lambda n: n)
    for _ in range(TIMES):
        with pytest.raises(ValueError, match="no items") as caught:
            run(flow)
        assert "in from_iterable, written at" in caught.value.__notes__[0]


@each_way
def test_what_fails_is_blamed_each_time(run: Any) -> None:
    def fail(n: int) -> int:
        if n == 5:
            raise ValueError("five")
        return n

    flow = Flow.from_iterable(Numbers()).map(fail)
    for _ in range(TIMES):
        with pytest.raises(ValueError, match="five") as caught:
            run(flow)
        assert caught.value.__notes__[0].endswith("item: 5")
        assert len(caught.value.__notes__) == 1


@each_way
def test_an_iterator_has_one_subscriber_whatever_is_known(run: Any) -> None:
    flow = Flow.from_iterable(iter([1, 2])).map(lambda n: n)
    assert run(flow) == [1, 2]
    for _ in range(TIMES):
        with pytest.raises(RuntimeError, match="from_iterable"):
            run(flow)


@each_way
def test_a_none_is_found_each_time(run: Any) -> None:
    flow = Flow.of(1, 2).map(lambda n: None if n == 2 else n)
    for _ in range(TIMES):
        with pytest.raises(TypeError, match="gave None"):
            run(flow)


@each_way
def test_a_function_that_gives_something_to_be_awaited_is_found_each_time(run: Any) -> None:
    async def fetch() -> None: ...

    flow = Flow.of(1).map(lambda n: fetch())
    for _ in range(TIMES):
        with pytest.raises(TypeError, match="map_async"):
            run(flow)


def test_leaving_early_closes_the_source_each_time() -> None:
    source = Numbers()
    flow = Flow.from_iterable(source).map(lambda n: n)
    for n in range(1, TIMES + 1):
        for _ in flow:
            break
        assert len(source.told) == n


def test_a_cancel_inside_of_on_next_closes_the_source_each_time() -> None:
    source = Numbers()
    flow = Flow.from_iterable(source).map(lambda n: n)
    seen: list[int] = []

    def cancel(probe: Probe, item: int) -> None:
        probe.cancel()
        seen.append(len(source.told))

    for _ in range(TIMES):
        flow.subscribe(Probe(9, then=cancel))
    assert seen == list(range(1, TIMES + 1))


def test_who_watches_sees_a_flow_that_is_known() -> None:
    flow = Flow.of(1, 2).map(lambda n: n)
    for _ in range(TIMES):
        list(flow)
    seen: list[str] = []

    class Watch:
        splits = True
        sees_links = True

        def link(self, node: Node, downstream: Any) -> Any:
            seen.append(node.title)
            return downstream

        def stage(self, node: Node, stage: Any) -> None: ...

        def discarded(self, node: Node | None) -> None: ...

    with watching(Watch()):
        flow.for_each(lambda n: None).result()
    assert seen == ["map", "of"]
