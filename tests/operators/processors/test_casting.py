"""Multicast, Unicast, Replay and Latest: whoever has one may emit."""

from __future__ import annotations

import sys
import threading
from typing import Any

import pytest

from operators import Emitted, Flow, Latest, Multicast, OneShotError, Replay, Unicast
from reactive_streams import UNBOUNDED, Processor, Publisher, Subscriber
from tests.operators.kit import Handmade, probe

KINDS = {"Multicast": Multicast, "Unicast": Unicast, "Replay": lambda: Replay(3), "Latest": Latest}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_it_is_a_processor(kind: Any):
    made = kind()
    assert isinstance(made, Processor)
    assert isinstance(made, Publisher)
    assert isinstance(made, Subscriber)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_what_is_emitted_comes_and_then_the_end(kind: Any):
    made = kind()
    seen = probe(made, 99)
    assert [made.emit(n) for n in range(3)] == [Emitted.OK] * 3
    assert made.complete()

    assert (seen.items, seen.completed) == ([0, 1, 2], True)
    assert made.emit(3) is Emitted.TERMINATED
    assert not made.complete()
    assert not made.fail(KeyError())


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_it_fails_with_an_error_after_what_waits(kind: Any):
    made = kind()
    seen = probe(made, 0)
    made.emit("a")
    assert made.fail(KeyError())
    assert not seen.ended
    seen.request(1)
    assert (seen.items, type(seen.error)) == (["a"], KeyError)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_it_can_be_subscribed_to_an_upstream(kind: Any):
    made = kind()
    seen = probe(made, 99)
    Flow.from_publisher(Handmade(range(4))).subscribe(made)

    assert seen.items == [0, 1, 2, 3]
    assert seen.completed


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_bad_values_are_refused(kind: Any):
    made = kind()
    for call in (made.emit, made.on_next, made.on_error, made.fail, made.on_subscribe):
        with pytest.raises(TypeError):
            call(None)


def test_the_slowest_has_its_say():
    made = Multicast[int](capacity=2)
    quick, slow = probe(made, 99), probe(made, 0)
    assert [made.emit(n) for n in range(3)] == [Emitted.OK, Emitted.OK, Emitted.OVERFLOW]
    slow.request(1)
    assert made.emit(3) is Emitted.OK
    assert (quick.items, slow.items) == ([0, 1, 3], [0])


def test_with_nobody_there_items_wait():
    made = Multicast[int](capacity=2)
    assert [made.emit(n) for n in range(3)] == [Emitted.OK, Emitted.OK, Emitted.OVERFLOW]
    assert probe(made, 99).items == [0, 1]


def test_with_nobody_there_items_are_dropped_where_that_was_chosen():
    dropped: list[int] = []
    made = Multicast[int](capacity=2, idle="drop", on_drop=dropped.append)
    assert {made.emit(n) for n in range(9)} == {Emitted.NO_SUBSCRIBER}
    seen = probe(made, 99)
    assert made.emit(9) is Emitted.OK
    assert (dropped, made.dropped, seen.items) == (list(range(9)), 9, [9])


def test_one_subscriber_and_no_other():
    made = Unicast[int]()
    made.emit(0)
    first, second = probe(made, 9), probe(made, 9)

    assert first.items == [0]
    assert isinstance(second.error, OneShotError)


def test_when_the_one_has_left_an_emit_says_so():
    made, discarded = Unicast[int](), list[Any]()
    seen = probe(made.on_discard(discarded.append), 0)
    made.emit(0)
    seen.cancel()
    assert made.emit(1) is Emitted.CANCELLED
    assert discarded == [0]


def test_who_comes_later_has_the_last():
    made = Replay[int](2)
    assert [made.emit(n) for n in range(5)] == [Emitted.OK] * 5
    seen = probe(made, 99)
    made.emit(5)
    assert seen.items == [3, 4, 5]


def test_the_newest_at_the_moment_it_is_taken():
    made = Latest[int]()
    seen = probe(made, 1)
    for n in range(1_000):
        assert made.emit(n)
    seen.request(1)
    assert seen.items == [0, 999]
    assert probe(made, 1).items == [999]
    assert made.describe().in_flight == 2


@pytest.mark.parametrize("kind", [Multicast, Unicast, lambda c: Replay(1, capacity=c)])
def test_many_threads_may_emit(kind: Any):
    made = kind(UNBOUNDED)
    seen = probe(made, UNBOUNDED)
    gate = threading.Barrier(4)

    def emit(number: int) -> None:
        gate.wait()
        for n in range(500):
            assert made.emit((number, n))

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=emit, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)

    assert seen.violations == []
    assert len(seen.items) == 2_000
    for number in range(4):
        assert [n for who, n in seen.items if who == number] == list(range(500))


def test_a_chain_may_hang_on_it():
    made = Multicast[int]()
    seen = probe(made.map(str).filter(bool), 99)
    made.emit(1)
    assert seen.items == ["1"]
    assert type(made.map(str)) is Flow


def test_those_who_come_and_go_have_what_comes_meanwhile():
    made = Multicast[int](capacity=4)
    first = probe(made, 99)
    made.emit(0)
    second = probe(made, 99)
    made.emit(1)
    first.cancel()
    made.emit(2)
    second.cancel()
    assert [made.emit(n) for n in (3, 4)] == [Emitted.OK] * 2  # for who comes next
    third = probe(made, 99)
    made.complete()

    assert (first.items, second.items, third.items) == ([0, 1], [1, 2], [3, 4])
    assert (made.subscribers, third.completed) == (0, True)


def test_a_flow_says_where_a_processor_was_made():
    [stage] = Multicast[int]().describe().stages
    assert stage.where.startswith("test_casting.py:")
