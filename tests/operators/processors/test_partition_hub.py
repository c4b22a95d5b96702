"""PartitionHub: Subscribers come and go, and each item is for one of them."""

from __future__ import annotations

import sys
import threading
from typing import Any

import pytest

from operators import Emitted, Flow, PartitionHub
from reactive_streams import UNBOUNDED
from tests.operators.kit import Handmade, notes, probe


def by_number(item: int, ids: tuple[int, ...]) -> int:
    return ids[item % len(ids)]


def test_items_go_to_whom_the_function_says():
    hub = PartitionHub(by_number)
    first, second = probe(hub, 99), probe(hub, 99)
    assert [hub.emit(n) for n in range(5)] == [Emitted.OK] * 5
    assert (first.items, second.items) == ([0, 2, 4], [1, 3])
    assert hub.complete()
    assert (first.completed, second.completed) == (True, True)
    assert hub.emit(9) is Emitted.TERMINATED


def test_they_come_and_go_and_keep_their_ids():
    asked: list[tuple[int, ...]] = []

    def choose(item: int, ids: tuple[int, ...]) -> int:
        asked.append(ids)
        return ids[-1]

    hub = PartitionHub(choose)
    first = probe(hub, 99)
    hub.emit(0)
    second = probe(hub, 99)
    hub.emit(1)
    first.cancel()
    hub.emit(2)
    third = probe(hub, 99)
    hub.emit(3)
    assert asked == [(0,), (0, 1), (1,), (1, 2)]
    assert (first.items, second.items, third.items) == ([0], [1, 2], [3])
    assert (hub.ids, hub.subscribers) == ((1, 2), 2)


def test_all_places_are_for_all_and_the_one_that_an_item_is_for_sets_the_pace():
    hub = PartitionHub(by_number, capacity=3)
    quick, slow = probe(hub, 99), probe(hub, 0)
    assert [hub.emit(n).name for n in (1, 0, 3, 5, 2)] == ["OK"] * 4 + ["OVERFLOW"]
    assert (quick.items, hub.waiting(1), hub.waiting(0), hub.waiting(7)) == ([0], 3, 0, 0)
    slow.request(1)
    assert hub.emit(2)
    assert (quick.items, slow.items) == ([0, 2], [1])
    assert hub.describe().in_flight == 1 + 3


def test_whom_the_fewest_items_wait_for():
    hub: PartitionHub[int] = PartitionHub(lambda _, ids: min(ids, key=hub.waiting))
    probe(hub, 0)
    probe(hub, 0)
    for n in range(6):
        hub.emit(n)
    assert [hub.waiting(number) for number in hub.ids] == [3, 3]


def test_with_nobody_there_items_wait():
    calls: list[int] = []

    def choose(item: int, ids: tuple[int, ...]) -> int:
        calls.append(item)
        return ids[0]

    hub = PartitionHub(choose, capacity=2)
    assert [hub.emit(n) for n in range(3)] == [Emitted.OK, Emitted.OK, Emitted.OVERFLOW]
    assert calls == []
    first = probe(hub, 99)
    assert first.items == [0, 1]
    first.cancel()
    assert hub.emit(3)
    hub.complete()
    second = probe(hub, 99)
    assert (second.items, second.completed) == ([3], True)
    assert probe(hub, 1).completed


def test_with_nobody_there_items_are_dropped_where_that_was_chosen():
    dropped: list[int] = []
    hub = PartitionHub(by_number, idle="drop", on_drop=dropped.append)
    assert hub.emit(0) is Emitted.NO_SUBSCRIBER
    seen = probe(hub, 99)
    assert hub.emit(1) is Emitted.OK
    seen.cancel()
    assert hub.emit(2) is Emitted.NO_SUBSCRIBER
    assert (dropped, hub.dropped, seen.items) == ([0, 2], 2, [1])


def test_it_waits_for_as_many_as_it_is_told():
    hub = PartitionHub(by_number, subscribers=2)
    hub.emit(0)
    first = probe(hub, 99)
    hub.emit(1)
    assert first.items == []
    second = probe(hub, 99)
    assert (first.items, second.items) == ([0], [1])
    second.cancel()
    hub.emit(3)
    assert first.items == [0, 3]


def test_none_drops_an_item():
    dropped: list[int] = []
    hub = PartitionHub[int](lambda item, ids: ids[0] if item else None, on_drop=dropped.append)
    seen = probe(hub, 99)
    for n in (0, 1, 0):
        assert hub.emit(n)
    assert (seen.items, dropped, hub.dropped) == ([1], [0, 0], 2)


