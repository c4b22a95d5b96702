"""A lease on an event loop: what is called there, what is told where it goes, and who keeps its tasks."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from operators._kernel.hosts import background
from operators._kernel.hosts.loops import LoopLease, running_loop
from operators._kernel.hosts.runtimes import BEGUN
from tests.operators.kit import DEADLINE, eventually, in_turn


def test_the_background_loop_begins_with_the_first_lease_and_ends_with_the_last():
    first, second = LoopLease(), LoopLease()
    assert first.loop is second.loop
    called: list[Any] = []
    over = threading.Event()
    second.post(in_turn(lambda: called.append(running_loop()), over.set))
    assert over.wait(DEADLINE)
    assert called == [first.loop]
    first.release()
    assert not second.loop.is_closed()
    second.release()
    eventually(second.loop.is_closed, "the end of the loop")
    third = LoopLease()
    assert third.loop is not second.loop
    third.release()


def test_a_lease_that_nobody_has_any_more_releases_itself():
    lease = LoopLease()
    loop = lease.loop
    del lease
    eventually(loop.is_closed, "the end of the loop")


@pytest.mark.parametrize("at", range(1, 4))
def test_one_failed_start_does_no_harm_to_the_next(at: int, monkeypatch: pytest.MonkeyPatch):
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        for _ in range(at):
            with pytest.raises(RuntimeError, match="can't start new thread"):
                LoopLease()
    lease = LoopLease()
    lease.release()


def test_no_loop_to_be_had_is_an_error_and_does_no_harm(monkeypatch: pytest.MonkeyPatch):
    def refuse() -> Any:
        raise OSError("too many open files")

    with monkeypatch.context() as patch:
        patch.setattr(asyncio, "new_event_loop", refuse)
        with pytest.raises(OSError, match="too many open files"):
            LoopLease()
    LoopLease().release()


def test_a_lease_may_be_given_back_on_the_thread_that_begins(monkeypatch: pytest.MonkeyPatch):
    # As by the collector, which runs anywhere.
    made = asyncio.new_event_loop

    def refuse() -> Any:
        raise OSError("too many open files")

    with monkeypatch.context() as patch:
        patch.setattr(asyncio, "new_event_loop", refuse)
        with pytest.raises(OSError, match="too many open files") as caught:
            LoopLease()
    abandoned = [caught.value.__traceback__]  # in whose frames the lease is
    del caught

    def collected() -> Any:
        abandoned.clear()
        gc.collect()
        return made()

    begun: list[LoopLease] = []
    with monkeypatch.context() as patch:
        patch.setattr(asyncio, "new_event_loop", collected)
        beginner = threading.Thread(target=lambda: begun.append(LoopLease()), daemon=True)
        beginner.start()
        beginner.join(DEADLINE)
    assert begun
    begun[0].release()


@pytest.mark.parametrize("raised", [RuntimeError("can't start new thread"), KeyboardInterrupt()])
def test_who_waits_for_a_loop_that_another_has_failed_to_begin_is_told(
    raised: BaseException, monkeypatch: pytest.MonkeyPatch
):
    start = threading.Thread.start
    here = threading.get_ident()
    joined: list[threading.Thread] = []
    told: list[Exception] = []

    def join() -> None:
        try:
            LoopLease().release()
        except RuntimeError as error:
            told.append(error)

    def refuse(thread: threading.Thread) -> None:
        if threading.get_ident() != here or thread.name != "operators-event-loop":
            start(thread)
            return
        joined.append(threading.Thread(target=join, daemon=True))
        start(joined[0])
        eventually(lambda: len(guests()) == 2, "the other one")
        raise raised

    def guests() -> Any:
        host = background._host
        return () if host is None else host._guests

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        with pytest.raises(type(raised)):
            LoopLease()
    joined[0].join(DEADLINE)
    assert len(told) == 1
    LoopLease().release()


def test_what_a_loop_will_not_call_is_told_once():
    loop = asyncio.new_event_loop()
    lease = LoopLease(loop)
    told: list[Exception] = []
    ran: list[int] = []
    lease.post(ran.append, 1, lost=told.append)
    loop.run_until_complete(asyncio.sleep(0))
    lease.post(ran.append, 2, lost=told.append)
    lease.post(ran.append, 3)
    lease.later(1000.0, partial(ran.append, 4), told.append)
    assert lease.trouble() is None
    loop.close()
    lease.post(ran.append, 5, lost=told.append)
    lease.call(ran.append, 6)
    eventually(lambda: len(told) == 3, "what is told")
    assert ran == [1]
    assert "closed" in str(lease.trouble())
    lease.release()


def test_a_task_lives_while_it_runs_whoever_keeps_it_and_nothing_is_logged_of_its_end():
    async def run() -> None:
        lease = LoopLease()
        ended: list[str] = []

        async def wait() -> None:
            await BEGUN
            try:
                await asyncio.get_running_loop().create_future()
            finally:
                await asyncio.sleep(0)
                ended.append("cleaned up")

        async def leave() -> None:
            await BEGUN
            raise GeneratorExit

        task = weakref.ref(lease.spawn(wait()))
        lease.spawn(leave())
        await asyncio.sleep(0)
        gc.collect()
        waiting = task()
        assert waiting is not None
        waiting.cancel()
        await asyncio.wait([waiting])
        assert ended == ["cleaned up"]
        lease.release()

    asyncio.run(run())
    gc.collect()


@pytest.mark.parametrize("delay", [None, 0.0])
def test_a_loop_that_is_closed_while_something_is_put_in_has_lost_it(
    delay: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.new_event_loop()
    lease = LoopLease(loop)
    told: list[Exception] = []
    kept: list[Any] = []

    def too_late(function: Callable[..., object], *args: Any) -> None:
        loop.close()  # by another thread, which has emptied it
        kept.append((function, args))

    monkeypatch.setattr(loop, "call_soon_threadsafe", too_late)
    if delay is None:
        lease.post(print, lost=told.append)
    else:
        kept.append(lease.later(delay, print, told.append))
    eventually(lambda: len(told) > 0)
    kept.clear()
    assert [str(error) for error in told] == ["the event loop was closed before it came to this"]
