"""Queues as sources and sinks."""

from __future__ import annotations

import asyncio
import multiprocessing
import queue
from collections.abc import Callable
from typing import Any

import anyio
import janus
import pytest

from operators import Flow
from operators.connectors import Message, queues, values
from operators.testing import VirtualClock
from tests.connectors.kit import DEADLINE, eventually
from tests.operators.kit import probe

NUMBERS = list(range(200))
CLOSING = queues.SinkSettings(end=None)


@pytest.mark.parametrize(
    "make",
    [
        queue.Queue,
        queue.SimpleQueue,
        queue.LifoQueue,
        queue.PriorityQueue,
        multiprocessing.Queue,
        multiprocessing.JoinableQueue,
    ],
)
def test_what_is_put_in_is_taken_out(make: Callable[[], Any]):
    work = make()
    settings = queues.SinkSettings(end=-1 if make is queue.LifoQueue else 1_000)
    flow = queues.source(work, queues.SourceSettings(end=settings.end)).apply(values())
    if make is queue.LifoQueue:
        work.put(-1)
        Flow.of(*NUMBERS).apply(queues.sink(work)).run()
        assert list(flow) == NUMBERS[::-1]
    else:
        Flow.of(*NUMBERS).apply(queues.sink(work, settings)).run()
        assert list(flow) == NUMBERS
    if hasattr(work, "close"):
        work.close()
        work.join_thread()


def test_between_two_flows_through_a_small_queue():
    work: queue.Queue[Any] = queue.Queue(3)
    run = Flow.of(*NUMBERS).apply(queues.sink(work, CLOSING)).for_each(lambda _: None)
    assert list(queues.source(work).apply(values())) == NUMBERS
    run.result(DEADLINE)


def test_asyncio_queue():
    async def main() -> list[Any]:
        work: asyncio.Queue[Any] = asyncio.Queue(3)
        run = Flow.of(*NUMBERS).apply(queues.sink(work, CLOSING)).for_each(lambda _: None)
        found = [item async for item in queues.source(work).apply(values())]
        await run
        await asyncio.wait_for(work.join(), DEADLINE)
        return found

    assert asyncio.run(main()) == NUMBERS


def test_janus_both_ways_between_a_thread_and_a_loop():
    async def main() -> list[Any]:
        work: janus.Queue[Any] = janus.Queue(3)
        into = Flow.of(*NUMBERS).apply(queues.sink(work.sync_q, CLOSING))
        run = asyncio.get_running_loop().run_in_executor(None, into.run)
        found = [item async for item in queues.source(work.async_q).apply(values())]
        await run
        await work.aclose()
        return found

    assert asyncio.run(main()) == NUMBERS


def test_a_janus_queue_that_is_shut_down_ends_the_flow():
    async def main() -> list[Any]:
        work: janus.Queue[Any] = janus.Queue()
        await Flow.of(1, 2).apply(queues.sink(work.async_q))
        work.shutdown()
        return [item async for item in queues.source(work.async_q).apply(values())]

    assert asyncio.run(main()) == [1, 2]


def test_anyio_streams_end_with_their_other_side():
    async def main() -> list[Any]:
        send, receive = anyio.create_memory_object_stream[int](2)

        async def fill() -> None:
            async with send:
                await Flow.of(*NUMBERS).apply(queues.sink(send))

        task = asyncio.create_task(fill())
        async with receive:
            found = [item async for item in queues.source(receive).apply(values())]
        await task
        return found

    assert asyncio.run(main()) == NUMBERS


def test_an_item_is_taken_for_each_that_is_asked_for():
    work: queue.Queue[int] = queue.Queue()
    for n in range(5):
        work.put(n)
    seen = probe(queues.source(work), 2)
    eventually(lambda: len(seen.items) == 2)
    assert work.qsize() == 3
    seen.cancel()


def test_with_a_prefetch_no_more_than_that_are_in_hand():
    work: queue.Queue[int] = queue.Queue()
    for n in range(10):
        work.put(n)
    flow = queues.source(work, queues.SourceSettings(prefetch=4))
    seen = probe(flow, 1)
    eventually(lambda: len(seen.items) == 1)
    assert work.qsize() == 6
    assert flow.describe().in_flight >= 4
    seen.cancel()


def test_what_is_behind_the_end_stays_for_others():
    work: queue.Queue[Any] = queue.Queue()
    for item in (1, None, 2, None):
        work.put(item)
    flow = queues.source(work, queues.SourceSettings(prefetch=8)).apply(values())
    assert list(flow) == [1]
    assert list(flow) == [2]


