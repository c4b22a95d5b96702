"""A task that is cancelled at each of its awaits in turn: nothing is left, and it ends at once.

The coroutine is driven by one that counts what it awaits, and has its task cancelled where it awaits for the
k-th time, for every k until it gets through. So no await is left out, whatever is inside of it.
"""

from __future__ import annotations

import asyncio
import types
from collections.abc import Coroutine, Generator
from concurrent.futures import Executor
from contextlib import aclosing
from typing import Any

import pytest

from tests.leaks.world import Build, World, no_tasks

ITEMS = 3
MOST = 60  # of one coroutine that takes three items: more would never end


class Awaits:
    """Awaits a coroutine, and has the task cancelled at one of its awaits; 0: at none."""

    def __init__(self, coroutine: Coroutine[Any, Any, Any], at: int) -> None:
        self._coroutine = coroutine
        self._at = at
        self.count = 0

    @types.coroutine
    def run(self) -> Generator[Any, Any, Any]:
        send, value = self._coroutine.send, None
        while True:
            try:
                awaited = send(value)
            except StopIteration as end:
                return end.value
            self.count += 1
            if self.count == self._at:
                task = asyncio.current_task()
                assert task is not None
                task.cancel()  # which is delivered where it awaits next: here
            try:
                send, value = self._coroutine.send, (yield awaited)
            except BaseException as error:
                send, value = self._coroutine.throw, error


async def loop_over(world: World, build: Build) -> None:
    async with aclosing(aiter(build(world))) as items:
        taken = 0
        async for _ in items:
            taken += 1
            if taken == ITEMS:
                break


async def last_of(world: World, build: Build) -> None:
    await build(world).take(ITEMS)


async def handle_of(world: World, build: Build) -> None:
    handle = build(world).take(ITEMS).for_each(lambda item: None)
    try:
        await handle
    finally:
        handle.cancel()


WAYS = {"async for": loop_over, "await": last_of, "for_each": handle_of}


@pytest.mark.parametrize("way", WAYS)
def test_cancelled_at_every_await(build: Build, executor: Executor, way: str) -> None:
    async def once(at: int) -> bool:
        """Return whether it got through."""
        world = World(executor=executor)
        awaits = Awaits(WAYS[way](world, build), at)
        task = asyncio.ensure_future(awaits.run())
        done, _ = await asyncio.wait([task], timeout=20)
        assert done, f"cancelled at await {at}, it does not end"
        if not task.cancelled():
            task.result()
        if world.opened:
            await asyncio.to_thread(world.all_closed)
        await no_tasks()
        return awaits.count < at

    async def main() -> None:
        for at in range(1, MOST):
            if await once(at):
                return
        raise AssertionError(f"more than {MOST} awaits for {ITEMS} items")

    asyncio.run(main())
