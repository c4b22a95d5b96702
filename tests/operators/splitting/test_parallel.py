"""parallel: rails, each with operators of its own, and one flow of them again."""

from __future__ import annotations

import operator
import threading
from typing import Any

import pytest

from operators import Flow
from operators.schedulers import immediate, thread
from tests.operators.kit import Handmade, eventually, notes, probe

DEADLINE = 30.0


def test_each_rail_runs_on_a_worker_of_its_own() -> None:
    meet = threading.Barrier(3, timeout=DEADLINE)  # which none passes before three are at it
    rails = Flow.range(3).parallel(3).run_on(thread(), prefetch=1)
    names = rails.map(lambda n: (meet.wait(), threading.current_thread().name)[1]).sequential()
    assert len(set(names)) == 3


def test_every_item_goes_to_one_rail() -> None:
    rails = Flow.range(2_000).parallel(4, prefetch=16).run_on(thread(), prefetch=4)
    results = rails.map(lambda n: n * 2).filter(lambda n: n % 3).sequential(prefetch=8)
    wanted = [n * 2 for n in range(2_000) if n * 2 % 3]
    for _ in range(2):  # a run has rails of its own
        assert sorted(results) == wanted


def test_a_rail_that_is_slow_keeps_no_other_from_working() -> None:
    release, slow = threading.Event(), list[str]()

    def work(n: int) -> int:
        if n == 0:
            slow.append(threading.current_thread().name)
            release.wait(DEADLINE)
        return n

    rails = Flow.range(100).parallel(2, prefetch=4).run_on(thread(), prefetch=1)
    seen = probe(rails.map(work).sequential(), 1_000)
    try:
        # One item may wait at the rail that is at work, and four for both: all others pass it by.
        eventually(lambda: len(seen.items) >= 94, "the other rail does the rest")
        assert 0 not in seen.items
    finally:
        release.set()
    seen.until_end()
    assert sorted(seen.items) == list(range(100))


def test_upstream_is_asked_for_what_may_wait() -> None:
    upstream = Handmade()
    flow = Flow.from_publisher(upstream).parallel(2, prefetch=3).sequential(prefetch=2)
    seen = probe(flow, 0)
    assert upstream.asked == 3
    upstream.emit(1, 2, 3)
    # Two wait behind each rail, and three before them; of what is behind, places are free before.
    assert upstream.asked <= 3 + 2 * 3
    assert seen.items == []
    seen.request(9)
    assert sorted(seen.items) == [1, 2, 3]
    upstream.complete()
    seen.until_end()
    assert seen.completed


def test_an_error_on_one_cancels_the_others() -> None:
    upstream, lost = Handmade(), list[int]()
    flow = Flow.from_publisher(upstream).parallel(2).map(lambda n: 6 // n).sequential()
    seen = probe(flow.on_discard(lost.append), 1)
    upstream.emit(6, 3, 0)
    seen.until_end()
    assert isinstance(seen.error, ZeroDivisionError)
    assert "item: 0" in notes(seen.error)
    assert "test_parallel.py" in notes(seen.error)  # where map was written
    assert upstream.cancels == 1
    assert [*seen.items, *lost] == [1, 2]


def test_an_error_of_upstream_is_that_of_the_flow() -> None:
    upstream = Handmade()
    seen = probe(Flow.from_publisher(upstream).parallel(3).run_on(thread()).sequential(), 9)
    upstream.emit(1)
    upstream.fail(OSError("gone"))
    seen.until_end()
    assert isinstance(seen.error, OSError)


def test_who_leaves_cancels_upstream() -> None:
    closed = threading.Event()

    def numbers() -> Any:
        try:
            yield from range(10**9)
        finally:
            closed.set()

    rails = Flow.from_iterable(numbers()).parallel(2).run_on(thread())
    assert len(list(rails.map(str).sequential().take(5))) == 5
    assert closed.wait(DEADLINE)


def test_a_rail_that_has_enough_leaves_the_rest_to_the_others() -> None:
    results = Flow.range(10).parallel(2).apply(lambda rail: rail.take(2)).sequential()
    assert sorted(results) == [0, 1, 2, 3]


def test_one_result_for_each_rail_that_had_an_item() -> None:
    sums = list(Flow.of(1, 2, 4).parallel(5).reduce(operator.add).sequential())
    assert sum(sums) == 7
    assert 1 <= len(sums) <= 3


def test_two_at_a_time_share_nothing() -> None:
    flow = Flow.range(200).parallel(2, prefetch=2).sequential(prefetch=2)
    first, second = probe(flow, 0), probe(flow, 0)
    for n in (1, 3, 500):
        first.request(n)
        second.request(n)
    first.until_end()
    second.until_end()
    assert sorted(first.items) == sorted(second.items) == list(range(200))


def test_they_say_what_they_hold() -> None:
    rails = Flow.range(9).parallel(4, prefetch=32).run_on(thread(), prefetch=8)
    lines = str(rails.sequential(prefetch=16).describe()).splitlines()
    assert "parallel(4 rails, prefetch=16)" in lines[0]
    assert f"holds {4 * 17 + 3 * 8}" in lines[0]  # what the first rail holds is told of below
    assert "holds 32" in lines[2]
    assert "publish_on(prefetch=8)" in lines[6]


def test_what_is_no_flow_is_said_so() -> None:
    rails = Flow.range(3).parallel(2)
    assert repr(rails.map(str)) == "<Rails: 2 of map>"
    with pytest.raises(
        AttributeError, match=r"Rails have no take: .*, sequential\(\) makes one flow"
    ):
        rails.take(2)
    with pytest.raises(TypeError, match="Rails"):
        list(rails)
    with pytest.raises(ValueError, match="is not a chain of operators on the rail"):
        rails.apply(lambda rail: rail.merge(Flow.of(1)))
    with pytest.raises(TypeError, match="parallel: build must return a Flow"):
        rails.apply(lambda rail: 3)  # type: ignore[arg-type, return-value]
    with pytest.raises(ValueError, match="sequential: prefetch must be at least 1"):
        rails.sequential(prefetch=0)


def test_what_is_held_in_front_of_it_is_discarded_with_the_rest() -> None:
    left: list[int] = []
    in_front = Flow.range(100).publish_on(immediate(), prefetch=100)
    for _ in in_front.parallel(2, prefetch=4).sequential().on_discard(left.append):
        break
    assert sorted(left) == list(range(1, 100))
