"""A `for` over what comes of an event loop: it is run by whoever waits, and by its own thread meanwhile."""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from types import CodeType
from typing import Any

import pytest

from operators import Flow
from operators._kernel.hosts.loops import LoopLease
from operators._kernel.hosts.pending import Pending
from operators._kernel.hosts.seat import LOOK, Gate, Seat
from operators.custom import AsyncSource
from operators.schedulers import thread
from tests.operators.kit import DEADLINE, eventually

SIGNALS = [signal.SIGINT, signal.SIGUSR1] if hasattr(signal, "SIGUSR1") else [signal.SIGINT]


class Tick(Exception):
    """What a handler raises."""


class Made(AsyncSource[Any]):
    """The items of an async generator function, which may go on on any thread."""

    any_thread = True

    def __init__(self, make: Callable[[], AsyncIterator[Any]]) -> None:
        self._make = make

    async def batches(self) -> AsyncGenerator[list[Any]]:
        async with aclosing(self._make()) as items:  # type: ignore[type-var]
            async for item in items:
                yield [item]


def movable(make: Callable[[], AsyncIterator[Any]]) -> Flow[Any]:
    return Made(make).flow()


async def idents() -> AsyncIterator[int]:
    """The threads on which they are made, one by one, without an end."""
    while True:
        await asyncio.sleep(0)
        yield threading.get_ident()


def at(thread: threading.Thread) -> CodeType | None:
    """Return what a thread is inside of."""
    frames = sys._current_frames()  # pyright: ignore[reportPrivateUsage]
    frame = None if thread.ident is None else frames.get(thread.ident)
    return None if frame is None else frame.f_code


def by_its_own(flow: Flow[int]) -> bool:
    """Whether all is made on one thread, and none of them ours."""
    seen = set(flow.take(50))
    return len(seen) == 1 and threading.get_ident() not in seen


def test_who_waits_for_an_item_runs_the_loop_that_it_comes_of():
    me = threading.get_ident()
    begun = time.monotonic()
    for ident in movable(idents):
        if ident == me:
            break
        assert time.monotonic() < begun + DEADLINE


def test_what_may_be_bound_to_a_thread_stays_on_one():
    assert by_its_own(Flow.from_async_iterable(idents()))
    assert by_its_own(Flow.range(60).map_async(ident, concurrency=4))
    # Also where a source that would not mind is in the same run, or functions run on the loop.
    assert by_its_own(movable(idents).map_async(ident, concurrency=4))
    seen: list[int] = []
    pushed = movable(idents).tap(lambda _: seen.append(threading.get_ident())).publish_on(thread())
    list(pushed.take(50))
    assert len(set(seen)) == 1


async def ident(_: int) -> int:
    await asyncio.sleep(0)
    return threading.get_ident()


def test_a_run_that_may_be_bound_to_a_thread_is_not_begun_on_another_one():
    others: list[bool] = []

    def other() -> None:
        others.append(by_its_own(Flow.from_async_iterable(idents())))

    for round_ in range(10):
        runs = threading.Thread(target=other)
        for n, _ in enumerate(movable(idents)):
            if n == round_:
                runs.start()
            if n > round_ and not runs.is_alive():
                break
    assert others == [True] * 10


def test_the_loop_goes_on_while_its_consumer_does_something_else():
    beats: list[int] = []

    async def heart() -> None:
        while True:
            await asyncio.sleep(0.001)
            beats.append(threading.get_ident())

    async def numbers() -> AsyncIterator[int]:
        beating = asyncio.create_task(heart())
        try:
            for n in range(5):
                await asyncio.sleep(0)
                yield n
        finally:
            beating.cancel()

    me = threading.get_ident()
    for _ in movable(numbers):
        seen = len(beats)
        eventually(lambda seen=seen: len(beats) > seen + 1, "the heart beats")  # type: ignore[misc]
        assert beats[-1] != me


def test_nobody_waits_for_the_consumer_of_another_run():
    served: list[int] = []
    done = threading.Event()

    def other() -> None:
        for n, _ in enumerate(movable(idents)):
            served.append(n)
            if n == 20:
                break
        done.set()

    begun = threading.Thread(target=other)
    for n, _ in enumerate(movable(idents)):
        if n == 3:
            begun.start()
            assert done.wait(DEADLINE)  # this run's consumer is away all the while
            break
    begun.join(DEADLINE)
    assert served == list(range(21))


def test_several_runs_take_turns_on_one_thread():
    flows = [iter(movable(idents)) for _ in range(3)]
    for _ in range(20):
        assert all(next(each) for each in flows)
    for each in flows:
        each.close()


