"""subscribe_on: upstream runs on a scheduler's worker."""

from __future__ import annotations

import asyncio
import itertools
import queue
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any

import pytest

from operators import Flow
from operators._kernel.kinds import Source
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators._kernel.subscription.scope import Scope
from operators.custom import Sink
from operators.schedulers import event_loop, executor, immediate, thread
from reactive_streams import UNBOUNDED
from tests.operators.kit import Handmade, Pulled, eventually, in_turn, notes, probe, soon


def test_the_source_runs_on_the_thread():
    where: list[str] = []
    flow = Flow.range(5).tap(lambda n: where.append(threading.current_thread().name))
    seen = probe(flow.subscribe_on(thread("far")), 2).until_items(2)
    seen.request(9).until_end()

    assert seen.items == list(range(5))
    assert {name.rsplit("-", 1)[0] for name in where} == {"far"}
    assert seen.violations == []


def test_opening_the_source_happens_there_too():
    where: list[str] = []

    def make() -> Flow[int]:
        where.append(threading.current_thread().name)
        return Flow.of(1)

    assert list(Flow.defer(make).subscribe_on(thread("far"))) == [1]
    assert where[0].startswith("far")


def test_on_an_event_loop():
    async def run() -> None:
        seen = probe(Flow.range(5).subscribe_on(event_loop()), UNBOUNDED)
        assert seen.items == []
        await soon(lambda: seen.ended)
        assert seen.items == list(range(5))

    asyncio.run(run())


def test_demand_that_comes_early_is_kept():
    publisher = Handmade()
    hold, entered = threading.Event(), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(in_turn(entered.set, lambda: hold.wait(20)))
        assert entered.wait(20)
        seen = (
            probe(Flow.from_publisher(publisher).subscribe_on(executor(pool))).request(2).request(3)
        )
        assert publisher.subscriber is None
        hold.set()
        eventually(lambda: publisher.asked == 5, "the demand")
        seen.cancel()


def test_a_cancel_before_the_worker_began_subscribes_to_nothing():
    publisher = Handmade()
    hold, entered = threading.Event(), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(in_turn(entered.set, lambda: hold.wait(20)))
        assert entered.wait(20)
        seen = probe(Flow.from_publisher(publisher).subscribe_on(executor(pool)), 1)
        seen.cancel()
        hold.set()
    assert publisher.subscriber is None
    assert seen.signals == [("on_subscribe", None)]


def test_a_cancel_stops_an_endless_source():
    pulled = Pulled(iter(int, 1))
    seen = probe(Flow.from_iterable(pulled).subscribe_on(thread()), UNBOUNDED).until_items(10)
    seen.cancel()

    eventually(lambda: pulled.closed == 1, "the close")


def test_a_bad_request_stops_an_endless_source():
    pulled = Pulled(iter(int, 1))
    seen = probe(Flow.from_iterable(pulled).subscribe_on(thread()), UNBOUNDED).until_items(10)
    seen.request(-1).until_end()

    assert isinstance(seen.error, ValueError)
    assert seen.violations == []
    assert pulled.closed == 1


def test_an_executor_that_was_shut_down_fails_the_flow():
    pool = ThreadPoolExecutor(1)
    pool.shutdown()
    seen = probe(Flow.of(1).subscribe_on(executor(pool)), 1)

    assert isinstance(seen.error, RuntimeError)
    assert "in subscribe_on, written at" in notes(seen.error)
    assert len(seen.signals) == 2


def test_an_executor_that_is_shut_down_meanwhile_fails_the_flow():
    pool = ThreadPoolExecutor(1)
    pulled = Pulled(range(9))
    seen = probe(Flow.from_iterable(pulled).subscribe_on(executor(pool)), 1).until_items(1)
    pool.shutdown()
    seen.request(1).until_end()

    assert seen.items == [0]
    assert isinstance(seen.error, RuntimeError)
    eventually(lambda: pulled.closed == 1, "the close")


def test_the_end_gives_the_thread_back():
    def names() -> list[str]:
        return [it.name for it in threading.enumerate() if it.name.startswith("far")]

    for flow in (Flow.of(1), Flow.empty(), Flow.error(KeyError())):
        probe(flow.subscribe_on(thread("far")), 1).until_end()
    probe(Flow.never().subscribe_on(thread("far")), 1).cancel()
    eventually(lambda: names() == [], "the end of the threads")


def test_the_nearest_to_the_source_decides():
    where: list[str] = []

    def make() -> Flow[int]:
        where.append(threading.current_thread().name)
        return Flow.of(1)

    flow: Flow[Any] = Flow.defer(make).subscribe_on(thread("near")).subscribe_on(thread("outer"))
    assert list(flow) == [1]
    assert where[0].startswith("near")


