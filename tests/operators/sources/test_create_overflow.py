"""create, when items come faster than they are asked for."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from operators import AsyncEmitter, BackpressureError, Emitter, Flow
from operators.schedulers import immediate
from reactive_streams import UNBOUNDED
from tests.operators.kit import eventually, in_turn, line_of, probe, soon


def opened(**settings: Any) -> tuple[Any, Any, list[Any]]:
    """Return an emitter in the hands of the test, the probe below it, and what was discarded."""
    emitters: list[Any] = []
    left: list[Any] = []
    flow: Flow[int] = Flow.create(emitters.append, scheduler=immediate(), **settings)  # the place
    seen = probe(flow.on_discard(left.append))
    return emitters[0], seen, left


def test_drop_newest_keeps_what_came_first():
    emitter, seen, left = opened(overflow="drop_newest", capacity=2)
    for n in range(5):
        emitter.emit(n)
    assert (left, emitter.dropped) == ([2, 3, 4], 3)

    emitter.complete()
    seen.request(9)
    assert seen.items == [0, 1]
    assert seen.completed


def test_drop_oldest_keeps_what_came_last():
    emitter, seen, left = opened(overflow="drop_oldest", capacity=2)
    for n in range(5):
        assert emitter.emit(n)
    assert (left, emitter.dropped) == ([0, 1, 2], 3)

    emitter.complete()
    seen.request(9)
    assert seen.items == [3, 4]
    assert seen.completed


def test_latest_keeps_one():
    emitter, seen, left = opened(overflow="latest", capacity=100)
    seen.request(1)
    for n in range(5):
        assert emitter.emit(n)
    assert (seen.items, left, emitter.dropped) == ([0], [1, 2, 3], 3)

    seen.request(1)
    assert seen.items == [0, 4]
    seen.cancel()


@pytest.mark.parametrize(
    ("overflow", "kept"), [("drop_newest", 1), ("drop_oldest", 9), ("latest", 9)]
)
def test_a_capacity_of_one_is_one_whatever_was_asked_for(overflow: str, kept: int):
    emitter, seen, left = opened(overflow=overflow, capacity=1)
    seen._then = lambda it, item: [emitter.emit(n) for n in range(1, 10)] if item == 0 else None
    seen.request(UNBOUNDED)
    emitter.emit(0)
    assert seen.items == [0, kept]
    assert (len(left), emitter.dropped) == (8, 8)
    seen.cancel()


@pytest.mark.parametrize("end", ["cancel", "bad request"])
def test_an_error_that_waits_and_is_overtaken_goes_to_the_hook(end: str, dropped: Any):
    emitter, seen, left = opened(capacity=4)
    emitter.emit(1)
    emitter.error(KeyError("waiting"))
    seen.cancel() if end == "cancel" else seen.request(0)

    dropped.take(KeyError)
    assert left == [1]


def test_error_fails_and_discards_what_waited():
    emitter, seen, left = opened(overflow="error", capacity=2)
    assert emitter.emit(0)
    assert emitter.emit(1)
    assert not emitter.emit(2)
    assert not emitter.emit(3)

    assert isinstance(seen.error, BackpressureError)
    assert f"create, written at {line_of('# the place', __file__)}, overflowed" in str(seen.error)
    assert "its 2 places were taken" in str(seen.error)
    assert seen.items == []
    assert left == [0, 1]  # what was not taken in stays with the producer


@pytest.mark.parametrize("overflow", ["block", "drop_newest", "drop_oldest", "latest", "error"])
def test_what_waits_at_a_cancel_is_discarded_once(overflow: str):
    emitter, seen, left = opened(overflow=overflow, capacity=3)
    seen.request(1)
    emitter.emit(0)
    emitter.emit(1)
    seen.cancel()
    seen.cancel()

    assert (seen.items, left) == ([0], [1])
    assert not emitter.emit(2)
    assert left == [1]


@pytest.mark.parametrize("overflow", ["block", "drop_newest", "drop_oldest", "latest", "error"])
def test_what_waits_at_a_bad_request_is_discarded_once(overflow: str):
    emitter, seen, left = opened(overflow=overflow, capacity=3)
    emitter.emit(0)
    seen.request(0)

    assert isinstance(seen.error, ValueError)
    assert left == [0]
    assert not emitter.emit(1)


def test_block_has_emit_wait_for_room():
    taken: list[int] = []

    def produce(emitter: Emitter[int]) -> None:
        for n in range(5):
            assert emitter.emit(n)
            taken.append(n)
        emitter.complete()

    seen = probe(Flow.create(produce, capacity=2))
    eventually(lambda: len(taken) == 2)
    seen.request(1).until_items(1)
    eventually(lambda: len(taken) == 3)
    assert seen.items == [0]
    seen.request(9).until_end()
    assert seen.items == taken == [0, 1, 2, 3, 4]


def test_a_cancel_wakes_up_whoever_waits_for_room():
    answers: list[bool] = []

    def produce(emitter: Emitter[int]) -> None:
        answers.append(emitter.emit(1))
        answers.append(emitter.emit(2))

    seen = probe(Flow.create(produce, capacity=1))
    eventually(lambda: answers)
    seen.cancel()
    eventually(lambda: answers == [True, False])


def test_an_end_told_by_another_wakes_up_whoever_waits_for_room():
    answers: list[bool] = []
    full = threading.Event()

    def produce(emitter: Emitter[int]) -> None:
        answers.append(emitter.emit(1))
        threading.Thread(target=in_turn(lambda: full.wait(20), emitter.complete)).start()
        full.set()
        answers.append(emitter.emit(2))

    seen = probe(Flow.create(produce, capacity=1))
    eventually(lambda: answers == [True, False])
    seen.request(1).until_end()
    assert seen.items == [1]


def test_an_awaited_emit_waits_for_room_while_the_loop_goes_on():
    taken: list[int] = []

    async def produce(emitter: AsyncEmitter[int]) -> None:
        for n in range(5):
            assert await emitter.emit(n)
            taken.append(n)
        emitter.complete()

    async def run() -> None:
        seen = probe(Flow.create(produce, capacity=2))
        await soon(lambda: len(taken) == 2)
        for _ in range(20):
            await asyncio.sleep(0)
        assert taken == [0, 1]
        seen.request(1)
        await soon(lambda: len(taken) == 3)
        assert seen.items == [0]
        seen.request(9)
        await soon(lambda: seen.ended)
        assert seen.items == [0, 1, 2, 3, 4]

    asyncio.run(run())


def test_an_awaited_emit_ends_with_the_flow():
    log: list[str] = []

    async def produce(emitter: AsyncEmitter[int]) -> None:
        try:
            while await emitter.emit(1):
                log.append("taken")
        finally:
            log.append("over")

    async def run() -> None:
        seen = probe(Flow.create(produce, capacity=1))
        await soon(lambda: log)
        seen.cancel()
        await soon(lambda: log[-1] == "over")

    asyncio.run(run())
    assert log == ["taken", "over"]


def test_several_awaited_emits_all_get_their_turn():
    async def produce(emitter: AsyncEmitter[int]) -> None:
        async def emit(start: int) -> None:
            for n in range(start, start + 20):
                await emitter.emit(n)

        await asyncio.gather(*(emit(n * 20) for n in range(5)))
        emitter.complete()

    assert sorted(Flow.create(produce, capacity=1)) == list(range(100))
