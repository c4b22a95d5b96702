"""publish: one upstream for all who subscribe, the slowest of whom sets the pace."""

from __future__ import annotations

import asyncio
import gc
import itertools
import sys
import threading
from typing import Any

import pytest

from operators import Disconnected, Flow
from operators.schedulers import thread
from tests.operators.kit import Handmade, eventually, probe


def test_nothing_runs_before_the_connection_and_all_have_all_after_it():
    upstream = Handmade(range(5))
    shared = Flow.from_publisher(upstream).publish(prefetch=2)
    first, second = probe(shared, 9), probe(shared.map(lambda n: -n), 9)
    assert upstream.subscriptions == 0

    connection = shared.connect()
    first.until_end()
    second.until_end()

    assert upstream.subscriptions == 1
    assert (first.items, second.items) == ([0, 1, 2, 3, 4], [0, -1, -2, -3, -4])
    assert connection.done


def test_the_slowest_sets_the_pace():
    upstream = Handmade()
    shared = Flow.from_publisher(upstream).publish(prefetch=4)
    quick, slow = probe(shared, 99), probe(shared, 1)
    shared.connect()
    for n in range(4):
        upstream.emit(n)

    assert (quick.items, slow.items) == ([0, 1, 2, 3], [0])
    assert upstream.asked == 4
    slow.request(2)
    assert upstream.asked == 7, "three quarters have gone to both"


def test_one_who_leaves_is_waited_for_no_longer():
    upstream = Handmade()
    shared = Flow.from_publisher(upstream).publish(prefetch=4)
    quick, slow = probe(shared, 99), probe(shared, 0)
    shared.connect()
    for n in range(4):
        upstream.emit(n)
    slow.cancel()

    assert upstream.asked == 8
    assert quick.items == [0, 1, 2, 3]


def test_who_comes_later_has_what_comes_from_then_on():
    upstream = Handmade()
    shared = Flow.from_publisher(upstream).publish()
    first = probe(shared, 99)
    shared.connect()
    upstream.emit("a")
    later = probe(shared, 99)
    upstream.emit("b")

    assert (first.items, later.items) == (["a", "b"], ["b"])


def test_without_a_subscriber_items_wait():
    upstream = Handmade()
    shared = Flow.from_publisher(upstream).publish(prefetch=4)
    shared.connect()
    upstream.emit("a")
    seen = probe(shared, 99)
    upstream.emit("b")

    assert seen.items == ["a", "b"]


def test_without_a_subscriber_items_are_dropped_and_counted_where_that_was_chosen():
    upstream, dropped = Handmade(), list[Any]()
    shared = Flow.from_publisher(upstream).publish(prefetch=4, idle="drop", on_drop=dropped.append)
    connection = shared.connect()
    for n in range(6):
        upstream.emit(n)
    seen = probe(shared, 99)
    upstream.emit("b")

    assert seen.items == ["b"]
    assert (dropped, connection.dropped) == ([0, 1, 2, 3, 4, 5], 6)


def test_a_connection_that_is_cancelled_ends_it_for_all():
    upstream, discarded = Handmade(), list[Any]()
    shared = Flow.from_publisher(upstream).publish()
    quick, slow = probe(shared, 99), probe(shared.on_discard(discarded.append), 0)
    connection = shared.connect()
    upstream.emit("a")
    connection.cancel()

    for seen in (quick, slow):
        assert isinstance(seen.error, Disconnected)
        assert "publish, written at" in str(seen.error)
    assert upstream.cancels == 1
    assert discarded == [], "somebody had it"
    assert probe(shared, 9).items == [], "the next ones wait for a connection of their own"


def test_what_nobody_had_is_dropped_when_the_connection_is_cancelled():
    upstream, dropped = Handmade(), list[Any]()
    shared = Flow.from_publisher(upstream).publish(on_drop=dropped.append)
    connection = shared.connect()
    upstream.emit("a")
    connection.cancel()

    assert (dropped, connection.dropped) == (["a"], 1)