def test_here_and_now():
    seen = probe(Flow.range(5).subscribe_on(immediate()), 2)

    assert seen.items == [0, 1]
    seen.cancel()


class Waiting(Handmade):
    """A Publisher that sends from within subscribe, and waits there for demand."""

    def __init__(self, items: int) -> None:
        super().__init__()
        self._count = items
        self._room = threading.Semaphore(0)

    def subscribe(self, subscriber: Any) -> None:
        super().subscribe(subscriber)
        for n in range(self._count):
            assert self._room.acquire(timeout=20)
            self.emit(n)
        self.complete()

    def request(self, n: int) -> None:
        super().request(n)
        self._room.release(min(n, self._count))


class Pulling:
    """A Publisher that sends from within request."""

    def __init__(self, items: int) -> None:
        self._items = iter(range(items))
        self._subscriber: Any = None
        self._asked = 0
        self._running = False
        self.threads: set[str] = set()

    def subscribe(self, subscriber: Any) -> None:
        self._subscriber = subscriber
        subscriber.on_subscribe(self)

    def request(self, n: int) -> None:
        self._asked += n
        if self._running:
            return
        self._running = True
        self.threads.add(threading.current_thread().name)
        while self._asked:
            self._asked -= 1
            item = next(self._items, None)
            if item is None:
                self._asked = 0
                self._subscriber.on_complete()
                return
            self._subscriber.on_next(item)
        self._running = False

    def cancel(self) -> None:
        self._asked = 0


def test_demand_reaches_a_source_that_keeps_the_worker():
    for each in (1, 7):
        seen = probe(Flow.from_publisher(Waiting(100)).subscribe_on(thread()), each)
        for asked in range(each, 101, each):
            seen.until_items(asked).request(each)
        seen.until_end()
        assert seen.items == list(range(100))
        assert seen.violations == []


def test_demand_reaches_a_producer_that_keeps_the_worker():
    def produce(emitter: Any) -> None:
        for n in range(200):
            emitter.emit(n)
        emitter.complete()

    flow = Flow.create(produce, scheduler=immediate(), capacity=4).subscribe_on(thread())
    assert list(flow) == list(range(200))


def test_a_buffer_over_an_endless_source_hears_of_demand():
    flow = Flow.range(10**12).on_backpressure_drop().subscribe_on(thread())
    seen = probe(flow, 1).until_items(1).request(1).until_items(2)
    seen.cancel()


@pytest.mark.parametrize("each", [1, 3, 64])
def test_a_source_that_runs_inside_of_request_does_so_on_the_worker(each: int):
    for build in (
        lambda tap: Flow.range(300).tap(tap),
        lambda tap: Flow.range(300).tap(tap).limit_rate(8),
        lambda tap: Flow.from_iterable(iter(range(300))).tap(tap).on_finally(print),
    ):
        where: set[str] = set()
        flow = build(lambda _: where.add(threading.current_thread().name)).subscribe_on(  # noqa: B023
            thread("far")
        )
        seen = probe(flow, each)
        while not seen.ended:  # from here, whatever the worker is at
            seen.request(each)
        assert seen.items == list(range(300))
        assert {name.rsplit("-", 1)[0] for name in where} == {"far"}


def feeder() -> tuple[queue.SimpleQueue[int], Flow[int]]:
    """Return a queue, and the flow that waits for what is put in: below zero, it is the end."""
    given: queue.SimpleQueue[int] = queue.SimpleQueue()
    return given, Flow.from_iterable(iter(given.get, -1))


@pytest.mark.parametrize(
    ("build", "items"),
    [
        (lambda x: x.batch_while_waiting(100), [[0], [1, 2], [3]]),
        (lambda x: Flow.from_publisher(x.batch_while_waiting(100)), [[0], [1, 2], [3]]),
        (lambda x: x.batch_while_waiting(100).map(len).batch_while_waiting(9), [[1], [1, 1], [1]]),
        (lambda x: x.on_backpressure_buffer(100, overflow="block"), [0, 1, 2]),
    ],
    ids=["batch_while_waiting", "as a Publisher", "in one another", "buffer"],
)
def test_what_waits_is_given_out_while_the_source_waits_for_more(build: Any, items: list[Any]):
    given, source = feeder()
    pulled: list[int] = []
    seen = probe(build(source.tap(pulled.append)).subscribe_on(thread()), 1)
    given.put(0)
    seen.until_items(1)
    for n in (1, 2):
        given.put(n)
    eventually(lambda: len(pulled) == 3)
    seen.request(1).until_items(2).request(1)
    given.put(3)
    seen.until_items(3)
    assert seen.items == items
    given.put(-1)
    seen.request(9).until_end()
    assert seen.violations == []


