"""create: what carries the producer may refuse, or vanish; and what it carries along."""

from __future__ import annotations

import asyncio
import gc
import queue
import threading
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextvars import ContextVar
from typing import Any

import pytest

from operators import AsyncEmitter, Emitter, Flow
from operators._kernel.hosts import loops
from operators.schedulers import executor, immediate
from tests.operators.kit import DEADLINE, eventually, line_of, notes, probe, soon


class Refusing(Executor):
    """Takes nothing."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        raise self._error


class NoWorker:
    """A scheduler that has none."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def now(self) -> float:
        return 0.0

    def worker(self) -> Any:
        raise self._error


def count(emitter: Emitter[int]) -> None:
    for n in range(3):
        emitter.emit(n)
    emitter.complete()


async def count_async(emitter: AsyncEmitter[int]) -> None:
    for n in range(3):
        await emitter.emit(n)


def failed_at(flow: Flow[Any], error: Exception, place: str) -> None:
    seen = probe(flow, 9).until_end()
    assert seen.error is error
    assert seen.items == []
    assert f"in create, written at {place}" in notes(error)


@pytest.mark.parametrize("error", [RuntimeError("full"), queue.Full("full"), OSError("no")])
def test_an_executor_that_refuses_fails_the_stream(error: Exception):
    flow = Flow.create(count, scheduler=executor(Refusing(error)))  # by executor
    failed_at(flow, error, line_of("# by executor", __file__))


@pytest.mark.parametrize("error", [RuntimeError("closed"), ValueError("none left")])
def test_a_scheduler_without_a_worker_fails_the_stream(error: Exception):
    flow = Flow.create(count, scheduler=NoWorker(error))  # no worker
    failed_at(flow, error, line_of("# no worker", __file__))


