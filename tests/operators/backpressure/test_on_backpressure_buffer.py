"""on_backpressure_buffer: items that come faster than they are asked for, kept."""

from __future__ import annotations

import asyncio
import itertools
import threading
from typing import Any

import pytest

from operators import BackpressureError, Flow
from operators._kernel.links import queued
from reactive_streams import UNBOUNDED
from tests.operators.kit import Handmade, line_of, probe


def opened(capacity: int, **settings: Any) -> tuple[Handmade, Any, list[Any]]:
    publisher = Handmade()
    left: list[Any] = []
    flow = Flow.from_publisher(publisher).on_backpressure_buffer(capacity, **settings)  # the place
    return publisher, probe(flow.on_discard(left.append)), left


def test_upstream_is_asked_for_all_and_kept_until_there_is_demand():
    publisher, seen, left = opened(4)
    assert publisher.requests == [UNBOUNDED]
    publisher.emit(1, 2, 3)
    assert seen.items == []
    seen.request(2)
    assert seen.items == [1, 2]
    publisher.complete()
    assert not seen.ended
    seen.request(1)
    assert seen.items == [1, 2, 3]
    assert seen.completed
    assert left == []


def test_an_error_waits_for_what_came_before():
    lost = KeyError()
    publisher, seen, _ = opened(4)
    publisher.emit(1)
    publisher.fail(lost)
    assert not seen.ended
    seen.request(1)
    assert seen.items == [1]
    assert seen.error is lost


@pytest.mark.parametrize("stands_still", [False, True])
def test_for_each_on_a_loop_has_asked_before_anything_comes(
    stands_still: bool, monkeypatch: pytest.MonkeyPatch
):
    if stands_still:  # as a thread that gets no turn of the processor: each look is a second later
        monkeypatch.setattr(queued, "monotonic", itertools.count(1.0).__next__)

    async def run() -> list[int]:
        got: list[int] = []
        await Flow.range(100).on_backpressure_buffer(4).for_each(got.append)
        return got

    assert asyncio.run(run()) == list(range(100))


def test_one_too_many_is_an_error():
    publisher, seen, left = opened(2)
    publisher.emit(1, 2, 3)

    assert isinstance(seen.error, BackpressureError)
    assert "its 2 places were taken" in str(seen.error)
    assert f"written at {line_of('# the place', __file__)}" in str(seen.error)
    assert publisher.cancels == 1
    assert sorted(left) == [1, 2, 3]
    publisher.emit(4)
    assert sorted(left) == [1, 2, 3, 4]


@pytest.mark.parametrize(("overflow", "kept"), [("drop_newest", [1, 2]), ("drop_oldest", [4, 5])])
def test_one_too_many_is_dropped(overflow: str, kept: list[int]):
    publisher, seen, left = opened(2, overflow=overflow)
    publisher.emit(1, 2, 3, 4, 5)
    seen.request(9)
    publisher.complete()

    assert seen.items == kept
    assert sorted([*left, *kept]) == [1, 2, 3, 4, 5]
    assert seen.completed


def test_a_function_for_what_is_dropped_gets_it_in_place_of_on_discard():
    dropped: list[Any] = []
    publisher, seen, left = opened(1, overflow="drop_newest", on_drop=dropped.append)
    publisher.emit(1, 2, 3)
    assert (dropped, left) == ([2, 3], [])
    seen.cancel()
    assert (dropped, left) == ([2, 3], [1])


def test_a_function_for_what_is_dropped_that_raises_fails_the_flow():
    def broken(item: Any) -> None:
        raise OSError(item)

    publisher, seen, left = opened(1, overflow="drop_newest", on_drop=broken)
    publisher.emit(1, 2)

    assert isinstance(seen.error, OSError)
    assert publisher.cancels == 1
    assert left == [1]


def test_block_asks_for_no_more_than_there_is_room_for():
    publisher, seen, left = opened(4, overflow="block")
    assert publisher.requests == [4]
    publisher.emit(1, 2, 3, 4)
    seen.request(2)
    assert publisher.requests == [4]
    seen.request(1)
    assert publisher.requests == [4, 3]
    seen.cancel()
    assert (seen.items, left) == ([1, 2, 3], [4])


@pytest.mark.parametrize("end", ["cancel", "bad request"])
@pytest.mark.parametrize("overflow", ["error", "drop_newest", "drop_oldest", "block"])
def test_an_error_that_waits_and_is_overtaken_goes_to_the_hook(
    overflow: str, end: str, dropped: Any
):
    publisher, seen, left = opened(4, overflow=overflow)
    publisher.emit(1)
    publisher.fail(KeyError("waiting"))
    assert not seen.ended
    seen.cancel() if end == "cancel" else seen.request(0)

    dropped.take(KeyError)
    assert left == [1]


@pytest.mark.parametrize("overflow", ["error", "drop_newest", "drop_oldest", "block"])
@pytest.mark.parametrize("end", ["cancel", "bad request"])
def test_what_waits_is_discarded_once(overflow: str, end: str):
    publisher, seen, left = opened(4, overflow=overflow)
    publisher.emit(1, 2)
    seen.cancel() if end == "cancel" else seen.request(0)
    seen.cancel()

    assert left == [1, 2]
    assert publisher.cancels == 1
    publisher.emit(3)
    assert left == [1, 2, 3]


@pytest.mark.parametrize("capacity", [1, 2, 3])
@pytest.mark.parametrize(
    ("overflow", "kept"), [("drop_newest", range(1, 4)), ("drop_oldest", range(17, 20))]
)
def test_its_capacity_bounds_it_whatever_was_asked_for(overflow: str, kept: range, capacity: int):
    publisher, seen, left = opened(capacity, overflow=overflow)
    expected = list(kept)[:capacity] if overflow == "drop_newest" else list(kept)[-capacity:]
    seen._then = lambda it, item: publisher.emit(*range(1, 20)) if item == 0 else None
    seen.request(UNBOUNDED)
    publisher.emit(0)
    assert seen.items == [0, *expected]
    assert sorted(left) == sorted(set(range(1, 20)) - set(expected))
    seen.cancel()


@pytest.mark.parametrize("capacity", [1, 2])
def test_one_too_many_is_an_error_whatever_was_asked_for(capacity: int):
    publisher, seen, left = opened(capacity)
    seen._then = lambda it, item: publisher.emit(*range(1, 4)) if item == 0 else None
    seen.request(UNBOUNDED)
    publisher.emit(0)
    assert isinstance(seen.error, BackpressureError)
    assert seen.items == [0]
    assert sorted(left) == [1, 2, 3]


@pytest.mark.parametrize("overflow", ["drop_newest", "drop_oldest"])
def test_a_ledger_of_two_threads(overflow: str):
    publisher, seen, left = opened(3, overflow=overflow)
    emitting = threading.Thread(target=publisher.emit, args=range(500))
    emitting.start()
    for _ in range(200):
        seen.request(1)
    emitting.join()
    seen.cancel()

    assert sorted([*seen.items, *left]) == list(range(500))
    assert seen.items == sorted(seen.items)
    assert seen.violations == []
