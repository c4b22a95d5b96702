"""on_discard: where items go that can no longer be delivered."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Any

from operators import Flow
from operators.schedulers import thread
from tests.operators.kit import APulled, Handmade, eventually, probe


def test_only_what_is_above_it():
    publisher = Handmade()
    above: list[Any] = []
    below: list[Any] = []
    flow = Flow.from_publisher(publisher).buffer(3).on_discard(above.append)
    seen = probe(flow.on_backpressure_buffer(8).on_discard(below.append))
    publisher.emit(*range(5))
    seen.cancel()

    assert above == [3, 4]
    assert below == [[0, 1, 2]]


def test_the_nearest_below_gets_it():
    publisher = Handmade()
    near: list[Any] = []
    far: list[Any] = []
    seen = probe(
        Flow.from_publisher(publisher).buffer(3).on_discard(near.append).on_discard(far.append), 1
    )
    publisher.emit(1)
    seen.cancel()

    assert (near, far) == ([1], [])


def test_what_is_delivered_is_not_discarded():
    left: list[Any] = []
    assert list(Flow.range(9).buffer(2).on_discard(left.append)) == [
        [0, 1],
        [2, 3],
        [4, 5],
        [6, 7],
        [8],
    ]
    assert left == []


def test_what_it_raises_goes_to_the_hook_and_the_rest_is_still_discarded(dropped: Any):
    publisher = Handmade()
    left: list[Any] = []

    def broken(item: int) -> None:
        left.append(item)
        if item == 1:
            raise OSError(item)

    seen = probe(Flow.from_publisher(publisher).buffer(9).on_discard(broken), 1)
    publisher.emit(1, 2)
    seen.cancel()

    dropped.take(OSError)
    assert left == [1, 2]


def test_inner_flows_have_their_outer_flows():
    inner = Handmade()
    left: list[Any] = []
    seen = probe(
        Flow.of(1).flat_map(lambda n: Flow.from_publisher(inner).buffer(3)).on_discard(left.append)
    )
    inner.emit(1, 2)
    seen.cancel()
    assert left == [1, 2]


def test_a_loop_that_is_left_discards_what_it_had_asked_for():
    made: list[int] = []
    left: list[int] = []
    flow = Flow.range(500).tap(made.append).publish_on(thread(), prefetch=8).on_discard(left.append)
    got = []
    for item in flow:
        got.append(item)
        if item == 20:
            break

    eventually(lambda: len(made) == len(got) + len(left))
    assert sorted([*got, *left]) == made
    assert len(left) <= 8 + 32


def test_an_async_loop_that_is_left_discards_what_it_had_asked_for():
    made: list[int] = []
    left: list[int] = []
    flow = Flow.from_async_iterable(APulled(range(500))).tap(made.append).limit_rate(64)
    got: list[int] = []

    async def run() -> None:
        async with aclosing(aiter(flow.on_discard(left.append))) as items:
            async for item in items:
                got.append(item)
                if item == 20:
                    break

    asyncio.run(run())
    assert sorted([*got, *left]) == made
    assert len(left) <= 32


def test_an_item_may_have_whatever_attributes_it_likes():
    class Touchy:
        @property
        def node(self) -> object:
            raise RuntimeError("hands off")

    item, discarded = Touchy(), list[object]()
    publisher = Handmade()
    seen = probe(Flow.from_publisher(publisher).buffer(3).on_discard(discarded.append), 1)
    publisher.emit(item)
    seen.cancel()

    assert discarded == [item]
