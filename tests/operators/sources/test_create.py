"""create: a flow that a function pushes into, from a thread or as a task."""

from __future__ import annotations

import asyncio
import functools
import threading
from typing import Any

import pytest

from operators import AsyncEmitter, Emitter, Flow
from operators.schedulers import immediate
from reactive_streams import UNBOUNDED
from tests.operators.kit import eventually, line_of, notes, probe


def library_threads() -> list[str]:
    return [it.name for it in threading.enumerate() if it.name.startswith("operators-")]


def test_a_plain_producer_runs_on_a_thread_of_its_own():
    names: list[str] = []

    def produce(emitter: Emitter[int]) -> None:
        names.append(threading.current_thread().name)
        assert emitter.emit(1)
        emitter.complete()
        assert not emitter.emit(2)

    assert list(Flow.create(produce)) == [1]
    assert names[0].startswith("operators-create")


def test_on_a_scheduler_that_is_given():
    def produce(emitter: Emitter[int]) -> None:
        for n in range(3):
            emitter.emit(n)
        emitter.complete()

    seen = probe(Flow.create(produce, scheduler=immediate()), UNBOUNDED)
    assert seen.items == [0, 1, 2]
    assert seen.completed


class Producer:
    async def __call__(self, emitter: AsyncEmitter[int]) -> None:
        for n in range(3):
            assert await emitter.emit(n)
        emitter.complete()

    async def method(self, emitter: AsyncEmitter[int]) -> None:
        await self(emitter)


async def count(stop: int, emitter: AsyncEmitter[int]) -> None:
    for n in range(stop):
        await emitter.emit(n)
    emitter.complete()


@pytest.mark.parametrize(
    "produce", [Producer(), Producer().method, functools.partial(count, 3)],
    ids=["an object", "a method", "a partial"],
)  # fmt: skip
def test_whatever_is_a_coroutine_function_runs_as_a_task(produce: Any):
    async def run() -> list[int]:
        got = [item async for item in Flow.create(produce)]
        assert not library_threads()
        return got

    assert asyncio.run(run()) == [0, 1, 2]
    assert list(Flow.create(produce)) == [0, 1, 2]
    eventually(lambda: not library_threads())


def test_a_plain_producer_that_gives_a_coroutine_is_told_so():
    seen = probe(Flow.create(lambda emitter: count(3, emitter))).until_end()

    assert isinstance(seen.error, TypeError)
    assert "create: producer is a plain function that gave a coroutine" in str(seen.error)


def test_a_producer_that_does_nothing_when_it_is_called_is_told_so():
    def generates(emitter: Any) -> Any:
        yield emitter.emit(1)

    seen = probe(Flow.create(generates)).until_end()
    assert isinstance(seen.error, TypeError)
    assert "Flow.from_iterable(producer())" in str(seen.error)


def test_a_producer_may_give_back_what_it_has_begun():
    async def feed(emitter: Emitter[int]) -> None:
        for n in range(3):
            await asyncio.sleep(0)
            emitter.emit(n)

    async def run() -> list[int]:
        loop = asyncio.get_running_loop()
        begin: Any = lambda emitter: loop.create_task(feed(emitter))  # noqa: E731 - it returns the task
        flow: Flow[int] = Flow.create(begin, scheduler=immediate())
        return [n async for n in flow]

    assert asyncio.run(run()) == [0, 1, 2]


@pytest.mark.parametrize("asynchronous", [False, True])
def test_what_the_producer_raises_comes_after_what_it_emitted(asynchronous: bool):
    def produce(emitter: Any) -> None:
        emitter.emit(1)
        raise OSError("no luck")

    async def produce_async(emitter: Any) -> None:
        await emitter.emit(1)
        raise OSError("no luck")

    flow: Flow[int] = Flow.create(produce_async if asynchronous else produce)  # the place
    seen = probe(flow, 5).until_end()

    assert seen.items == [1]
    assert isinstance(seen.error, OSError)
    assert f"in create, written at {line_of('# the place', __file__)}" in notes(seen.error)


def test_an_error_that_is_told_comes_after_what_was_emitted():
    lost = KeyError("lost")

    def produce(emitter: Any) -> None:
        emitter.emit(1)
        emitter.emit(2)
        emitter.error(lost)

    seen = probe(Flow.create(produce, scheduler=immediate())).request(1)
    assert not seen.ended
    seen.request(1)
    assert seen.items == [1, 2]
    assert seen.error is lost


def test_what_is_no_error_is_refused():
    caught: list[Exception] = []

    def produce(emitter: Any) -> None:
        for call in (
            lambda: emitter.error("no"),
            lambda: emitter.error(KeyboardInterrupt()),
            lambda: emitter.emit(None),
            lambda: emitter.on_cancel(3),
        ):
            with pytest.raises(TypeError) as info:
                call()
            caught.append(info.value)
        emitter.complete()

    assert probe(Flow.create(produce, scheduler=immediate())).completed
    assert [str(it).split(":")[0] for it in caught] == ["error", "error", "emit", "on_cancel"]


def test_the_first_end_counts(dropped: Any):
    def produce(emitter: Any) -> None:
        emitter.complete()
        emitter.complete()
        emitter.error(KeyError("late"))

    seen = probe(Flow.create(produce, scheduler=immediate()), 1)
    assert seen.signals == [("on_subscribe", None), ("on_complete", None)]
    dropped.take(KeyError)


