"""Blocking calls of an event loop: on one thread, and what comes of those that are given up."""

from __future__ import annotations

import asyncio
import threading
from contextvars import ContextVar

import pytest

from operators._kernel.hosts.blocking import Blocking
from tests.operators.kit import DEADLINE

WHO: ContextVar[str] = ContextVar("WHO")


def test_calls_run_on_one_thread_with_the_callers_context():
    async def main() -> None:
        WHO.set("me")
        async with Blocking("blocking-test") as blocking:
            one = await blocking.call(lambda: (threading.current_thread().name, WHO.get()))
            assert one == await blocking.call(lambda: (threading.current_thread().name, WHO.get()))
        assert one == ("blocking-test_0", "me")

    asyncio.run(main())


def test_what_it_raises_is_raised():
    async def main() -> None:
        async with Blocking("blocking-test") as blocking:
            await blocking.call(lambda: 1 // 0)

    with pytest.raises(ZeroDivisionError):
        asyncio.run(main())


@pytest.mark.parametrize("cancels", [1, 2])
def test_a_call_that_is_given_up_is_waited_for_and_undone(cancels: int):
    begun, go_on = threading.Event(), threading.Event()
    undone: list[str] = []

    def slow() -> str:
        begun.set()
        assert go_on.wait(DEADLINE)
        return "open"

    async def main() -> None:
        async with Blocking("blocking-test") as blocking:
            task = asyncio.ensure_future(blocking.call(slow, undone.append))
            assert await asyncio.to_thread(begun.wait, DEADLINE)
            for _ in range(cancels):
                task.cancel()
                await asyncio.sleep(0)
            assert not task.done()
            go_on.set()
            with pytest.raises(asyncio.CancelledError):
                await task
            await blocking.call(lambda: None)
            assert undone == ["open"]

    asyncio.run(main())


def test_a_failure_of_a_call_that_is_given_up_is_nobodys():
    begun, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        begun.set()
        assert go_on.wait(DEADLINE)
        raise OSError("late")

    async def main() -> None:
        async with Blocking("blocking-test") as blocking:
            task = asyncio.ensure_future(blocking.call(slow, print))
            assert await asyncio.to_thread(begun.wait, DEADLINE)
            task.cancel()
            go_on.set()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(main())


def test_a_call_that_can_be_interrupted_is_until_it_has_heard():
    begun, stopped = threading.Event(), threading.Event()
    told: list[None] = []

    def stop() -> None:
        told.append(None)
        if len(told) == 3:  # before that it had nothing to be interrupted
            stopped.set()

    def endless() -> None:
        begun.set()
        assert stopped.wait(DEADLINE)

    async def main() -> None:
        async with Blocking("blocking-test") as blocking:
            task = asyncio.ensure_future(blocking.call(endless, stop=stop))
            assert await asyncio.to_thread(begun.wait, DEADLINE)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(main())