def test_an_error_comes_to_all_after_what_came_before_it():
    upstream = Handmade()
    shared = Flow.from_publisher(upstream).publish()
    quick, slow = probe(shared, 99), probe(shared, 0)
    shared.connect()
    upstream.emit("a")
    upstream.fail(KeyError("k"))

    assert (quick.items, type(quick.error)) == (["a"], KeyError)
    assert (slow.items, slow.error) == ([], None)
    slow.request(1)
    assert (slow.items, type(slow.error)) == (["a"], KeyError)


def test_a_second_connection_is_the_first_while_that_lasts():
    upstream = Handmade()
    shared = Flow.from_publisher(upstream).publish()
    first = shared.connect()
    assert shared.connect() is first
    first.cancel()

    assert shared.connect() is not first


def test_ref_count_connects_with_the_nth_and_leaves_with_the_last():
    upstream = Handmade()
    shared = Flow.from_publisher(upstream).publish().ref_count(2)
    first = probe(shared, 9)
    assert upstream.subscriptions == 0
    second = probe(shared, 9)
    assert upstream.subscriptions == 1
    first.cancel()
    assert not upstream.cancels
    second.cancel()

    assert upstream.cancels > 0


def test_auto_connect_stays_connected():
    upstream = Handmade()
    shared = Flow.from_publisher(upstream).publish().auto_connect()
    probe(shared, 9).cancel()
    assert not upstream.cancels
    upstream.emit("a")

    assert probe(shared, 9).items == ["a"]


@pytest.mark.parametrize("prefetch", [1, 4, 256])
def test_two_threads_that_loop_have_all_each(prefetch: int):
    shared = Flow.range(3_000).subscribe_on(thread()).publish(prefetch=prefetch).auto_connect(2)
    sums: list[int] = []
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        loops = [threading.Thread(target=lambda: sums.append(sum(shared))) for _ in range(2)]
        for loop in loops:
            loop.start()
        for loop in loops:
            loop.join()
    finally:
        sys.setswitchinterval(before)

    assert sums == [sum(range(3_000))] * 2


def test_two_tasks_that_loop_have_all_each():
    async def main() -> list[list[int]]:
        shared = Flow.range(1_000).publish(prefetch=8).auto_connect(2)

        async def loop() -> list[int]:
            return [n async for n in shared]

        return list(await asyncio.gather(loop(), loop()))

    assert asyncio.run(main()) == [list(range(1_000))] * 2


def test_what_all_have_had_is_let_go_of():
    class Item:
        alive = 0

        def __init__(self, n: int) -> None:
            Item.alive += 1

        def __del__(self) -> None:
            Item.alive -= 1

    most = 0

    def look(item: Item) -> None:
        nonlocal most
        most = max(most, Item.alive)

    shared = Flow.range(5_000).map(Item).publish(prefetch=16).auto_connect(2)
    runs = [shared.for_each(look), shared.for_each(look)]
    for run in runs:
        run.result()
    gc.collect()

    assert most <= 16 + 4
    assert Item.alive <= 1


def test_the_cleanup_of_the_shared_flow_is_waited_for_by_the_last_who_leaves():
    log: list[str] = []

    async def source() -> Any:
        try:
            for n in itertools.count():
                yield n
        finally:
            await asyncio.sleep(0.01)
            log.append("closed")

    for _ in Flow.from_async_iterable(source()).share():
        break
    assert log == ["closed"]


def test_a_none_is_blamed_on_who_made_it():
    shared = Flow.of(1).map(lambda n: None).share()
    with pytest.raises(TypeError, match=r"map, written at .* gave None"):
        list(shared)


def test_a_subscriber_that_leaves_while_others_get_items():
    shared = Flow.range(100).publish(prefetch=4).auto_connect(2)
    left = probe(shared.take(3), 99)
    stayed = probe(shared, 99_999)

    eventually(lambda: stayed.ended and left.ended)
    assert left.items == [0, 1, 2]
    assert stayed.items == list(range(100))
