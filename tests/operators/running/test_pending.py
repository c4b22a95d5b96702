"""Pending: what a run has still to clean up is counted, shared and waited for."""

from __future__ import annotations

import asyncio
import itertools
import sys
import threading
from functools import partial
from typing import Any

import pytest

from operators._kernel.hosts.loops import LoopLease
from operators._kernel.hosts.pending import Part, Pending
from operators._kernel.subscription.scope import Scope
from tests.operators.kit import DEADLINE


def nothing(*_: Any) -> None:
    pass


class Work:
    """What is waited for."""

    def __init__(self, trouble: Exception | None = None) -> None:
        self._trouble = trouble

    def trouble(self) -> Exception | None:
        return self._trouble


def test_all_scopes_of_a_run_have_one_account_and_each_run_its_own() -> None:
    scope, other = Scope(), Scope()
    derived = scope.at(3).discarding(nothing).at(70)
    assert scope.pending is derived.pending
    assert other.pending is not scope.pending
    assert other.inside(derived).pending is scope.pending, "the source of a flow is in its run"


def test_a_run_is_over_after_its_last_lease_and_a_lease_is_released_once() -> None:
    scope = Scope()
    first, second = LoopLease(), LoopLease()
    first.count_in(scope.at(1).pending)
    second.count_in(scope.pending)
    first.release()
    first.release()
    assert not scope.pending.idle
    second.release()
    assert scope.pending.idle


def test_what_cannot_be_leased_is_not_waited_for() -> None:
    loop = asyncio.new_event_loop()
    loop.close()
    scope = Scope()
    with pytest.raises(RuntimeError, match="closed"):
        LoopLease(loop).count_in(scope.pending)
    assert scope.pending.idle


def test_a_thread_waits_until_all_is_idle() -> None:
    pending = Pending()
    first, second = Work(), Work()
    assert pending.wait(0)
    pending.begin(first)
    pending.begin(second)
    assert not pending.wait(0.01)
    pending.end(first)
    threading.Timer(0.01, pending.end, [second]).start()
    assert pending.wait(DEADLINE)


def test_a_task_waits_until_all_is_idle_whichever_thread_ends_it() -> None:
    async def main() -> None:
        pending = Pending()
        await pending.settled()
        work = Work()
        pending.begin(work)
        gone = asyncio.create_task(pending.settled())
        stays = asyncio.create_task(pending.settled())
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.wait([gone])
        assert gone.cancelled()
        assert not stays.done()
        await asyncio.to_thread(pending.end, work)
        await asyncio.wait_for(stays, DEADLINE)

    asyncio.run(main())


def test_who_waited_on_a_loop_that_is_closed_is_no_hindrance_to_the_others() -> None:
    pending, work = Pending(), Work()
    pending.begin(work)
    loop = asyncio.new_event_loop()
    waiting = pending.settled()
    task = loop.create_task(waiting)
    loop.run_until_complete(asyncio.sleep(0))
    task.cancel()
    loop.run_until_complete(asyncio.wait([task]))
    loop.close()
    pending.end(work)
    assert pending.wait(0)


def test_many_threads_end_what_another_waits_for() -> None:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for _ in range(200):
            pending = Pending()
            works = [Work() for _ in range(3)]
            for work in works:
                pending.begin(work)
            threads = [threading.Thread(target=pending.end, args=[work]) for work in works]
            for thread in threads:
                thread.start()
            assert pending.wait(DEADLINE)
            for thread in threads:
                thread.join()
    finally:
        sys.setswitchinterval(interval)


def ended_at(stop: int) -> bool:
    """Wait, with the last end coming at the given line; False: there are not so many."""
    pending, work, other = Pending(), Work(), Work()
    pending.begin(work)
    lines = 0

    def trace(frame: Any, event: str, _: Any) -> Any:
        nonlocal lines
        if frame.f_code.co_filename.endswith("pending.py") and event == "line":
            lines += 1
            if lines == stop:
                sys.settrace(None)
                pending.end(work)
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        pending.begin(other)
        pending.end(other)
        waited = pending.wait(0.001)
    finally:
        sys.settrace(before)
    assert waited or lines < stop
    return lines >= stop


