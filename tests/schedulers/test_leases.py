"""A lease on an event loop: what is called there, what is told where it goes, and who keeps its tasks."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from typing import Any

import pytest

from operators._kernel.loops import LoopLease, running_loop
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


def test_what_a_loop_will_not_call_is_told_once():
    loop = asyncio.new_event_loop()
    lease = LoopLease(loop)
    told: list[Exception] = []
    ran: list[int] = []
    lease.post(ran.append, 1, lost=told.append)
    loop.run_until_complete(asyncio.sleep(0))
    lease.post(ran.append, 2, lost=told.append)
    lease.post(ran.append, 3)
    lease.post(ran.append, 4, delay=1000.0, lost=told.append)
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
            try:
                await asyncio.get_running_loop().create_future()
            finally:
                await asyncio.sleep(0)
                ended.append("cleaned up")

        async def leave() -> None:
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
