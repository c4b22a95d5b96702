"""Emitters under fire: who pushes, who asks, who leaves and who ends, all at once."""

from __future__ import annotations

import asyncio
import gc
import itertools
import sys
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

import pytest

from operators import AsyncEmitter, Emitter, Flow
from operators._kernel.failures import failure
from operators.schedulers import immediate
from reactive_streams import UNBOUNDED
from tests.concurrency.team import DEADLINE, Serial, Team
from tests.operators.kit import eventually as wait_until

pytestmark = pytest.mark.long

ROUNDS = 200
SHAKEN = 15
FAR = 1_000_000
OVERFLOWS = ["block", "drop_newest", "drop_oldest", "latest", "error"]


@pytest.fixture(params=["unshaken", "shaken"])
def any_team(request: pytest.FixtureRequest) -> tuple[Team, int]:
    if request.param == "unshaken":
        return request.getfixturevalue("team"), ROUNDS
    return request.getfixturevalue("shaken_team"), SHAKEN


class Ledger:
    """A flow of create, its emitter, who gets the items, and what becomes of each that was taken in."""

    def __init__(
        self, overflow: Any, capacity: int = 2, first: int = 0, fails_at: int = -1
    ) -> None:
        self.taken: deque[int] = deque()
        self.discarded: deque[int] = deque()
        self.subscriber = Raising(first, fails_at) if fails_at >= 0 else Serial(first)
        emitters: list[Emitter[int]] = []
        flow: Flow[int] = Flow.create(
            emitters.append, overflow=overflow, capacity=capacity, scheduler=immediate()
        )
        flow.on_discard(self.discarded.append).subscribe(self.subscriber)
        self.emitter = emitters.pop()
        self.finished: deque[None] = deque()

    def emit(self, start: int, count: int | None = None) -> Callable[[], None]:
        """A task that emits `count` numbers from `start` on; None: until it is told to stop."""

        def task() -> None:
            numbers = itertools.count(start) if count is None else range(start, start + count)
            for n in numbers:
                if not self.emitter.emit(n):
                    break
                self.taken.append(n)
            self.finished.append(None)

        return task

    def cancel_after(self, items: int) -> Callable[[], None]:
        def task() -> None:
            # What is dropped does not arrive.
            wait_until(lambda: len(self.subscriber.got) >= items or len(self.finished) == 2)
            self.subscriber.cancel()

        return task

    def is_balanced(self) -> None:
        """Check that each item taken in was delivered, dropped or discarded, once."""
        subscriber = self.subscriber
        assert subscriber.breaches == []
        assert sorted([*subscriber.got, *self.discarded]) == sorted(self.taken)
        for start in (0, FAR):
            mine = [n for n in subscriber.got if start <= n < start + FAR]
            assert mine == sorted(mine)


class Raising(Serial):
    """Raises at the item of a number."""

    def __init__(self, first: int, fails_at: int) -> None:
        super().__init__(first)
        self._fails_at = fails_at

    def on_next(self, item: Any) -> None:
        super().on_next(item)
        if len(self.got) == self._fails_at + 1:
            raise ZeroDivisionError


