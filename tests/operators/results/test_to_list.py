"""to_list: all items in a list."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from operators import Flow
from reactive_streams import UNBOUNDED
from tests.operators.kit import Handmade, probe
from tests.operators.ways import fails, gives


def test_all_items_everywhere():
    gives(lambda f: f.to_list(), range(5), [[0, 1, 2, 3, 4]])
    gives(lambda f: f.to_list(), [], [[]])
    gives(lambda f: f.buffer(2).to_list().map(len), range(5), [3])


def test_it_can_be_awaited_and_run():
    async def go() -> list[int] | None:
        return await Flow.range(3).to_list()

    assert asyncio.run(go()) == Flow.range(3).to_list().run() == [0, 1, 2]


def test_each_run_has_a_list_of_its_own():
    flow = Flow.range(2).to_list()
    first, second = flow.run(), flow.run()
    assert first == second == [0, 1]
    assert first is not second


def test_the_items_are_discarded_at_an_error():
    left: list[int] = []
    fails(lambda f: f.to_list().on_discard(left.append), [1, 2], KeyError, error=KeyError())
    assert left == [1, 2] * 25


def test_the_items_are_discarded_at_a_cancel_from_another_thread():
    for _ in range(200):
        left: list[Any] = []
        publisher = Handmade()
        flow = Flow.from_publisher(publisher).to_list().on_discard(left.append)
        seen = probe(flow, UNBOUNDED)
        emitting = threading.Thread(target=publisher.emit, args=range(20))
        emitting.start()
        seen.cancel()
        emitting.join()
        assert sorted(left) == list(range(20))
        assert seen.items == []


def test_a_list_that_waits_for_demand_is_discarded_at_a_cancel():
    publisher = Handmade()
    left: list[Any] = []
    seen = probe(Flow.from_publisher(publisher).to_list().on_discard(left.append))
    publisher.complete()
    seen.cancel()
    assert (seen.items, left) == ([], [])