def test_it_can_be_ended_in_the_midst_of_any_call_as_a_finaliser_does() -> None:
    # Each line of `wait` and `begin` is where the collector may close what was abandoned.
    lines = 1
    while ended_at(lines):
        lines += 1
    assert lines > 10


def test_what_will_never_end_is_given_up():
    pending = Pending()
    pending.begin(Work(RuntimeError("it is gone")))
    assert pending.wait(DEADLINE)


def test_a_thread_does_not_wait_for_what_will_never_come():
    pending = Pending()
    bell = threading.Lock()
    assert pending.block(lambda seconds: bell.acquire(timeout=seconds))
    assert not pending.block(lambda seconds: bell.acquire(timeout=seconds), 0.01)
    pending.carry(Work())
    pending.carry(object())  # which has nothing to say
    assert not pending.block(lambda seconds: bell.acquire(timeout=seconds), 0.2)
    broken = Work(RuntimeError("it is gone"))
    pending.carry(broken)
    with pytest.raises(RuntimeError, match="it is gone"):
        pending.block(lambda seconds: bell.acquire(timeout=seconds))
    pending.drop(broken)
    assert not pending.block(lambda seconds: bell.acquire(timeout=seconds), 0.1)


def test_where_to_wait_is_looked_for_while_another_thread_begins_and_ends() -> None:
    pending, over = Pending(), threading.Event()
    works = [Work() for _ in range(8)]

    def change() -> None:
        while not over.is_set():
            for work in works:
                pending.begin(work)
            for work in works:
                pending.end(work)

    changes = threading.Thread(target=change)
    changes.start()
    try:
        for _ in range(20_000):
            assert (
                pending.seat() is None
            )  # without the GIL a tuple of what is open is not taken at once
    finally:
        over.set()
        changes.join(DEADLINE)


class Branch:
    """What depends on another run."""

    def __init__(self, run: Pending) -> None:
        self._run = run

    def trouble(self) -> Pending:
        return self._run


def test_thousands_of_runs_follow_one_another() -> None:
    work = Work()
    runs = [Pending() for _ in range(5_000)]
    runs[0].begin(work)
    told: list[int] = []
    for before, after in itertools.pairwise(runs):
        after.follow(before)
    runs[-1].then(lambda: told.append(1))
    assert runs[-1].trouble() is None
    runs[0].carry(Work(boom := RuntimeError("it is gone")))
    assert runs[-1].trouble() is boom
    assert not told
    runs[0].end(work)
    assert told
    assert all(run.idle for run in runs)


def test_thousands_of_runs_depend_on_one_another() -> None:
    runs = [Pending() for _ in range(5_000)]
    for before, after in itertools.pairwise(runs):
        after.carry(Branch(before))
    runs[0].carry(Branch(runs[-1]))  # round and round
    assert runs[-1].trouble() is None
    runs[0].carry(Work(boom := RuntimeError("it is gone")))
    assert runs[-1].trouble() is boom


def test_thousands_of_parts_in_one_another_are_idle_from_the_inside_out() -> None:
    accounts: list[Pending] = [Pending()]
    for _ in range(5_000):
        accounts.append(Part(accounts[-1]))
    work = Work()
    accounts[-1].begin(work)
    assert not any(account.idle for account in accounts)
    told: list[int] = []
    for index, account in enumerate(accounts):
        account.then(partial(told.append, index))
    accounts[-1].end_part(work)
    assert told == [5_000]
    accounts[-1].end(work)
    assert told == [*range(5_000, -1, -1)]


def test_what_goes_on_when_a_part_is_idle_keeps_the_whole_from_being_so() -> None:
    whole = Pending()
    part, first, second = Part(whole), Work(), Work()
    part.begin(first)
    part.then(lambda: whole.begin(second))
    told: list[int] = []
    whole.then(lambda: told.append(1))
    part.end(first)
    assert not told
    whole.end(second)
    assert told
