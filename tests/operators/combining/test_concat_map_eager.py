"""concat_map_eager: flows one after another, while the next ones begin already."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from operators import Flow
from operators.schedulers import thread
from tests.operators.kit import Handmade, notes, probe
from tests.operators.ways import gives


def pushed(n: int) -> Flow[int]:
    return Flow.from_publisher(Handmade([n] * n))


def test_in_order_everywhere():
    expected = [n for n in range(6) for _ in range(n)]
    gives(lambda f: f.concat_map_eager(lambda n: Flow.from_iterable([n] * n)), range(6), expected)
    gives(lambda f: f.concat_map_eager(pushed), range(6), expected)
    gives(lambda f: f.concat_map_eager(pushed, concurrency=1, prefetch=1), range(6), expected)
    gives(lambda f: f.concat_map_eager(pushed, concurrency=2, prefetch=1), range(6), expected)
    gives(
        lambda f: f.concat_map_eager(lambda n: pushed(n) if n % 2 else Flow.from_iterable([n] * n)),
        range(6), expected,
    )  # fmt: skip
    gives(lambda f: f.concat_map_eager(pushed), [], [])


def test_those_that_wait_have_begun_and_are_asked_for_their_prefetch():
    inner = [Handmade() for _ in range(4)]
    outer = Handmade()
    flow = Flow.from_publisher(outer).concat_map_eager(
        lambda n: Flow.from_publisher(inner[n]), concurrency=3, prefetch=4
    )
    seen = probe(flow)
    assert outer.requests == [3]
    seen.request(9)
    outer.emit(0, 1, 2)
    assert [each.requests for each in inner] == [[4], [4], [4], []]
    inner[2].emit("c")
    inner[1].emit("b")
    assert seen.items == []
    inner[1].complete()
    inner[0].emit("a")
    assert seen.items == ["a"]
    inner[0].complete()
    assert seen.items == ["a", "b", "c"]
    assert sum(outer.requests) == 5
    outer.complete()
    inner[2].complete()
    assert seen.completed


def test_demand_is_kept():
    inner = [Handmade(), Handmade()]
    flow = Flow.of(0, 1).concat_map_eager(lambda n: Flow.from_publisher(inner[n]), prefetch=4)
    seen = probe(flow)
    for each in inner:
        each.emit(*range(3))
    assert seen.items == []
    seen.request(2)
    assert seen.items == [0, 1]
    inner[0].complete()
    seen.request(2)
    assert seen.items == [0, 1, 2, 0]


def test_an_error_of_one_that_waits_ends_it():
    inner = [Handmade(), Handmade()]
    left: list[Any] = []
    flow = Flow.of(0, 1).concat_map_eager(lambda n: Flow.from_publisher(inner[n]))
    seen = probe(flow.on_discard(left.append), 1)
    inner[1].emit("held")
    inner[1].fail(KeyError("lost"))
    assert isinstance(seen.error, KeyError)
    assert (inner[0].cancels, left) == (1, ["held"])


def test_a_function_that_fails_for_an_item_ahead_ends_it():
    for flow in (Flow.of(1, 0), Flow.from_publisher(Handmade([1, 0]))):
        with pytest.raises(ZeroDivisionError) as caught:
            list(flow.concat_map_eager(lambda n: Flow.of(1 // n)))
        assert "in concat_map_eager, written at" in notes(caught.value)
        assert "item: 0" in notes(caught.value)


@pytest.mark.parametrize("way", [list, lambda f: f.to_list().run()])
def test_those_that_wait_really_run_at_once(way: Any):
    meet = threading.Barrier(4, timeout=20)

    def slow(n: int) -> Flow[int]:
        return Flow.of(n).tap(lambda _: meet.wait() and None).subscribe_on(thread("eager"))

    assert way(Flow.range(4).concat_map_eager(slow, concurrency=4)) == [0, 1, 2, 3]