def test_a_source_may_have_a_thread_loop_over_another_flow():
    def inner() -> list[int]:
        return list(movable(idents).take(5))

    async def outer() -> AsyncIterator[int]:
        for _ in range(3):
            yield len(await asyncio.to_thread(inner))

    assert list(Flow.from_async_iterable(outer())) == [5, 5, 5]


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_what_a_signal_raises_comes_out_of_the_loop_and_breaks_nothing_off(number: int):
    went: list[str] = []
    expected: type[BaseException] = KeyboardInterrupt if number == signal.SIGINT else Tick

    async def numbers() -> AsyncIterator[int]:
        try:
            yield 1
            main = threading.main_thread().ident
            assert main is not None
            signal.pthread_kill(main, number)
            went.append("went on")
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            went.append("cleaned up")

    def handle(*_: object) -> None:
        raise Tick

    before = signal.getsignal(number)
    handler: Any = before if number == signal.SIGINT else handle
    signal.signal(number, handler)
    try:
        with pytest.raises(expected):
            list(movable(numbers))
        assert signal.getsignal(number) is handler
    finally:
        signal.signal(number, before)
    assert went == ["went on", "cleaned up"]


def test_a_handler_that_the_source_sets_stays():
    def handle(*_: object) -> None:
        raise AssertionError

    async def numbers() -> AsyncIterator[bool]:
        while threading.current_thread() is not threading.main_thread():
            await asyncio.sleep(0)
            yield False
        signal.signal(signal.SIGINT, handle)
        yield True

    before = signal.getsignal(signal.SIGINT)
    try:
        assert any(movable(numbers))
        assert signal.getsignal(signal.SIGINT) is handle
    finally:
        signal.signal(signal.SIGINT, before)


# The pieces ---------------------------------------------------------------------------------------


@pytest.fixture
def leased() -> Any:
    pending = Pending()
    lease = LoopLease(movable=True)
    lease.count_in(pending)
    yield pending, lease
    lease.release()


@pytest.mark.parametrize("has_seat", [False, True])
def test_a_gate_is_opened_once_for_one_wait(leased: Any, has_seat: bool):
    pending, _ = leased
    seat = pending.seat() if has_seat else None
    gate = Gate()
    gate.open()
    assert gate.wait(LOOK, pending, seat)
    assert not gate.wait(0.0, pending, seat)
    threading.Timer(0.01, gate.open).start()
    begun = time.monotonic()
    while not gate.wait(LOOK, pending, seat):
        assert time.monotonic() < begun + DEADLINE


def test_who_runs_the_loop_is_back_now_and_then_to_look_for_trouble(leased: Any):
    pending, lease = leased
    gate = Gate()
    ran: list[int] = []
    begun = time.monotonic()
    while threading.get_ident() not in ran:
        lease.post(lambda: ran.append(threading.get_ident()))
        assert not gate.wait(LOOK, pending, pending.seat())
        assert time.monotonic() < begun + DEADLINE


def test_there_is_a_seat_only_for_the_one_run_of_a_loop(leased: Any):
    pending, lease = leased
    assert pending.seat() is lease.seat is not None
    other = Pending()
    second = LoopLease(movable=True)
    second.count_in(other)
    assert second.loop is lease.loop
    assert pending.seat() is other.seat() is None
    second.release()
    assert pending.seat() is not None
    nobodys = LoopLease(movable=True)
    assert nobodys.seat is None is not pending.seat()
    fixed = LoopLease()
    assert fixed.seat is pending.seat() is None
    fixed.release()
    nobodys.release()
    assert pending.seat() is lease.seat


def test_what_is_called_on_a_loop_that_rests_is_called(leased: Any):
    pending, lease = leased
    gate = Gate()
    for _ in range(50):
        called = threading.Event()
        lease.post(called.set)
        assert called.wait(DEADLINE)
        lease.post(gate.open)
        begun = time.monotonic()
        while not gate.wait(LOOK, pending, pending.seat()):
            assert time.monotonic() < begun + DEADLINE


def test_a_loop_that_is_over_is_run_by_nobody():
    pending = Pending()
    lease = LoopLease(movable=True)
    lease.count_in(pending)
    seat = pending.seat()
    assert seat is not None
    lease.release()
    eventually(lease.loop.is_closed, "the end of the loop")
    assert not seat.drive(id(pending), ())
    assert not Gate().wait(LOOK, pending, seat)
    seat.wake()
    seat.hurry()


def test_what_is_over_while_somebody_else_runs_the_loop_is_not_run_again() -> None:
    seats: list[Seat] = []
    made, go, over = (threading.Event() for _ in range(3))

    def own() -> None:
        loop = asyncio.SelectorEventLoop()
        seats.append(Seat(loop))
        made.set()
        go.wait(DEADLINE)
        seats[0].serve(over.is_set)
        loop.close()

    def the_end() -> None:
        go.set()
        eventually(lambda: at(owner) is Seat.serve.__code__, "its own thread waits for the seat")
        over.set()
        seats[0].call()

    owner = threading.Thread(target=own, daemon=True)
    owner.start()
    assert made.wait(DEADLINE)
    seats[0].loop.call_soon_threadsafe(the_end)
    seats[0].run = run = 1
    assert seats[0].drive(run, ())
    owner.join(DEADLINE / 4)
    ended = not owner.is_alive()
    seats[0].call()
    owner.join(DEADLINE)
    assert ended