@pytest.mark.parametrize("overflow", OVERFLOWS)
@pytest.mark.parametrize("first", [0, 4, UNBOUNDED], ids=["asked late", "asked for 4", "for all"])
def test_two_emit_one_asks_and_one_cancels(
    any_team: tuple[Team, int], overflow: str, first: int
) -> None:
    team, rounds = any_team
    for number in range(rounds // 2):
        ledger = Ledger(overflow, first=first)
        cancel = ledger.cancel_after(min(number % 6, first or 6))
        emitting = (ledger.emit(0, 40), ledger.emit(FAR, 40))
        team.run(*emitting, ledger.subscriber.requests(6), cancel)
        assert not ledger.emitter.emit(9)
        ledger.is_balanced()


@pytest.mark.parametrize("overflow", OVERFLOWS)
def test_one_ends_what_two_emit_into(any_team: tuple[Team, int], overflow: str) -> None:
    team, rounds = any_team
    for number in range(rounds // 2):
        ledger = Ledger(overflow, first=UNBOUNDED)

        def end(ledger: Ledger = ledger, items: int = number % 6) -> None:
            ledger.subscriber.wait_for(items)
            ledger.emitter.complete()

        team.run(ledger.emit(0), ledger.emit(FAR), end, end)
        assert ledger.subscriber.over.wait(DEADLINE)
        ledger.is_balanced()


@pytest.mark.parametrize("overflow", ["block", "drop_oldest", "error"])
def test_a_subscriber_raises_while_two_emit(
    any_team: tuple[Team, int], overflow: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    dropped: deque[BaseException] = deque()
    monkeypatch.setattr(failure, "_on_error_dropped", lambda error, where: dropped.append(error))
    team, rounds = any_team
    for number in range(rounds // 4):
        ledger = Ledger(overflow, first=UNBOUNDED, fails_at=number % 6)
        team.run(ledger.emit(0), ledger.emit(FAR), ledger.subscriber.requests(6))
        if not ledger.subscriber.over.is_set():  # else it overflowed first
            assert any(isinstance(error, ZeroDivisionError) for error in dropped)
        dropped.clear()
        assert not ledger.emitter.emit(9)
        ledger.is_balanced()


def test_functions_for_the_end_emit_and_cancel_again(any_team: tuple[Team, int]) -> None:
    team, rounds = any_team
    for _ in range(rounds // 4):
        ledger = Ledger("block", first=3)
        calls: deque[bool] = deque()

        def ended(ledger: Ledger = ledger, calls: deque[bool] = calls) -> None:
            ledger.subscriber.cancel()
            calls.append(ledger.emitter.emit(5))
            ledger.emitter.on_cancel(lambda: calls.append(ledger.emitter.emit(6)))

        ledger.emitter.on_cancel(ended)
        team.run(ledger.emit(0), ledger.emit(FAR), ledger.cancel_after(2))
        assert list(calls) == [False, False]
        ledger.is_balanced()


def test_the_emitter_goes_as_the_producer_returns(any_team: tuple[Team, int]) -> None:
    team, rounds = any_team
    for _ in range(rounds // 2):
        kept: deque[Emitter[int]] = deque()
        subscriber = Serial(UNBOUNDED)
        producing = threading.Event()

        def produce(
            emitter: Emitter[int],
            kept: deque[Emitter[int]] = kept,
            producing: threading.Event = producing,
        ) -> None:
            kept.append(emitter)
            emitter.emit(1)
            producing.set()

        def drop(kept: deque[Emitter[int]] = kept, producing: threading.Event = producing) -> None:
            assert producing.wait(DEADLINE)
            kept.pop().emit(2)

        flow = Flow.create(produce, scheduler=immediate())
        team.run(lambda flow=flow, to=subscriber: flow.subscribe(to), drop)  # type: ignore[misc]
        if not getattr(sys, "_is_gil_enabled", lambda: True)():
            # There an object goes when the thread that made it next runs, or by the collector.
            gc.collect()
        subscriber.ended([1, 2])


def test_tasks_emit_while_a_thread_cancels(team: Team) -> None:
    for number in range(ROUNDS // 2):
        taken: deque[int] = deque()
        discarded: deque[int] = deque()

        async def produce(emitter: AsyncEmitter[int], taken: deque[int] = taken) -> None:
            async def emit(start: int) -> None:
                for n in itertools.count(start):
                    if not await emitter.emit(n):
                        return
                    taken.append(n)

            await asyncio.gather(emit(0), emit(FAR))

        subscriber = Serial()
        Flow.create(produce, capacity=3).on_discard(discarded.append).subscribe(subscriber)

        def cancel(subscriber: Serial = subscriber, after: int = number % 9) -> None:
            subscriber.wait_for(after)
            subscriber.cancel()

        team.run(subscriber.requests(9), cancel)
        wait_until(
            lambda subscriber=subscriber, discarded=discarded, taken=taken: (  # type: ignore[misc]
                sorted([*subscriber.got, *discarded]) == sorted(taken)
            )
        )
        assert subscriber.breaches == []
