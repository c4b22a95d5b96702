"""create, where emit would wait for what only its own thread can do: an error at once, and no hang."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from operators import Emitter, Flow
from operators.schedulers import immediate, thread
from tests.operators.kit import DEADLINE, eventually, line_of, notes, probe


def within(run: Callable[[], Any]) -> Any:
    """Run it on a thread, and return what it returns, or raises; fail where it takes for ever."""
    outcome: list[Any] = []

    def call() -> None:
        try:
            outcome.append(run())
        except BaseException as error:
            outcome.append(error)

    runner = threading.Thread(target=call, daemon=True)
    runner.start()
    runner.join(DEADLINE)
    assert outcome, "it hangs"
    return outcome[0]


def kept(capacity: int, **settings: Any) -> tuple[Flow[int], list[Any], threading.Event]:
    """A flow whose emitter is in the hands of the test once the event is set."""
    emitters: list[Any] = []
    ready = threading.Event()

    def produce(emitter: Emitter[int]) -> None:
        emitters.append(emitter)
        ready.set()

    return Flow.create(produce, capacity=capacity, **settings), emitters, ready  # the place


def test_in_a_callback_of_the_consumers_loop_the_stream_fails():
    async def run() -> list[int]:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda *_: None)  # the callback fails too, and asyncio logs it

        def produce(emitter: Emitter[int]) -> None:
            def burst() -> None:
                for n in range(500):
                    emitter.emit(n)
                emitter.complete()

            loop.call_soon_threadsafe(burst)

        return [n async for n in Flow.create(produce, capacity=4)]

    outcome = within(lambda: asyncio.run(run()))
    assert isinstance(outcome, RuntimeError), outcome
    assert "would block the event loop" in str(outcome)
    assert "async def" in str(outcome)


def test_in_a_coroutine_of_the_consumers_loop_it_raises_at_the_first_item_too_many():
    async def run() -> tuple[int, Any]:
        flow, emitters, ready = kept(4)
        consumer = asyncio.create_task(_first_items(flow))
        await asyncio.to_thread(ready.wait, DEADLINE)
        taken: list[int] = []

        def received() -> None:
            for n in range(100):
                assert emitters[0].emit(n)
                taken.append(n)

        with pytest.raises(RuntimeError, match="would block the event loop") as caught:
            received()
        assert line_of("# the place", __file__) in str(caught.value)
        with pytest.raises(RuntimeError, match="would block the event loop"):
            await consumer
        return len(taken), emitters[0].emit(1)

    taken, after = within(lambda: asyncio.run(run()))
    assert 4 <= taken <= 4 + 32 + 1
    assert after is False


def test_what_was_refused_is_not_told_of_once_more_where_the_consumer_leaves():
    async def run() -> None:
        loop = asyncio.get_running_loop()
        emitters: list[Emitter[int]] = []

        def produce(emitter: Emitter[int]) -> None:
            emitters.append(emitter)
            loop.call_soon_threadsafe(emitter.emit, 0)

        async for _ in Flow.create(produce, capacity=2):
            for n in range(99):
                emitters[0].emit(n)

    outcome = within(lambda: asyncio.run(run()))
    assert isinstance(outcome, RuntimeError)
    assert "would block the event loop" in str(outcome)


async def _first_items(flow: Flow[int]) -> list[int]:
    return [n async for n in flow]


def test_what_has_room_is_taken_from_a_callback_of_the_loop():
    async def run() -> list[int]:
        loop = asyncio.get_running_loop()

        def produce(emitter: Emitter[int]) -> None:
            def burst() -> None:
                for n in range(9):
                    emitter.emit(n)
                emitter.complete()

            loop.call_soon_threadsafe(burst)

        return [n async for n in Flow.create(produce)]

    assert within(lambda: asyncio.run(run())) == list(range(9))


def test_inside_its_own_delivery_it_raises():
    flow, emitters, ready = kept(2)
    taken: list[int] = []

    def each(n: int) -> None:
        for more in range(1, 9) if n == 0 else ():
            assert emitters[0].emit(more)
            taken.append(more)

    handle = flow.for_each(each)
    assert ready.wait(DEADLINE)
    emitters[0].emit(0)
    with pytest.raises(RuntimeError, match="would wait for this very thread"):
        handle.result(DEADLINE)
    assert taken == [1, 2]


@pytest.mark.parametrize(
    "hop",
    [
        lambda flow: flow.publish_on(thread(), prefetch=1),
        lambda flow: flow.map(lambda n: n).publish_on(thread(), prefetch=1).filter(lambda n: True),
        lambda flow: Flow.of(0).flat_map(lambda _: flow, prefetch=1).publish_on(thread(), prefetch=1),
    ],
    ids=["publish_on", "with steps", "as an inner flow"],
)  # fmt: skip
def test_on_the_worker_that_delivers_further_down_it_raises(hop: Any):
    flow, emitters, ready = kept(2)

    def each(n: int) -> None:
        if n == 0:
            for more in range(1, 99):
                emitters[0].emit(more)

    handle = hop(flow).for_each(each)
    assert ready.wait(DEADLINE)
    emitters[0].emit(0)
    with pytest.raises(RuntimeError, match="would wait for this very thread"):
        handle.result(DEADLINE)


@pytest.mark.parametrize(
    "hop",
    [
        lambda flow: flow,
        lambda flow: flow.map(lambda n: n),
        lambda flow: flow.publish_on(thread(), prefetch=1),
        lambda flow: flow.publish_on(thread(), prefetch=1).filter(lambda n: True),
    ],
    ids=["directly", "with steps", "behind a hop", "behind a hop and steps"],
)
@pytest.mark.parametrize("where", ["in the loop", "between two items"])
def test_on_the_thread_of_a_loop_it_raises(hop: Any, where: str):
    def produce(emitter: Emitter[int]) -> None:
        emitters.append(emitter)
        emitter.emit(0)

    def run() -> None:
        with closing(iter(hop(Flow.create(produce, capacity=2)))) as items:
            if where == "in the loop":
                for _ in items:
                    emit()
            else:
                next(items)
                emit()

    def emit() -> None:
        for n in range(999):
            emitters[0].emit(n)

    emitters: list[Emitter[int]] = []
    outcome = within(run)
    assert isinstance(outcome, RuntimeError), outcome
    assert "would wait for this very thread" in str(outcome)


def test_another_thread_than_the_one_that_delivers_waits_its_turn():
    flow, emitters, ready = kept(2)
    leave = threading.Event()
    got: list[int] = []

    def each(n: int) -> None:
        got.append(n)
        assert leave.wait(DEADLINE)

    handle = flow.for_each(each)
    assert ready.wait(DEADLINE)

    def emit(numbers: range) -> None:
        for n in numbers:
            assert emitters[0].emit(n)

    others = [threading.Thread(target=emit, args=(range(n, n + 20),)) for n in (0, 100, 200)]
    for each_thread in others:
        each_thread.start()
    eventually(lambda: got)
    leave.set()
    for each_thread in others:
        each_thread.join(DEADLINE)
    emitters[0].complete()
    handle.result(DEADLINE)
    assert sorted(got) == [*range(20), *range(100, 120), *range(200, 220)]


# Where the producer runs inside of subscribe ---------------------------------------------------------


def many(emitter: Emitter[int]) -> None:
    for n in range(200):
        emitter.emit(n)
    emitter.complete()


def test_a_producer_inside_of_subscribe_is_not_kept_waiting_for_what_comes_after():
    seen = within(lambda: probe(Flow.create(many, scheduler=immediate(), capacity=4)))  # immediate
    assert not seen.ended
    seen.request(9)
    assert seen.items == [0, 1, 2, 3]
    assert isinstance(seen.error, RuntimeError)
    assert "inside of subscribe" in str(seen.error)
    assert line_of("# immediate", __file__) in notes(seen.error)


def test_a_producer_inside_of_subscribe_goes_on_as_far_as_it_is_asked():
    flow = Flow.create(many, scheduler=immediate(), capacity=4)
    assert within(lambda: probe(flow, 1, each=1)).items == list(range(200))
    assert within(lambda: probe(flow, 196)).request(9).items == list(range(200))


def test_a_producer_inside_of_subscribe_waits_where_another_thread_asks():
    flow = Flow.create(many, scheduler=immediate(), capacity=4).publish_on(thread(), prefetch=2)
    assert within(lambda: list(flow)) == list(range(200))
