"""The bell of a task: who rings from another thread has gone on before the task looks."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from operators._kernel.fusing import bells
from operators._kernel.fusing.bells import LoopBell
from tests.operators.kit import DEADLINE


def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bells, "_BRIEFLY", DEADLINE)


async def _rung_by(wake: Callable[..., None], went_on: Callable[[], None]) -> None:
    """Wait for a bell that another thread rings, which wakes the event loop by that call."""
    bell = LoopBell()

    class Loop:
        call_soon_threadsafe = staticmethod(wake)

    def ring() -> None:
        bell._loop = Loop()
        bell.ring()

    ringer = threading.Thread(target=ring)
    asyncio.get_running_loop().call_soon(ringer.start)
    await bell.rung()
    went_on()
    ringer.join(DEADLINE)


def test_a_task_lets_the_thread_that_woke_it_go_on_first(monkeypatch: pytest.MonkeyPatch):
    _patient(monkeypatch)
    order: list[str] = []

    async def main() -> None:
        loop, waits = asyncio.get_running_loop(), threading.Event()

        def back_when_the_task_is_on_its_way(wake: Any, waiter: Any) -> None:
            def woken() -> None:
                wake(waiter)
                waits.set()

            loop.call_soon_threadsafe(woken)
            assert waits.wait(DEADLINE)
            order.append("ringer")

        await _rung_by(back_when_the_task_is_on_its_way, lambda: order.append("task"))

    asyncio.run(main())
    assert order == ["ringer", "task"]


def test_one_who_rings_and_does_not_come_back_keeps_the_task_for_a_moment_only():
    async def main() -> None:
        loop, went_on = asyncio.get_running_loop(), threading.Event()

        def back_when_the_task_went_on(*call: Any) -> None:
            loop.call_soon_threadsafe(*call)
            assert went_on.wait(DEADLINE)

        await _rung_by(back_when_the_task_went_on, went_on.set)

    asyncio.run(asyncio.wait_for(main(), DEADLINE))


def test_a_loop_that_is_closed_keeps_nobody_who_rings():
    bell = LoopBell()

    async def wait() -> None:
        await bell.rung()

    loop = asyncio.new_event_loop()
    task = loop.create_task(wait())
    loop.call_soon(loop.stop)
    loop.run_forever()
    task.cancel()
    loop.run_until_complete(asyncio.gather(task, return_exceptions=True))
    bell._waiter = loop.create_future()
    loop.close()
    bell.ring()
    assert bell._ringing is None or not bell._ringing.locked()