def test_what_stands_in_is_given_while_the_source_waits():
    given, source = feeder()
    seen = probe(source.extrapolate(itertools.repeat).subscribe_on(thread()), 1)
    given.put(7)
    for n in range(1, 5):
        seen.until_items(n).request(1)
    given.put(-1)
    assert seen.until_end().items == [7] * 5
    assert seen.violations == []


def test_a_sink_is_given_what_is_there_while_its_source_waits_for_more():
    given, source = feeder()
    written: list[Any] = []

    class Keeps(Sink[int]):
        @asynccontextmanager
        async def open(self):
            async def write(items: Any) -> None:
                written.extend(items)

            yield write

    def feed() -> None:
        try:
            for n in range(20):
                given.put(n)
                eventually(lambda: len(written) > n)  # noqa: B023
        finally:
            given.put(-1)

    with ThreadPoolExecutor(1) as pool:
        fed = pool.submit(feed)
        source.apply(Keeps()).run()
        fed.result()
    assert written == list(range(20))


def test_a_publisher_that_sends_inside_of_request_does_so_on_the_worker():
    pulling = Pulling(50)
    seen = probe(Flow.from_publisher(pulling).subscribe_on(thread("far")), 1)
    for n in range(1, 50):
        seen.until_items(n)
        # What is asked for while it still runs may be asked from here: nobody knows what it is like.
        eventually(lambda: not pulling._running)
        seen.request(1)
    seen.until_items(50).request(1).until_end()
    assert {name.rsplit("-", 1)[0] for name in pulling.threads} == {"far"}
    assert seen.violations == []


def test_a_source_that_runs_by_itself_is_asked_without_the_worker():
    async def numbers() -> AsyncIterator[int]:
        for n in range(100):
            yield n

    class Counting:
        """A scheduler whose workers count what they are given."""

        def __init__(self) -> None:
            self.tasks = 0
            self._threads = thread()

        def now(self) -> float:
            return self._threads.now()

        def worker(self) -> Any:
            counting, worker = self, self._threads.worker()

            class Counted:
                def schedule(self, fn: Any, delay: float = 0.0) -> None:
                    counting.tasks += 1
                    worker.schedule(fn, delay)

                def close(self) -> None:
                    worker.close()

            return Counted()

    for build in (
        lambda: Flow.from_async_iterable(numbers()),
        lambda: Flow.from_async_iterable(numbers()).map(str).filter(bool),
        lambda: Flow.range(100).publish_on(thread()),
        lambda: Flow.range(100).subscribe_on(thread()),
    ):
        scheduler = Counting()
        seen = probe(build().subscribe_on(scheduler), 1, each=1).until_end()
        assert len(seen.items) == 100
        assert scheduler.tasks == 1
        assert seen.violations == []


def test_a_source_that_raises_out_of_subscribe_or_request_fails_the_flow():
    class Broken(RecursionError):
        pass

    class Breaking(Source):
        name = "breaking"
        contract = Contract.ON_DEMAND

        def open(self, downstream: Any, node: Node, scope: Scope) -> None:
            downstream.on_subscribe(self)

        def request(self, n: int) -> None:
            raise Broken

        def cancel(self) -> None:
            pass

    seen = probe(Flow[Any](Node(Breaking())).subscribe_on(thread()), 1).until_end()
    assert isinstance(seen.error, Broken)
    assert "in subscribe_on, written at" in notes(seen.error)


def test_context_variables_are_those_of_whoever_subscribed():
    name: ContextVar[str] = ContextVar("name", default="nobody")
    seen_names: list[str] = []
    flow = Flow.range(5).tap(lambda _: seen_names.append(name.get())).subscribe_on(thread())
    token = name.set("somebody")
    seen = probe(flow, 1)
    name.reset(token)
    seen.until_items(1).request(9).until_end()
    assert seen_names == ["somebody"] * 5


def test_what_no_signal_may_carry_is_told_to_whoever_waits():
    def source():
        yield 1
        raise SystemExit(3)

    seen = probe(Flow.from_iterable(source()).subscribe_on(thread()), 9).until_end()
    assert seen.items == [1]
    assert isinstance(seen.error, RuntimeError)
    assert "SystemExit" in str(seen.error)
    assert seen.violations == []