@pytest.mark.parametrize(
    ("choose", "error"),
    [
        (lambda item, ids: [][item], IndexError),
        (lambda item, ids: 7, ValueError),
        (lambda item, ids: True, ValueError),
    ],
)
def test_a_function_that_fails_is_the_error_of_all(choose: Any, error: Any):
    dropped: list[int] = []
    hub, source = PartitionHub[int](choose, on_drop=dropped.append), Handmade()
    first, second = probe(hub, 9), probe(hub, 9)
    Flow.from_publisher(source).subscribe(hub)
    source.emit(1)
    assert isinstance(first.error, error)
    assert isinstance(second.error, error)
    assert "PartitionHub" in notes(first.error)
    assert source.cancels == 1
    assert hub.emit(2) is Emitted.TERMINATED


def test_an_error_comes_after_what_waits():
    hub = PartitionHub(by_number)
    seen = probe(hub, 0)
    hub.emit(1)
    assert hub.fail(KeyError())
    assert not hub.fail(KeyError())
    assert not seen.ended
    seen.request(1)
    assert (seen.items, type(seen.error)) == ([1], KeyError)


def test_what_waits_for_one_that_leaves_is_discarded_and_its_places_are_free():
    discarded: list[int] = []
    hub = PartitionHub(by_number, capacity=2)
    seen = probe(hub.on_discard(discarded.append), 0)
    hub.emit(1)
    hub.emit(2)
    assert not hub.emit(3)
    seen.cancel()
    assert discarded == [1, 2]
    assert hub.emit(3)


def test_an_upstream_is_asked_for_what_can_wait():
    hub = PartitionHub(by_number, capacity=4, subscribers=2)
    source = Handmade(range(100))
    Flow.from_publisher(source).subscribe(hub)
    assert source.requests == [4]
    first, second = probe(hub, 0), probe(hub, 99)
    assert (second.items, source.asked) == ([1, 3, 5], 7)  # four are for the first
    first.request(1)
    assert (first.items, source.asked) == ([0], 9)  # the eighth is for the second
    first.request(99)
    assert first.items + second.items == [*range(0, 100, 2), *range(1, 100, 2)]
    assert (first.completed, second.completed) == (True, True)
    assert source.asked <= 104


def test_a_second_upstream_is_cancelled():
    hub, first, second = PartitionHub(by_number), Handmade(), Handmade()
    first.subscribe(hub)
    second.subscribe(hub)
    assert (first.cancels, second.cancels) == (0, 1)


def test_what_is_completed_from_here_cancels_upstream():
    hub, source = PartitionHub(by_number), Handmade()
    source.subscribe(hub)
    hub.complete()
    assert source.cancels == 1


def test_a_drained_run_has_what_waits_for_it():
    hub = PartitionHub(by_number)
    got: list[int] = []

    def slow(n: int) -> None:
        if n == 0:
            hub.emit(1)  # which waits, since this is inside of an on_next
            handle.drain()
            hub.emit(2)
        got.append(n)

    handle = hub.for_each(slow)
    hub.emit(0)
    assert (got, handle.done, hub.ids) == ([0, 1], True, ())


def test_many_threads_emit_while_subscribers_come_and_go():
    hub = PartitionHub[tuple[int, int]](
        lambda item, ids: ids[item[1] % len(ids)], capacity=UNBOUNDED
    )
    steady = [probe(hub, UNBOUNDED) for _ in range(2)]
    discarded: list[Any] = []
    passing: list[Any] = []
    gate = threading.Barrier(5)

    def emit(number: int) -> None:
        gate.wait()
        for n in range(300):
            assert hub.emit((number, n))

    def come_and_go() -> None:
        gate.wait()
        for _ in range(60):
            seen = probe(hub.on_discard(discarded.append), 3)
            passing.append(seen)
            seen.cancel()

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        team = [threading.Thread(target=emit, args=(number,)) for number in range(4)]
        team.append(threading.Thread(target=come_and_go))
        for each in team:
            each.start()
        for each in team:
            each.join()
    finally:
        sys.setswitchinterval(before)
    hub.complete()

    assert all(seen.completed and seen.violations == [] for seen in steady)
    assert all(seen.violations == [] for seen in passing)
    had = [item for seen in (*steady, *passing) for item in seen.items] + discarded
    assert sorted(had) == sorted((k, n) for k in range(4) for n in range(300))


def test_bad_values_are_refused():
    hub = PartitionHub(by_number)
    for call in (hub.emit, hub.on_next, hub.on_error, hub.fail, hub.on_subscribe):
        with pytest.raises(TypeError):
            call(None)  # type: ignore[arg-type]
    for bad, error, text in (
        ({"fn": 1}, TypeError, "fn must be callable"),
        ({"capacity": 0}, ValueError, "capacity must be at least 1"),
        ({"idle": "x"}, ValueError, "idle must be"),
        ({"subscribers": 0}, ValueError, "subscribers must be at least 1"),
        ({"on_drop": 1}, TypeError, "on_drop must be callable"),
    ):
        with pytest.raises(error, match=f"PartitionHub: {text}"):
            PartitionHub(**{"fn": by_number, **bad})  # type: ignore[arg-type]