def test_emitting_after_a_cancel_is_told():
    gone = threading.Event()
    answers: list[Any] = []

    def produce(emitter: Emitter[int]) -> None:
        answers.append(emitter.emit(1))
        assert gone.wait(20)
        answers.extend([emitter.cancelled, emitter.emit(2), emitter.emit(3)])

    seen = probe(Flow.create(produce), 5).until_items(1)
    seen.cancel()
    gone.set()
    eventually(lambda: len(answers) == 4)

    assert answers == [True, True, False, False]
    assert seen.items == [1]


@pytest.mark.parametrize("end", ["cancel", "complete", "error"])
def test_on_cancel_is_called_once_however_it_ends(end: str):
    calls: list[str] = []
    emitters: list[Any] = []

    def produce(emitter: Emitter[int]) -> None:
        emitters.append(emitter)
        emitter.on_cancel(lambda: calls.append("early"))

    seen = probe(Flow.create(produce, scheduler=immediate()), 1)
    assert calls == []
    if end == "cancel":
        seen.cancel()
    elif end == "complete":
        emitters[0].complete()
    else:
        emitters[0].error(KeyError())

    assert calls == ["early"]
    emitters[0].on_cancel(lambda: calls.append("late"))
    assert calls == ["early", "late"]
    seen.cancel()
    assert calls == ["early", "late"]


def test_an_on_cancel_that_raises_goes_to_the_hook(dropped: Any):
    calls: list[str] = []

    def broken() -> None:
        raise OSError

    def produce(emitter: Emitter[int]) -> None:
        emitter.on_cancel(broken)
        emitter.on_cancel(lambda: calls.append("next"))

    probe(Flow.create(produce, scheduler=immediate())).cancel()
    dropped.take(OSError)
    assert calls == ["next"]


def test_demand_tells_what_the_subscriber_waits_for():
    demands: list[int] = []
    emitters: list[Emitter[int]] = []
    seen = probe(Flow.create(emitters.append, scheduler=immediate()))
    (emitter,) = emitters
    demands.append(emitter.demand)
    seen.request(3)
    demands.append(emitter.demand)
    emitter.emit(1)
    demands.append(emitter.demand)
    emitter.emit(2)
    emitter.emit(3)
    emitter.emit(4)
    demands.append(emitter.demand)
    seen.request(2)
    demands.append(emitter.demand)
    seen.request(UNBOUNDED)
    demands.append(emitter.demand)
    seen.cancel()

    assert demands == [0, 3, 2, 0, 1, UNBOUNDED]


def test_demand_inside_on_next_does_not_count_the_item_that_is_delivered():
    emitters: list[Emitter[int]] = []
    demands: list[int] = []
    seen = probe(
        Flow.create(emitters.append, scheduler=immediate()),
        2,
        then=lambda it, item: demands.append(emitters[0].demand),
    )
    emitters[0].emit(1)
    emitters[0].emit(2)
    seen.cancel()

    assert demands == [1, 0]


def test_a_task_is_cancelled_when_the_flow_is():
    log: list[str] = []
    begun = threading.Event()

    async def produce(emitter: AsyncEmitter[int]) -> None:
        try:
            await emitter.emit(1)
            begun.set()
            await asyncio.Event().wait()
        finally:
            log.append("over")

    seen = probe(Flow.create(produce), 5).until_items(1)
    assert begun.wait(20)
    seen.cancel()
    eventually(lambda: log == ["over"])
    assert not seen.ended
    eventually(lambda: not library_threads())


def test_a_flow_that_is_cancelled_at_once_is_not_produced_for():
    calls: list[str] = []

    async def produce_async(emitter: Any) -> None:
        calls.append("async")

    def produce(emitter: Any) -> None:
        calls.append("plain")

    class Fleeting:
        def on_subscribe(self, subscription: Any) -> None:
            subscription.cancel()

        def on_next(self, item: Any) -> None: ...
        def on_error(self, error: Exception) -> None: ...
        def on_complete(self) -> None: ...

    Flow.create(produce_async).subscribe(Fleeting())
    Flow.create(produce).subscribe(Fleeting())
    eventually(lambda: not library_threads())
    assert calls == []


def test_an_emitter_may_be_handed_to_other_threads():
    def produce(emitter: Emitter[int]) -> None:
        def emit(start: int) -> None:
            for n in range(start, start + 100):
                emitter.emit(n)

        threads = [threading.Thread(target=emit, args=(n * 100,)) for n in range(4)]
        for it in threads:
            it.start()
        for it in threads:
            it.join()
        emitter.complete()

    seen = probe(Flow.create(produce, capacity=3), 1, each=1).until_end()
    assert sorted(seen.items) == list(range(400))
    assert seen.violations == []


def test_each_subscriber_has_a_producer_of_its_own():
    def produce(emitter: Emitter[int]) -> None:
        emitter.emit(1)
        emitter.complete()

    flow = Flow.create(produce)
    assert list(flow) == list(flow) == [1]


def test_an_executor_that_was_shut_down_fails_the_flow():
    from concurrent.futures import ThreadPoolExecutor

    from operators.schedulers import executor

    pool = ThreadPoolExecutor(1)
    pool.shutdown()
    seen = probe(Flow.create(print, scheduler=executor(pool)), 1)

    assert isinstance(seen.error, RuntimeError)
    assert "in create, written at" in notes(seen.error)
