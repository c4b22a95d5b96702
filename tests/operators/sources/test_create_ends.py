"""create: how the end of the stream and the end of its producer follow from one another."""

from __future__ import annotations

import asyncio
import gc
import itertools
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from operators import AsyncEmitter, Emitter, Flow
from operators._kernel.links import producing
from operators.schedulers import immediate
from reactive_streams import UNBOUNDED
from tests.operators.kit import DEADLINE, collector_off, eventually, probe, soon

CONSUMED: dict[str, Callable[[Flow[int]], Flow[Any]]] = {
    "take": lambda flow: flow.take(1),
    "take_while": lambda flow: flow.take_while(lambda n: n != 1),
    "a map that raises": lambda flow: flow.map(lambda n: 1 // 0).on_error_return(1),
    "zip": lambda flow: flow.zip(Flow.of(1)),
}


class Producing:
    """A coroutine producer that goes on when the stream is over, and what becomes of it."""

    def __init__(self, then: Callable[[AsyncEmitter[int]], Any]) -> None:
        self._then = then
        self.log: list[str] = []
        self.over = threading.Event()

    async def __call__(self, emitter: AsyncEmitter[int]) -> None:
        try:
            await emitter.emit(1)
            await self._then(emitter)
            self.log.append("returned")
        except asyncio.CancelledError:
            self.log.append("cancelled")
            raise
        finally:
            await asyncio.sleep(0.01)
            self.log.append("cleaned up")
            self.over.set()


async def forever(emitter: AsyncEmitter[int]) -> None:
    await asyncio.Event().wait()


async def told_and_then_forever(emitter: AsyncEmitter[int]) -> None:
    assert await emitter.emit(2) is False
    await asyncio.Event().wait()


async def deaf(emitter: AsyncEmitter[int]) -> None:
    while True:
        await emitter.emit(2)


async def polite(emitter: AsyncEmitter[int]) -> None:
    while await emitter.emit(2):  # on a slow machine the first one still waits for its turn
        pass


async def completes_and_then_forever(emitter: AsyncEmitter[int]) -> None:
    emitter.complete()
    assert await emitter.emit(2) is False
    await asyncio.Event().wait()


@pytest.mark.parametrize("how", CONSUMED)
@pytest.mark.parametrize(
    ("then", "log"),
    [
        (forever, ["cancelled", "cleaned up"]),
        (told_and_then_forever, ["cancelled", "cleaned up"]),
        (deaf, ["cancelled", "cleaned up"]),
        (polite, ["returned", "cleaned up"]),
        (completes_and_then_forever, ["cancelled", "cleaned up"]),
    ],
    ids=lambda given: getattr(given, "__name__", ""),
)
def test_a_coroutine_whose_stream_ends_in_its_own_emit_is_ended(
    then: Any, log: list[str], how: str, monkeypatch: pytest.MonkeyPatch
):
    waits = then in (told_and_then_forever, completes_and_then_forever)
    monkeypatch.setattr(producing, "GRACE", 0.02 if waits else 10 * DEADLINE)
    made = Producing(then)
    probe(CONSUMED[how](Flow.create(made)), 9).until_end()  # it has asked before the task begins
    assert made.over.wait(DEADLINE)
    assert made.log == log

    async def run() -> list[str]:
        again = Producing(then)
        seen = probe(CONSUMED[how](Flow.create(again)), 9)
        await soon(lambda: seen.ended)
        await soon(again.over.is_set)
        await soon(lambda: len(asyncio.all_tasks()) == 1)
        return again.log

    assert asyncio.run(run()) == log


@pytest.mark.parametrize("error", [None, KeyError("lost")])
def test_a_coroutine_that_ends_its_stream_itself_has_time_to_clean_up(error: Exception | None):
    log: list[str] = []

    async def produce(emitter: AsyncEmitter[int]) -> None:
        await asyncio.sleep(0)
        await emitter.emit(1)
        emitter.complete() if error is None else emitter.error(error)
        for _ in range(20):
            await asyncio.sleep(0)
        log.append("cleaned up")

    assert list(Flow.create(produce).on_error_return(2)) == ([1] if error is None else [1, 2])
    eventually(lambda: log)


def test_a_coroutine_that_returns_has_completed_its_stream():
    async def produce(emitter: AsyncEmitter[int]) -> None:
        await emitter.emit(1)
        kept.append(emitter)

    kept: list[AsyncEmitter[int]] = []
    assert list(Flow.create(produce)) == [1]
    assert kept[0].cancelled


def test_a_plain_function_that_returns_has_completed_its_stream():
    def produce(emitter: Emitter[int]) -> None:
        emitter.emit(1)

    assert list(Flow.create(produce)) == [1]
    seen = probe(Flow.create(produce, scheduler=immediate()))
    assert not seen.ended
    seen.request(1)
    assert (seen.items, seen.completed) == ([1], True)
    assert list(Flow.create(lambda emitter: None)) == []


def test_a_plain_function_that_hands_its_emitter_on_has_not():
    emitters: list[Emitter[int]] = []
    seen = probe(Flow.create(emitters.append, scheduler=immediate()), 9)
    emitters[0].emit(1)
    callback = emitters.pop().emit
    callback(2)
    assert not seen.ended
    del callback
    seen.until_end()  # nobody has it any more
    assert seen.items == [1, 2]
    assert seen.completed


def test_an_emitter_that_goes_after_the_end_changes_nothing():
    emitters: list[Emitter[int]] = []
    before = set(threading.enumerate())
    for end in ("complete", "cancel"):
        seen = probe(Flow.create(emitters.append, scheduler=immediate()), 9)
        emitters[0].complete() if end == "complete" else seen.cancel()
        emitters.clear()
        assert set(threading.enumerate()) == before
        assert seen.completed == (end == "complete")


def test_an_emitter_that_goes_before_the_producer_returns_ends_the_stream_then():
    def produce(emitter: Emitter[int]) -> None:
        emitter.emit(1)
        emitter.on_cancel(lambda: order.append("over"))
        del emitter
        order.append("returns")

    order: list[str] = []
    seen = probe(Flow.create(produce, scheduler=immediate()), 9)
    assert (seen.items, seen.completed) == ([1], True)
    assert order == ["returns", "over"]


def test_an_emitter_that_the_collector_finds_ends_the_stream():
    def produce(emitter: Emitter[int]) -> None:
        emitter.on_cancel(lambda: calls.append(emitter.cancelled))  # it keeps itself
        cycle: list[Any] = [emitter]
        cycle.append(cycle)

    calls: list[bool] = []
    with collector_off():
        seen = probe(Flow.create(produce, scheduler=immediate()), 9)
        assert not seen.ended
        gc.collect()
        seen.until_end()
    assert seen.completed
    eventually(lambda: calls == [True])


def test_what_ends_with_an_emitter_ends_in_a_safe_place():
    lock = threading.Lock()  # no reentrant one
    ended = threading.Event()

    class Locking:
        def on_subscribe(self, subscription: Any) -> None:
            subscription.request(UNBOUNDED)

        def on_next(self, item: Any) -> None: ...
        def on_error(self, error: Exception) -> None: ...

        def on_complete(self) -> None:
            with lock:
                ended.set()

    emitters: list[Emitter[int]] = []
    Flow.create(emitters.append, scheduler=immediate()).subscribe(Locking())
    with lock:
        emitters.clear()
        assert not ended.wait(0.01)
    assert ended.wait(DEADLINE)


def test_functions_for_the_end_are_called_once_though_the_emitter_goes():
    calls: list[str] = []

    def produce(emitter: Emitter[int]) -> None:
        emitter.on_cancel(lambda: calls.append("over"))
        emitter.emit(1)

    seen = probe(Flow.create(produce, scheduler=immediate()))
    assert calls == []
    seen.request(1)
    assert seen.completed
    assert calls == ["over"]


@pytest.mark.parametrize("raised", [SystemExit, GeneratorExit, KeyboardInterrupt])
def test_what_is_no_error_ends_the_stream_and_nothing_is_logged(
    raised: type[BaseException],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(threading, "excepthook", lambda _: None)  # it shows what ends a thread

    def produce(emitter: Emitter[int]) -> None:
        emitter.emit(1)
        raise raised

    async def produce_async(emitter: AsyncEmitter[int]) -> None:
        await emitter.emit(1)
        raise raised

    for producer in (produce, produce_async):
        seen = probe(Flow.create(producer), 9).until_end()
        assert isinstance(seen.error, RuntimeError)
        assert raised.__name__ in str(seen.error)
    eventually(lambda: not [t for t in threading.enumerate() if t.name.startswith("operators")])
    gc.collect()
    assert "never retrieved" not in caplog.text


def test_a_task_that_is_cancelled_before_it_begins_ends_the_stream():
    async def run() -> Any:
        async def produce(emitter: AsyncEmitter[int]) -> None:
            await emitter.emit(1)

        seen = probe(Flow.create(produce), 9)
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await soon(lambda: seen.ended)
        return seen

    seen = asyncio.run(run())
    assert isinstance(seen.error, RuntimeError)
    assert "cancelled create's producer" in str(seen.error)


def test_nothing_else_needs_to_hold_the_task():
    async def run() -> list[int]:
        async def produce(emitter: AsyncEmitter[int]) -> None:
            for n in range(3):
                await asyncio.sleep(0)
                gc.collect()
                await emitter.emit(n)

        return [n async for n in Flow.create(produce)]

    assert asyncio.run(run()) == [0, 1, 2]


def eager() -> Any:
    return pytest.importorskip("asyncio").__dict__.get("eager_task_factory")


def of_no_context(loop: asyncio.AbstractEventLoop, coroutine: Any, **_: Any) -> Any:
    return asyncio.Task(coroutine, loop=loop)


@pytest.mark.parametrize("how", ["through", *CONSUMED, "cancelled"])
@pytest.mark.parametrize("factory", [eager(), of_no_context], ids=["eager", "without context"])
def test_a_task_factory_of_the_users(factory: Any, how: str):
    if factory is None:
        pytest.skip("eager tasks came with Python 3.12")

    async def run() -> Any:
        asyncio.get_running_loop().set_task_factory(factory)
        made = Producing(polite if how != "through" else told_nothing)
        if how == "cancelled":
            made = Producing(forever)
            seen = probe(Flow.create(made), 9)
            await soon(lambda: seen.items)
            seen.cancel()
        else:
            flow = Flow.create(made)
            seen = probe(flow if how == "through" else CONSUMED[how](flow), 9)
            await soon(lambda: seen.ended)
            assert len(seen.items) == {"take_while": 0}.get(how, 1)
        await soon(made.over.is_set)
        await soon(lambda: len(asyncio.all_tasks()) == 1)
        return made.log[-1]

    assert asyncio.run(run()) == "cleaned up"


async def told_nothing(emitter: AsyncEmitter[int]) -> None:
    pass


# The event loop's turn ------------------------------------------------------------------------------


class Clock:
    """Time goes on when it is looked at."""

    def __init__(self, step: float) -> None:
        self.now = 1000.0
        self._step = step

    def __call__(self) -> float:
        self.now += self._step
        return self.now


def for_producers(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    import operators.sources.create as create

    monkeypatch.setattr(producing, "monotonic", clock)
    monkeypatch.setattr(create, "monotonic", clock)


def test_a_coroutine_that_never_waits_gives_the_loop_its_turn_by_time(
    monkeypatch: pytest.MonkeyPatch,
):
    for_producers(Clock(0.001), monkeypatch)
    turns: list[int] = []
    taken: list[int] = []

    async def produce(emitter: AsyncEmitter[int]) -> None:
        for n in range(100):
            await emitter.emit(n)
            taken.append(n)

    async def run() -> None:
        handle = Flow.create(produce).for_each(lambda _: None)
        while not handle.done:
            turns.append(len(taken))
            await asyncio.sleep(0)
        await handle

    asyncio.run(run())
    assert taken == list(range(100))
    steps = [after - before for before, after in itertools.pairwise(turns)]
    assert max(steps) <= 8, steps  # milliseconds, of the clock


def test_an_emit_that_finds_room_does_not_suspend(monkeypatch: pytest.MonkeyPatch):
    suspended: list[Any] = []
    clock = Clock(0)
    for_producers(clock, monkeypatch)

    async def produce(emitter: AsyncEmitter[int]) -> None:
        await emitter.emit(-1)
        await asyncio.sleep(0)
        clock.now += 1  # the loop has had its turn: the time that goes by does not count
        for n in range(3):
            emit: Any = emitter.emit(n)
            with pytest.raises(StopIteration) as stop:
                suspended.append(emit.send(None))
            assert stop.value.value is True

    async def run() -> list[int]:
        return [n async for n in Flow.create(produce)]

    assert asyncio.run(run()) == [-1, 0, 1, 2]
    assert suspended == []


def test_who_drains_on_an_event_loop_gives_it_its_turn(monkeypatch: pytest.MonkeyPatch):
    import operators._kernel.links.emitter as emitter_module

    monkeypatch.setattr(emitter_module, "monotonic", Clock(0.001))
    turns: list[int] = []

    async def run() -> list[int]:
        emitters: list[Emitter[int]] = []
        seen = probe(Flow.create(emitters.append, scheduler=immediate(), capacity=100))
        for n in range(100):
            emitters[0].emit(n)
        emitters[0].complete()
        seen.request(UNBOUNDED)
        async with asyncio.timeout(DEADLINE):
            while not seen.ended:
                turns.append(len(seen.items))
                await asyncio.sleep(0)
        return seen.items

    assert asyncio.run(run()) == list(range(100))
    steps = [after - before for before, after in itertools.pairwise(turns)]
    assert max(steps) <= 8, steps


def test_an_emit_that_is_given_up_takes_nothing_in_and_leaves_nothing():
    async def run() -> list[int]:
        async def produce(emitter: AsyncEmitter[int]) -> None:
            await emitter.emit(0)
            for n in (1, 2, 3):
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(emitter.emit(n), 0.001)
            given_up.set()
            await emitter.emit(4)

        given_up = asyncio.Event()
        seen = probe(Flow.create(produce, capacity=1))
        await given_up.wait()
        seen.request(9)
        await soon(lambda: seen.ended)
        return seen.items

    began = time.monotonic()
    assert asyncio.run(run()) == [0, 4]
    assert time.monotonic() - began < DEADLINE
