"""on_backpressure_drop: what nobody asked for is dropped."""

from __future__ import annotations

import threading
from typing import Any

from operators import Flow
from reactive_streams import UNBOUNDED
from tests.operators.kit import Handmade, probe


def opened(**settings: Any) -> tuple[Handmade, Any, list[Any]]:
    publisher = Handmade()
    left: list[Any] = []
    flow = Flow.from_publisher(publisher).on_backpressure_drop(**settings).on_discard(left.append)
    return publisher, probe(flow), left


def test_who_asks_for_one_then_three_then_cancels_gets_what_comes_then():
    publisher, seen, left = opened()
    assert publisher.requests == [UNBOUNDED]
    publisher.emit("early")
    seen.request(1)
    publisher.emit("a", "b")
    seen.request(3)
    publisher.emit("c", "d", "e", "f")
    seen.cancel()
    publisher.emit("late")

    assert seen.items == ["a", "c", "d", "e"]
    assert left == ["early", "b", "f", "late"]
    assert publisher.cancels == 1


def test_the_end_is_not_kept_waiting():
    publisher, seen, _ = opened()
    publisher.emit(1)
    publisher.complete()
    assert seen.signals[1:] == [("on_complete", None)]

    lost = KeyError()
    publisher, seen, _ = opened()
    publisher.fail(lost)
    assert seen.error is lost


def test_a_function_for_what_is_dropped_gets_it_in_place_of_on_discard():
    dropped: list[Any] = []
    publisher, seen, left = opened(on_drop=dropped.append)
    publisher.emit(1, 2)
    assert (dropped, left) == ([1, 2], [])
    seen.cancel()


def test_a_function_for_what_is_dropped_that_raises_fails_the_flow():
    publisher, seen, _ = opened(on_drop=lambda item: 1 / 0)
    publisher.emit(1)

    assert isinstance(seen.error, ZeroDivisionError)
    assert publisher.cancels == 1


def test_what_comes_while_an_item_is_delivered_was_not_asked_for():
    publisher, seen, left = opened()
    inside, leave = threading.Event(), threading.Event()

    def hold(it: Any, item: Any) -> None:
        if item == "a":
            inside.set()
            assert leave.wait(20)

    seen._then = hold
    seen.request(1)
    emitting = threading.Thread(target=publisher.emit, args=("a",))
    emitting.start()
    assert inside.wait(20)
    # By the rules the Publisher has to wait for on_next; a demand that is used up must not count.
    assert left == []
    leave.set()
    emitting.join()
    publisher.emit("b")
    assert (seen.items, left) == (["a"], ["b"])
    seen.cancel()


def test_what_comes_while_an_item_is_delivered_is_dropped_whatever_was_asked_for():
    publisher, seen, left = opened()
    seen._then = lambda it, item: publisher.emit("b", "c") if item == "a" else None
    seen.request(UNBOUNDED)
    publisher.emit("a", "d")
    assert (seen.items, left) == (["a", "d"], ["b", "c"])
    seen.cancel()


def test_an_item_that_meets_a_request_is_not_dropped_for_it():
    # Who asks looks whether there is something, and may be at it just when the item comes.
    for _ in range(200):
        publisher, seen, left = opened()
        barrier = threading.Barrier(2)
        seen.request(1)

        def ask(seen: Any = seen, barrier: threading.Barrier = barrier) -> None:
            barrier.wait(20)
            seen.request(1)

        asking = threading.Thread(target=ask)
        asking.start()
        barrier.wait(20)
        publisher.emit("a")
        asking.join()
        assert (seen.items, left) == (["a"], [])
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
    assert len(seen.items) <= 200
    assert seen.violations == []
