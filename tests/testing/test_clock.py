"""The virtual clock: time moves on when the test says so, exact to the tick."""

from __future__ import annotations

import threading
from contextvars import ContextVar
from functools import partial

import pytest

from operators import Flow
from operators.schedulers import Scheduler, Worker
from operators.testing import VirtualClock
from tests.operators.kit import probe


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def log() -> list[object]:
    return []


def test_it_is_a_scheduler(clock: VirtualClock):
    assert isinstance(clock, Scheduler)
    assert isinstance(clock.worker(), Worker)


def test_nothing_runs_before_its_time_and_all_at_it(clock: VirtualClock, log: list[object]):
    worker = clock.worker()
    worker.schedule(lambda: log.append(clock.now()), 5)
    clock.advance(4.999_999_999)
    assert log == []
    clock.advance(0.000_000_001)
    assert log == [5.0]


def test_a_delay_of_nothing_runs_with_the_next_advance(clock: VirtualClock, log: list[object]):
    clock.worker().schedule(lambda: log.append(clock.now()))
    assert log == []
    clock.advance(0)
    assert log == [0.0]


def test_in_order_of_time_and_of_scheduling_over_all_workers(
    clock: VirtualClock, log: list[object]
):
    one, two = clock.worker(), clock.worker()

    def note(name: str) -> None:
        log.append((name, clock.now()))

    for name, worker, delay in [
        ("d", one, 2), ("b", two, 1), ("e", two, 2), ("a", one, 0), ("c", one, 1)
    ]:  # fmt: skip
        worker.schedule(partial(note, name), delay)
    clock.advance(3)
    assert log == [("a", 0.0), ("b", 1.0), ("c", 1.0), ("d", 2.0), ("e", 2.0)]
    assert clock.now() == 3.0


def test_what_is_scheduled_meanwhile_runs_in_its_place(clock: VirtualClock, log: list[object]):
    worker = clock.worker()

    def tick() -> None:
        log.append(clock.now())
        worker.schedule(tick, 0.1)

    worker.schedule(tick, 0.1)
    worker.schedule(lambda: log.append("half"), 0.35)
    clock.advance(0.5)
    assert log == [0.1, 0.2, 0.3, "half", 0.4, 0.5]


def test_tenths_add_up_exactly(clock: VirtualClock, log: list[object]):
    clock.worker().schedule(lambda: log.append("due"), 1)
    for _ in range(9):
        clock.advance(0.1)
    assert log == []
    clock.advance(0.1)
    assert (log, clock.now()) == (["due"], 1.0)


def test_a_closed_worker_runs_nothing_not_even_what_is_due_at_the_same_time(
    clock: VirtualClock, log: list[object]
):
    one, two = clock.worker(), clock.worker()
    two.schedule(one.close, 1)
    one.schedule(lambda: log.append("late"), 1)
    assert clock.pending == 2
    clock.advance(1)
    one.schedule(lambda: log.append("later"))
    clock.advance(1)
    assert log == []
    assert clock.pending == 0


def test_many_closed_workers_keep_nothing(clock: VirtualClock):
    for _ in range(10_000):
        worker = clock.worker()
        worker.schedule(lambda: None, 3600)
        worker.close()
    assert len(clock._timeline._due) <= 128
    assert clock.pending == 0
    assert clock.next_due is None


def test_what_is_next(clock: VirtualClock):
    assert clock.next_due is None
    worker = clock.worker()
    worker.schedule(lambda: None, 7)
    worker.schedule(lambda: None, 3)
    assert clock.pending == 2
    assert clock.next_due == 3.0
    clock.advance_to(3)
    assert clock.pending == 1
    assert clock.next_due == 7.0


def test_an_error_of_a_task_is_raised_and_the_rest_is_still_to_come(
    clock: VirtualClock, log: list[object]
):
    worker = clock.worker()
    worker.schedule(lambda: 1 / 0, 1)
    worker.schedule(lambda: log.append(clock.now()), 2)
    with pytest.raises(ZeroDivisionError):
        clock.advance(5)
    assert (clock.now(), log) == (1.0, [])
    clock.advance(1)
    assert log == [2.0]


def test_a_task_cannot_advance(clock: VirtualClock, log: list[object]):
    clock.worker().schedule(lambda: clock.advance(1), 1)
    with pytest.raises(RuntimeError, match="moved on already"):
        clock.advance(1)
    clock.advance(1)
    assert clock.now() == 2.0


def test_wrong_times_are_refused(clock: VirtualClock):
    clock.advance(2)
    with pytest.raises(ValueError, match="has passed"):
        clock.advance_to(1)
    for wrong in (-1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="0 or more seconds"):
            clock.advance(wrong)
    for kind in ("1", True, None):
        with pytest.raises(TypeError, match="number of seconds"):
            clock.advance(kind)  # type: ignore[arg-type]
    assert clock.now() == 2.0


def test_it_begins_when_it_is_told():
    clock = VirtualClock(100)
    clock.advance(0.5)
    assert clock.now() == 100.5


def test_a_task_sees_the_context_of_who_scheduled_it(clock: VirtualClock, log: list[object]):
    user: ContextVar[str] = ContextVar("user", default="nobody")
    token = user.set("ann")
    clock.worker().schedule(lambda: log.append(user.get()))
    user.reset(token)
    clock.advance(0)
    assert log == ["ann"]


def test_many_threads_schedule_while_it_moves_on(clock: VirtualClock, log: list[object]):
    many, each = 8, 500
    start = threading.Barrier(many + 1)

    def schedule() -> None:
        worker = clock.worker()
        start.wait(20)
        for n in range(each):
            worker.schedule(lambda: log.append(clock.now()), n % 7)

    threads = [threading.Thread(target=schedule) for _ in range(many)]
    for thread in threads:
        thread.start()
    start.wait(20)
    while any(thread.is_alive() for thread in threads):
        clock.advance(1)
    clock.advance(7)
    assert len(log) == many * each
    assert log == sorted(log)  # type: ignore[type-var]


def test_items_go_across_a_hop_when_it_is_advanced(clock: VirtualClock):
    seen = probe(Flow.range(3).publish_on(clock), 2)
    assert seen.items == []
    clock.advance(0)
    assert seen.items == [0, 1]
    seen.request(1)
    clock.advance(0)
    assert (seen.items, seen.completed, seen.violations) == ([0, 1, 2], True, [])