def test_ack_is_task_done_and_nack_puts_back():
    work: queue.Queue[Any] = queue.Queue()
    work.put("a")
    work.put("b")
    work.put(None)
    first, second = queues.source(work)
    assert first.nack()
    assert not first.ack()
    assert second.ack()
    assert (work.get_nowait(), work.unfinished_tasks) == ("a", 1)


def test_what_is_given_back_to_a_full_queue_is_given_again():
    work: queue.Queue[int] = queue.Queue(2)
    work.put(1)
    work.put(2)
    taken: list[int] = []
    for message in queues.source(work).take(4):
        taken.append(message.value)
        if len(taken) == 1:
            work.put(3)
            assert message.nack()
        else:
            assert message.ack()
    assert taken == [1, 1, 2, 3]
    assert work.unfinished_tasks == 0


@pytest.mark.parametrize("elsewhere", [False, True])
def test_what_is_given_back_to_a_full_asyncio_queue_is_given_again(elsewhere: bool):
    async def main() -> None:
        work: asyncio.Queue[int] = asyncio.Queue(1)
        await work.put(1)
        taken: list[int] = []
        async for message in queues.source(work).take(3):
            taken.append(message.value)
            if len(taken) == 1:
                await work.put(2)
                assert await asyncio.to_thread(message.nack) if elsewhere else message.nack()
            else:
                assert message.ack()
        assert taken == [1, 1, 2]
        await work.join()

    asyncio.run(main())


def test_what_is_given_back_to_a_stream_is_given_again():
    async def main() -> None:
        sending, receiving = anyio.create_memory_object_stream[int](5)
        sending.send_nowait(1)
        sending.close()
        taken: list[int] = []
        async for message in queues.source(receiving):
            taken.append(message.value)
            if len(taken) == 1:
                message.nack()
        assert taken == [1, 1]
        receiving.close()

    asyncio.run(main())


def test_what_a_cancelled_flow_had_in_hand_can_be_put_back():
    work: queue.Queue[int] = queue.Queue()
    for number in range(5):
        work.put(number)
    flow = queues.source(work, queues.SourceSettings(prefetch=4)).on_discard(Message.nack)
    flow.take(1).run()
    assert sorted(work.queue) == [1, 2, 3, 4]


def test_an_answer_from_another_thread_reaches_an_asyncio_queue():
    async def main() -> None:
        work: asyncio.Queue[Any] = asyncio.Queue()
        work.put_nowait("a")
        work.put_nowait("b")
        one, two = [message async for message in queues.source(work).take(2)]
        await asyncio.to_thread(one.ack)
        await asyncio.to_thread(two.nack)
        assert await asyncio.wait_for(work.get(), DEADLINE) == "b"
        work.task_done()
        await asyncio.wait_for(work.join(), DEADLINE)

    asyncio.run(main())


def test_a_queue_that_cannot_be_awaited_is_looked_at_as_often_as_it_says():
    looked: list[float] = []

    class Empty:
        def get_nowait(self) -> Any:
            looked.append(clock.now())
            raise queue.Empty

    async def main() -> None:
        settings = queues.SourceSettings(longest_wait=0.5)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(100):
                await queues.source(Empty(), settings)

    clock = VirtualClock()
    clock.run(main())
    assert 200 <= len(looked) <= 230


def test_a_shut_down_queue_ends_the_flow_and_fails_the_sink():
    class ShutDown(Exception):  # as queue.ShutDown is from Python 3.13 on
        pass

    class Shut:
        def get_nowait(self) -> Any:
            raise ShutDown

        def put_nowait(self, item: Any) -> None:
            raise ShutDown

    assert list(queues.source(Shut())) == []
    with pytest.raises(ShutDown):
        Flow.of(1).apply(queues.sink(Shut())).run()


def test_an_array_is_not_taken_for_the_end():
    class Elementwise:
        def __eq__(self, other: object) -> Any:
            return [True, False]

        __hash__ = None  # type: ignore[assignment]

    work: queue.Queue[Any] = queue.Queue()
    item = Elementwise()
    work.put(item)
    work.put("end")
    assert list(queues.source(work, queues.SourceSettings(end="end")).apply(values())) == [item]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: queues.source([]), "queues.source: needs a queue"),
        (lambda: queues.sink([]), "queues.sink: needs a queue"),
        (lambda: queues.SourceSettings(prefetch=0), "prefetch"),
        (lambda: queues.SinkSettings(batch=0), "batch"),
        (lambda: queues.SinkSettings(longest_wait=-1), "longest_wait"),
    ],
)
def test_wrong_arguments_say_so(wrong: Callable[[], Any], message: str):
    with pytest.raises((TypeError, ValueError), match=message):
        wrong()
