"""AsyncSource and Sink: what a connector is made of."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from operators import Flow, Handle
from operators.custom import AsyncSource, Sink
from operators.testing import TestSubscriber
from tests.operators.kit import DEADLINE, cancelled_after, eventually, notes, probe, soon


class Pairs(AsyncSource[int]):
    def __init__(self, until: int) -> None:
        self._until = until
        self.asked = 0
        self.closed = 0

    async def batches(self) -> AsyncGenerator[list[int]]:
        try:
            for n in range(0, self._until, 2):
                self.asked += 1
                await asyncio.sleep(0)
                yield [n, n + 1]
        finally:
            await asyncio.sleep(0)
            self.closed += 1


class Store(Sink[Any]):
    """Keeps what it is given, and what became of the run."""

    batch = 4

    def __init__(self, *, fails_at: Any = None, gate: threading.Event | None = None) -> None:
        self.written: list[list[Any]] = []
        self.ends: list[str] = []
        self.threads: set[str] = set()
        self._fails_at = fails_at
        self._gate = gate

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[Callable[[list[Any]], Awaitable[None]]]:
        async def write(items: list[Any]) -> None:
            self.threads.add(threading.current_thread().name)
            while self._gate is not None and not self._gate.is_set():  # noqa: ASYNC110 - by a thread
                await asyncio.sleep(0.001)
            if self._fails_at in items:
                raise OSError(f"cannot write {self._fails_at}")
            self.written.append(items)

        try:
            yield write
        except BaseException as error:
            self.ends.append(type(error).__name__)
            raise
        await asyncio.sleep(0)
        self.ends.append("committed")

    @property
    def items(self) -> list[Any]:
        return [item for batch in self.written for item in batch]


def test_a_batch_is_asked_for_when_the_one_before_is_used_up():
    pairs = Pairs(10)
    seen = probe(pairs.flow(), 2)
    eventually(lambda: len(seen.items) == 2)
    assert pairs.asked == 1
    seen.request(1)
    eventually(lambda: len(seen.items) == 3)
    assert pairs.asked == 2
    seen.cancel()
    eventually(lambda: pairs.closed == 1)


def test_each_run_begins_anew_and_is_closed_when_it_is_left():
    pairs = Pairs(6)
    flow = pairs.flow()
    assert list(flow) == list(flow) == [0, 1, 2, 3, 4, 5]
    assert list(flow.take(1)) == [0]
    assert pairs.closed == 3


def test_an_error_says_where_the_source_stands():
    class Broken(AsyncSource[int]):
        name = "broken.source"

        async def batches(self) -> AsyncGenerator[list[int]]:
            yield [1]
            raise OSError("gone")

    with pytest.raises(OSError, match="gone") as raised:
        list(Broken().flow())
    assert "in broken.source, written at" in notes(raised.value)
    assert "test_async_kinds.py" in notes(raised.value)


def test_items_are_passed_on_when_they_are_written():
    store = Store()
    for item in Flow.range(10).apply(store):
        assert item in store.items
    assert store.items == list(range(10))
    assert all(1 <= len(batch) <= 4 for batch in store.written)
    assert store.ends == ["committed"]


def test_it_is_committed_before_the_end_is_told():
    store = Store()
    told: list[list[str]] = []
    Flow.range(3).apply(store).on_terminate(lambda: told.append(list(store.ends))).run()
    assert told == [["committed"]]


def test_an_error_upstream_rolls_back():
    store = Store()
    with pytest.raises(ZeroDivisionError):
        Flow.of(2, 1, 0).map(lambda n: 2 // n).apply(store).run()
    assert store.ends == ["ZeroDivisionError"]


def test_what_it_raises_fails_the_flow_and_cancels_upstream():
    store = Store(fails_at=3)
    cancelled: list[str] = []
    flow = Flow.range(1_000_000).tap(on_cancel=lambda: cancelled.append("yes")).apply(store)
    with pytest.raises(OSError, match="cannot write 3") as raised:
        flow.run()
    assert "in store, written at" in notes(raised.value)
    eventually(lambda: cancelled == ["yes"])
    assert store.ends == ["OSError"]


def test_leaving_early_closes_it_before_the_loop_is_left():
    store = Store()
    for _ in Flow.range(1_000_000).apply(store):
        break
    assert store.ends in (["GeneratorExit"], ["CancelledError"])


def test_a_cancel_while_it_writes_breaks_off():
    store = Store(gate=threading.Event())
    run = Flow.range(10).apply(store).for_each(lambda _: None)
    eventually(lambda: store.threads)
    run.cancel()
    run.result(DEADLINE)
    eventually(lambda: store.ends == ["CancelledError"])
    assert store.items == []


class Stuck(Sink[Any]):
    """Never gets done with its second batch."""

    batch = 4

    def __init__(self) -> None:
        self.begun: list[list[Any]] = []

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[Callable[[list[Any]], Awaitable[None]]]:
        async def write(items: list[Any]) -> None:
            self.begun.append(items)
            if len(self.begun) == 2:
                await asyncio.Event().wait()

        yield write


def pushed(flow: Flow[Any]) -> Flow[Any]:
    return Flow.of(1).flat_map(lambda _: flow)


@pytest.mark.parametrize("inside", [lambda flow: flow, pushed])
def test_a_cancelled_task_discards_what_waits_for_a_sink_and_what_is_in_its_hands(inside: Any):
    sink, made, left, got = Stuck(), list[Any](), list[Any](), list[Any]()
    numbers = Flow.range(100).map(lambda n: [n]).tap(made.append)

    async def use() -> None:
        async for item in inside(numbers.apply(sink)).on_discard(left.append):
            got.append(item)

    async def main() -> None:
        using = asyncio.create_task(use())
        await soon(lambda: len(sink.begun) == 2)
        using.cancel()
        await asyncio.wait([using])

    asyncio.run(main())
    assert len(left) >= len(sink.begun[1])
    assert sorted(got + left) == made


def test_a_run_on_no_loop_discards_them_too():
    sink, made, left, got = Stuck(), list[Any](), list[Any](), list[Any]()
    numbers = Flow.range(100).map(lambda n: [n]).tap(made.append)
    run = numbers.apply(sink).on_discard(left.append).for_each(got.append)
    eventually(lambda: len(sink.begun) == 2)
    run.cancel()
    eventually(lambda: sorted(got + left) == made)
    assert len(left) >= len(sink.begun[1])


@pytest.mark.parametrize("turns", range(12))
def test_batches_that_wait_in_a_join_are_discarded_as_the_items_that_they_are(turns: int):
    left: list[Any] = []

    async def use() -> None:
        async for _ in Pairs(100).flow().merge(Flow.never()).on_discard(left.append):
            await asyncio.sleep(0)

    asyncio.run(cancelled_after(turns, use()))
    assert all(isinstance(each, int) for each in left)


def test_on_an_event_loop_all_of_it_is_there():
    async def main() -> None:
        store = Store()
        here: set[str] = set()
        flow = Flow.range(9).tap(lambda _: here.add(threading.current_thread().name)).apply(store)
        assert [item async for item in flow] == list(range(9))
        assert store.threads == here == {threading.current_thread().name}

    asyncio.run(main())


def test_without_a_loop_upstream_may_block():
    store = Store()
    seen: set[str] = set()

    def blocking(n: int) -> int:
        with pytest.raises(RuntimeError):
            asyncio.get_running_loop()
        seen.add(threading.current_thread().name)
        return n

    assert Flow.range(9).map(blocking).apply(store).run() == 8
    assert not seen & store.threads


def test_no_more_wait_than_it_says():
    gate = threading.Event()
    store = Store(gate=gate)
    asked: list[int] = []
    run = Flow.range(1_000).tap(asked.append).apply(store).for_each(lambda _: None)
    eventually(lambda: len(asked) >= 4)
    held = Flow.range(1_000).apply(store).describe().in_flight
    assert len(asked) <= held
    gate.set()
    run.result(DEADLINE)
    assert len(store.items) == 1_000


def test_as_a_subscriber_of_anybodys_publisher():
    store = Store()
    subscriber = store.subscriber()
    assert isinstance(subscriber.handle, Handle)
    Flow.range(100).subscribe(subscriber)
    subscriber.handle.result(DEADLINE)
    assert store.items == list(range(100))
    with pytest.raises(TypeError, match=r"§2\.13"):
        subscriber.on_next(None)


def test_its_subscriber_has_the_error():
    subscriber = Store(fails_at=2).subscriber()
    Flow.range(100).subscribe(subscriber)
    with pytest.raises(OSError, match="cannot write 2"):
        subscriber.handle.result(DEADLINE)
    late = Store().subscriber()
    Flow.error(KeyError("up")).subscribe(late)
    with pytest.raises(KeyError):
        late.handle.result(DEADLINE)


def test_explain_shows_what_is_written_into_it():
    stages = Flow.range(3).map(str).apply(Store()).describe().stages
    assert [(each.title, each.inner) for each in stages] == [
        ("store", 0),
        ("range", 1),
        ("map", 1),
        ("batch_while_waiting", 1),
        ("flat_map_iterable", 0),
    ]


def test_a_sink_of_which_nothing_is_asked_opens_nothing():
    store = Store()
    seen = TestSubscriber[int]()
    Flow.range(3).apply(store).subscribe(seen)
    seen.cancel()
    assert store.ends == []


@pytest.mark.parametrize("made", [AsyncSource(), Sink()])
def test_what_is_not_filled_in_says_so(made: Any):
    flow = made.flow() if isinstance(made, AsyncSource) else Flow.of(1).apply(made)
    with pytest.raises(NotImplementedError, match=r"has no (batches|open)"):
        flow.run()
