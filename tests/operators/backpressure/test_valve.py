"""valve: a flow that can be paused from outside."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from operators import Flow, Valve
from reactive_streams import UNBOUNDED
from tests.operators.kit import Handmade, eventually, probe, soon
from tests.operators.ways import fails, gives


def test_an_open_one_changes_nothing():
    gives(lambda f: f.valve(Valve()), range(5), [0, 1, 2, 3, 4])
    gives(lambda f: f.valve(Valve(), prefetch=1), range(5), [0, 1, 2, 3, 4])
    fails(lambda f: f.valve(Valve()), range(3), KeyError, [0, 1, 2], KeyError())


def test_nothing_passes_while_it_is_paused_and_no_more_is_asked_for():
    valve, publisher = Valve(), Handmade()
    seen = probe(Flow.from_publisher(publisher).valve(valve, prefetch=4), UNBOUNDED)
    publisher.emit(0)
    valve.pause()
    assert (repr(valve), valve.is_open) == ("<Valve, shut>", False)
    publisher.emit(1, 2, 3)
    assert (seen.items, publisher.requests) == ([0], [4])
    valve.resume()
    assert seen.items == [0, 1, 2, 3]
    assert publisher.requests == [4, 3]


def test_the_end_waits_for_what_waits_and_only_for_that():
    for error in (None, KeyError()):
        valve, publisher = Valve(), Handmade()
        seen = probe(Flow.from_publisher(publisher).valve(valve), 9)
        valve.pause()
        publisher.emit(1)
        publisher.complete() if error is None else publisher.fail(error)
        assert not seen.ended
        valve.resume()
        assert seen.items == [1]
        assert (seen.completed, seen.error) == (error is None, error)

    valve, publisher = Valve(), Handmade()
    seen = probe(Flow.from_publisher(publisher).valve(valve), 9)
    valve.pause()
    publisher.complete()
    assert seen.completed


def test_a_pause_from_inside_takes_effect_at_once():
    valve = Valve()

    def pause_at_two(_: Any, n: int) -> None:
        if n == 2:
            valve.pause()

    seen = probe(Flow.range(9).valve(valve), UNBOUNDED, then=pause_at_two)
    assert seen.items == [0, 1, 2]
    valve.resume()
    assert seen.items == list(range(9))


def test_one_for_many_flows_and_from_another_thread():
    valve = Valve()
    valve.pause()
    seen = [probe(Flow.range(3).valve(valve), UNBOUNDED) for _ in range(3)]
    resuming = threading.Thread(target=valve.resume)
    resuming.start()
    resuming.join()
    assert [each.items for each in seen] == [[0, 1, 2]] * 3


def test_a_loop_waits():
    valve, got = Valve(), list[int]()
    valve.pause()
    waiting = threading.Thread(target=lambda: got.extend(Flow.range(3).valve(valve)))
    waiting.start()
    valve.resume()
    waiting.join()
    assert got == [0, 1, 2]

    async def go() -> None:
        valve.pause()
        task = asyncio.create_task(collect(Flow.range(3).valve(valve)))
        await asyncio.sleep(0)
        valve.resume()
        await soon(task.done)
        assert task.result() == [0, 1, 2]

    asyncio.run(go())


async def collect(flow: Flow[int]) -> list[int]:
    return [item async for item in flow]


def test_what_waits_is_discarded_at_a_cancel():
    valve, publisher, left = Valve(), Handmade(), list[Any]()
    valve.pause()
    seen = probe(Flow.from_publisher(publisher).valve(valve).on_discard(left.append), 9)
    publisher.emit(1, 2)
    seen.cancel()
    eventually(lambda: left == [1, 2])
