"""on_backpressure_latest: of what nobody asked for, the latest is kept."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from operators import Flow
from reactive_streams import UNBOUNDED
from tests.operators.kit import Handmade, probe


def opened(**settings: Any) -> tuple[Handmade, Any, list[Any]]:
    publisher = Handmade()
    left: list[Any] = []
    flow = Flow.from_publisher(publisher).on_backpressure_latest(**settings)
    return publisher, probe(flow.on_discard(left.append)), left


def test_who_asks_for_one_then_three_then_cancels_gets_the_latest_and_what_comes_then():
    publisher, seen, left = opened()
    assert publisher.requests == [UNBOUNDED]
    publisher.emit("a", "b")
    seen.request(1)
    assert (seen.items, left) == (["b"], ["a"])
    publisher.emit("c", "d")
    seen.request(3)
    publisher.emit("e", "f", "g")
    seen.cancel()
    publisher.emit("late")

    assert seen.items == ["b", "d", "e", "f"]
    assert left == ["a", "c", "g", "late"]
    assert publisher.cancels == 1


def test_the_end_waits_for_the_item_that_is_kept():
    lost = KeyError()
    for error in (None, lost):
        publisher, seen, _ = opened()
        publisher.emit(1, 2)
        publisher.complete() if error is None else publisher.fail(error)
        assert not seen.ended
        seen.request(1)
        assert seen.items == [2]
        assert seen.error is error
        assert seen.completed == (error is None)


def test_without_an_item_the_end_comes_at_once():
    publisher, seen, _ = opened()
    publisher.complete()
    assert seen.completed


def test_a_function_for_what_is_replaced_gets_it_in_place_of_on_discard():
    dropped: list[Any] = []
    publisher, seen, left = opened(on_drop=dropped.append)
    publisher.emit(1, 2, 3)
    assert (dropped, left) == ([1, 2], [])
    seen.cancel()
    assert left == [3]


def test_a_bad_request_discards_the_item_that_is_kept():
    publisher, seen, left = opened()
    publisher.emit(1)
    seen.request(-1)

    assert isinstance(seen.error, ValueError)
    assert left == [1]


@pytest.mark.parametrize("wanted", [200, UNBOUNDED])
def test_it_keeps_one_however_many_are_asked_for_and_however_slowly_they_go(wanted: int):
    publisher, seen, left = opened()
    inside, leave = threading.Event(), threading.Event()

    def hold(it: Any, item: Any) -> None:
        inside.set()
        assert leave.wait(20)

    seen._then = hold
    publisher.emit(0)
    asking = threading.Thread(target=seen.request, args=(wanted,))
    asking.start()  # it delivers what was kept, slowly
    assert inside.wait(20)
    for n in range(1, 100):
        publisher.emit(n)
        assert left == list(range(1, n))
    leave.set()
    asking.join()
    assert seen.items == [0, 99]
    seen.cancel()


def test_what_comes_inside_of_on_next_is_kept_too_but_one():
    publisher, seen, left = opened()
    seen._then = lambda it, item: publisher.emit(1, 2, 3) if item == 0 else None
    seen.request(UNBOUNDED)
    publisher.emit(0)
    assert (seen.items, left) == ([0, 3], [1, 2])
    seen.cancel()


def test_a_ledger_of_two_threads():
    publisher, seen, left = opened()
    emitting = threading.Thread(target=publisher.emit, args=range(500))
    emitting.start()
    for _ in range(200):
        seen.request(1)
    emitting.join()
    seen.cancel()

    assert sorted([*seen.items, *left]) == list(range(500))
    assert seen.items == sorted(seen.items)
    assert seen.violations == []