@pytest.fixture
def one_thread_less(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The next thread that is asked for cannot start."""
    start = threading.Thread.start
    refused: list[threading.Thread] = []

    def once(self: threading.Thread) -> None:
        if not refused:
            refused.append(self)
            raise RuntimeError("can't start new thread")
        start(self)

    monkeypatch.setattr(threading.Thread, "start", once)
    yield
    assert refused


@pytest.mark.usefixtures("one_thread_less")
@pytest.mark.parametrize("producer", [count, count_async])
def test_a_thread_that_cannot_start_fails_the_stream_and_no_later_one(producer: Any):
    flow = Flow.create(producer)
    with pytest.raises(RuntimeError, match="can't start new thread") as caught:
        list(flow)
    assert "in create, written at" in notes(caught.value)
    assert list(flow) == [0, 1, 2]


def test_work_that_an_executor_drops_fails_the_stream():
    pool = ThreadPoolExecutor(1)
    leave = threading.Event()
    pool.submit(leave.wait, DEADLINE)
    seen = probe(Flow.create(count, scheduler=executor(pool)), 9)
    pool.shutdown(wait=False, cancel_futures=True)
    leave.set()
    seen.until_end()
    assert isinstance(seen.error, RuntimeError)
    assert "in create, written at" in notes(seen.error)
    pool.shutdown()


def test_a_loop_that_makes_no_task_fails_the_stream():
    def broken(loop: Any, coroutine: Any, **_: Any) -> Any:
        raise OSError("no tasks today")

    async def run() -> Any:
        loop = asyncio.get_running_loop()
        flow = Flow.create(count_async)
        loop.set_task_factory(broken)
        try:
            return probe(flow, 9)
        finally:
            loop.set_task_factory(None)

    seen = asyncio.run(run())
    assert isinstance(seen.error, OSError)
    assert "in create, written at" in notes(seen.error)
    assert not loops.running_loop()


def test_a_subscriber_that_fails_at_once_gives_the_loop_back():
    class Broken:
        def on_subscribe(self, subscription: Any) -> None:
            raise KeyboardInterrupt

        def on_next(self, item: Any) -> None: ...
        def on_error(self, error: Exception) -> None: ...
        def on_complete(self) -> None: ...

    with pytest.raises(KeyboardInterrupt):
        Flow.create(count_async).subscribe(Broken())
    eventually(lambda: not [t for t in threading.enumerate() if t.name.startswith("operators")])


# Context variables ----------------------------------------------------------------------------------

USER: ContextVar[str] = ContextVar("user", default="nobody")


def seen_by(subscribe: Callable[[], Any]) -> Any:
    """Subscribe where the variable is set, and nowhere else."""
    token = USER.set("somebody")
    try:
        return subscribe()
    finally:
        USER.reset(token)


@pytest.mark.parametrize("where", ["a thread", "immediate", "a task", "a task of a loop"])
def test_a_producer_sees_the_context_of_the_subscription(where: str):
    def produce(emitter: Emitter[str]) -> None:
        emitter.emit(USER.get())
        USER.set("changed")
        emitter.emit(USER.get())

    async def produce_async(emitter: AsyncEmitter[str]) -> None:
        await asyncio.sleep(0)
        await emitter.emit(USER.get())

    after: list[str] = []
    flow: Flow[str]
    if where == "a thread":
        flow = Flow.create(produce)
    elif where == "immediate":
        flow = Flow.create(produce, scheduler=immediate())
    else:
        flow = Flow.create(produce_async)
    flow = flow.tap(lambda _: after.append(USER.get()))
    if where == "a task of a loop":

        async def run() -> Any:
            seen = seen_by(lambda: probe(flow, 9))
            await soon(lambda: seen.ended)
            return seen

        seen = asyncio.run(run())
    else:
        seen = seen_by(lambda: probe(flow, 9)).until_end()
    assert seen.items[0] == "somebody"
    assert after == seen.items  # what the producer sets, those after it see
    assert USER.get() == "nobody"


@pytest.mark.parametrize("first", [0, 9], ids=["queued", "straight through"])
def test_what_is_emitted_from_elsewhere_is_seen_in_the_context_of_the_subscription(first: int):
    emitters: list[Emitter[int]] = []
    flow = Flow.create(emitters.append, scheduler=immediate()).map(lambda n: (n, USER.get()))
    if first:  # asked for none, concat does not begin
        flow = flow.concat(Flow.defer(lambda: Flow.of((3, USER.get()))))
    seen = seen_by(lambda: probe(flow, first))

    def emit() -> None:
        USER.set("the thread's own")
        emitters[0].emit(1)
        if not first:
            seen.request(9)
        emitters[0].emit(2)
        emitters[0].complete()
        assert USER.get() == "the thread's own"

    thread = threading.Thread(target=emit)
    thread.start()
    thread.join(DEADLINE)
    # Also what had been waiting, and was delivered by who asked for it.
    assert seen.items == [(n, "somebody") for n in range(1, 4 if first else 3)]


def test_threads_that_take_turns_at_emitting_do_not_get_in_each_others_context():
    emitters: list[Emitter[int]] = []
    flow = Flow.create(emitters.append, scheduler=immediate(), capacity=2)
    seen = seen_by(lambda: probe(flow.map(lambda n: (n, USER.get())), 1, each=1))

    def emit(numbers: range) -> None:
        for n in numbers:
            assert emitters[0].emit(n)

    threads = [threading.Thread(target=emit, args=(range(n, n + 300),)) for n in (0, 1000, 2000)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(DEADLINE)
    emitters[0].complete()
    assert len(seen.items) == 900
    assert seen.violations == []


# Threads that are not there ---------------------------------------------------------------------------


def test_a_producer_and_its_consumer_on_a_pool_of_one_thread():
    def produce(emitter: Emitter[int]) -> None:
        for n in range(1000):
            emitter.emit(n)

    with ThreadPoolExecutor(1) as pool:
        flow = Flow.create(produce, scheduler=executor(pool), capacity=4)
        assert list(flow) == list(range(1000))  # the loop's own thread is the other one
        seen = probe(flow.publish_on(executor(pool), prefetch=4), 9, each=1).until_end()
        assert isinstance(seen.error, RuntimeError)
        assert "every thread of the executor waits" in str(seen.error)
        assert seen.items == list(range(len(seen.items)))
    with ThreadPoolExecutor(2) as pool:
        flow = Flow.create(produce, scheduler=executor(pool), capacity=4)
        assert list(flow.publish_on(executor(pool), prefetch=4)) == list(range(1000))


def test_a_producer_and_calls_of_its_consumer_on_a_pool_of_one_thread():
    def produce(emitter: Emitter[int]) -> None:
        for n in range(1000):
            emitter.emit(n)

    with ThreadPoolExecutor(1) as pool, ThreadPoolExecutor(1) as other:
        flow = Flow.create(produce, scheduler=executor(pool), capacity=4)
        assert len(list(flow.map_async(str, executor=other, concurrency=3))) == 1000
        with pytest.raises(RuntimeError, match="every thread of the executor waits"):
            list(flow.map_async(str, executor=pool, concurrency=3))


def test_who_emits_on_the_one_thread_that_is_to_deliver_is_told_so():
    emitters: list[Emitter[int]] = []

    def emit() -> None:
        for n in range(1000):
            emitters[0].emit(n)

    with ThreadPoolExecutor(1) as pool:
        flow = Flow.create(emitters.append, scheduler=immediate(), capacity=4)
        seen = probe(flow.publish_on(executor(pool), prefetch=4), 2)
        with pytest.raises(RuntimeError, match="every thread of the executor waits"):
            pool.submit(emit).result(DEADLINE)
        seen.request(99).until_end()
        assert isinstance(seen.error, RuntimeError)
        assert seen.items == list(range(len(seen.items)))
        assert "in create, written at" in notes(seen.error)


def test_a_loop_that_is_closed_under_a_producer_ends_the_stream():
    loop = asyncio.new_event_loop()

    async def produce(emitter: AsyncEmitter[int]) -> None:
        await emitter.emit(1)
        await asyncio.sleep(3600)

    async def run() -> Any:
        seen = probe(Flow.create(produce), 9)
        await soon(lambda: seen.items)
        return seen

    seen = loop.run_until_complete(run())
    left = [weakref.ref(task) for task in asyncio.all_tasks(loop)]
    loop.close()
    seen.until_end()
    assert isinstance(seen.error, RuntimeError)
    assert "closed" in str(seen.error)
    assert "in create, written at" in notes(seen.error)

    def gone() -> bool:
        gc.collect()
        return not any(task() for task in left)

    eventually(gone)  # and asyncio logs nothing of it: the suite would fail


def test_a_loop_that_was_closed_after_the_end_changes_nothing():
    seen = None

    async def run() -> Any:
        seen = probe(Flow.create(count_async), 9)
        await soon(lambda: seen.ended)
        return seen

    for _ in range(3):
        seen = asyncio.run(run())
        assert seen.items == [0, 1, 2]
        assert seen.completed
