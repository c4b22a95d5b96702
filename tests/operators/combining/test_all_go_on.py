"""Joins that wait for one of their flows: the others go on, for whoever loops as for a Subscriber."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from operators import Flow, Multicast, Unicast
from tests.operators.kit import Handmade, eventually, probe

Join = Callable[[Flow[Any], Flow[Any]], Flow[Any]]
JOINS: dict[str, Join] = {
    "zip": lambda one, other: one.zip(other),
    "zip, strict": lambda one, other: one.zip(other, strict=True),
    "zip_longest": lambda one, other: one.zip_longest(other),
    "merge_sorted": lambda one, other: one.merge_sorted(other),
    "interleave": lambda one, other: one.interleave(other),
    "concat_map_eager": lambda one, other: Flow.of(one, other).concat_map_eager(lambda flow: flow),
}


def in_a_loop(flow: Flow[Any]) -> list[Any]:
    return list(flow)


def in_a_task(flow: Flow[Any]) -> list[Any]:
    async def collected() -> list[Any]:
        return [item async for item in flow]

    return asyncio.run(collected())


def pushed(flow: Flow[Any]) -> list[Any]:
    return probe(flow, 99).until_end().items


WAYS = [in_a_loop, in_a_task, pushed]
joins = pytest.mark.parametrize("join", JOINS.values(), ids=JOINS)
ways = pytest.mark.parametrize("way", WAYS)


@joins
@ways
def test_two_results_of_one_flow(join: Join, way: Callable[[Flow[Any]], list[Any]]):
    """What one of them does not take keeps the other from having more than 8."""
    one, other = Flow.range(1000).broadcast(2, prefetch=8)
    items = way(join(one.count(), other.sum()))
    assert items in ([(1000, 499_500)], [1000, 499_500])


@ways
def test_groups_that_wait_for_their_turn_take_as_many_as_they_may(
    way: Callable[[Flow[Any]], list[Any]],
):
    groups = Flow.range(300).group_by(lambda n: n % 3, prefetch=8)
    items = way(groups.concat_map_eager(lambda group: group, prefetch=200).buffer(100))
    assert items == [list(range(n, 300, 3)) for n in range(3)]


@joins
@pytest.mark.parametrize("way", [in_a_loop, in_a_task])
def test_the_error_of_one_comes_while_another_is_waited_for(
    join: Join, way: Callable[[Flow[Any]], list[Any]]
):
    failing = Flow.timer(0.001).map(lambda n: 1 // n)
    with pytest.raises(ZeroDivisionError):
        way(join(Flow.never(), failing))
    with pytest.raises(ZeroDivisionError):
        way(join(failing, Flow.never()))


@ways
def test_a_zip_is_over_while_another_is_waited_for(way: Callable[[Flow[Any]], list[Any]]):
    assert way(Flow.never().zip(Flow.timer(0.001).ignore_elements())) == []


@ways
def test_a_shared_flow_and_itself(way: Callable[[Flow[Any]], list[Any]]):
    """The second one subscribes, and all begins, while the first is given its Subscription."""
    numbers = Flow.range(5).publish().ref_count(2)
    assert way(numbers.zip(numbers.skip(1))) == [(0, 1), (1, 2), (2, 3), (3, 4)]


@pytest.mark.parametrize("way", [in_a_loop, pushed])
def test_what_has_gone_by_when_the_second_subscribes_goes_by_once_more(
    way: Callable[[Flow[Any]], list[Any]],
):
    """On an event loop it may be under way then, where that had its turn meanwhile."""
    numbers = Flow.range(5).share()
    assert way(numbers.zip(numbers.skip(1))) == [(0, 1), (1, 2), (2, 3), (3, 4)]


def test_what_was_taken_ahead_is_discarded():
    source, left = Multicast[int](), list[Any]()
    never = Unicast[int]()

    async def main() -> None:
        flow = never.merge_sorted(source.map(str).map(int)).on_discard(left.append)
        waiting = asyncio.ensure_future(anext(aiter(flow)))
        await asyncio.sleep(0.01)
        assert [bool(source.emit(n)) for n in range(3)] == [True] * 3
        await asyncio.sleep(0.01)
        waiting.cancel()
        await asyncio.wait([waiting])

    asyncio.run(main())
    source.complete()
    assert sorted(left) == [0, 1, 2]


@ways
@joins
def test_one_that_begins_with_something_else_goes_on_to_what_is_shared(
    join: Join, way: Callable[[Flow[Any]], list[Any]]
):
    one, other = Flow.range(20).broadcast(2, prefetch=1)
    items = way(join(one.to_list(), other.start_with(-1).to_list()))
    assert items in (
        [(list(range(20)), list(range(-1, 20)))],
        [list(range(20)), list(range(-1, 20))],
        [list(range(-1, 20)), list(range(20))],
    )


@pytest.mark.parametrize("ordered", [False, True])
@pytest.mark.parametrize("way", [in_a_loop, in_a_task])
def test_an_error_of_upstream_comes_while_all_places_are_taken(
    ordered: bool, way: Callable[[Flow[Any]], list[Any]]
):
    source = Handmade()
    failing = Flow.from_publisher(source)
    operator = failing.concat_map_eager if ordered else failing.flat_map
    flow = operator(lambda _: Flow.never(), concurrency=2)

    def act() -> None:
        eventually(lambda: source.asked >= 1)
        source.emit(1)
        eventually(lambda: source.asked >= 2)
        source.emit(2)
        source.fail(ZeroDivisionError())

    acting = threading.Thread(target=act)
    acting.start()
    with pytest.raises(ZeroDivisionError):
        way(flow)
    acting.join()


@ways
def test_a_zip_that_waits_for_the_rest_of_a_tuple_is_not_over(
    way: Callable[[Flow[Any]], list[Any]],
):
    pair = Flow.of("a").zip(Flow.timer(0.001))
    assert way(Flow.timer(0.002).zip(pair, pair)) == [(0, ("a", 0), ("a", 0))]
