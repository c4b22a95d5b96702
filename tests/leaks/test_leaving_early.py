"""Early exit and errors leave nothing running: on a plain thread, inside asyncio, and across."""

from __future__ import annotations

import asyncio
import gc
import weakref
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import aclosing, closing

import pytest

from operators import Flow
from operators.schedulers import thread
from tests.leaks.world import Broken, Build, World, no_tasks, same
from tests.operators.kit import collector_off


class Mine(Exception):
    pass


def test_break_out_of_for(build: Build, executor: Executor) -> None:
    world = World(executor=executor)
    with collector_off():
        for _ in build(world):
            break
        world.all_closed()


def test_raise_inside_for(build: Build, executor: Executor) -> None:
    world = World(executor=executor)
    taken = 0
    with collector_off():

        def loop() -> None:
            nonlocal taken
            with closing(iter(build(world))) as items:
                for _ in items:
                    taken += 1
                    if taken == 5:
                        raise Mine

        with pytest.raises(Mine):
            loop()
        world.all_closed()


def test_an_error_of_the_flow_inside_for(build: Build, executor: Executor) -> None:
    world = World(fails=True, executor=executor)
    with collector_off():
        with pytest.raises(Broken):
            for _ in build(world):
                pass
        world.all_closed()


def test_take_ends_it(build: Build, executor: Executor) -> None:
    world = World(executor=executor)
    with collector_off():
        assert len(list(build(world).take(7))) == 7
        world.all_closed()


def test_an_error_inside_for_each(build: Build, executor: Executor) -> None:
    world = World(executor=executor)
    with collector_off():
        taken: list[object] = []

        def third(item: object) -> None:
            taken.append(item)
            if len(taken) == 3:
                raise Mine

        with pytest.raises(Mine):
            build(world).for_each(third).result(20)
        world.all_closed()


def test_break_out_of_async_for(build: Build, executor: Executor) -> None:
    world = World(executor=executor)

    async def main() -> None:
        async with aclosing(aiter(build(world))) as items:
            async for _ in items:
                break
        await asyncio.to_thread(world.all_closed)
        await no_tasks()

    asyncio.run(main())


def test_raise_inside_async_for(build: Build, executor: Executor) -> None:
    world = World(executor=executor)

    async def main() -> None:
        taken = 0
        async with aclosing(aiter(build(world))) as items:
            async for _ in items:
                taken += 1
                if taken == 5:
                    raise Mine

    with pytest.raises(Mine):
        asyncio.run(main())
    world.all_closed()


def test_an_error_of_the_flow_inside_async_for(build: Build, executor: Executor) -> None:
    world = World(fails=True, executor=executor)

    async def main() -> None:
        with pytest.raises(Broken):
            async for _ in build(world):
                pass
        await asyncio.to_thread(world.all_closed)
        await no_tasks()

    asyncio.run(main())


def test_cancel_the_task_that_iterates(build: Build, executor: Executor) -> None:
    world = World(executor=executor)

    async def main() -> None:
        begun = asyncio.Event()

        async def iterate() -> None:
            async for _ in build(world):
                begun.set()
                await asyncio.sleep(0)

        task = asyncio.create_task(iterate())
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.to_thread(world.all_closed)
        await no_tasks()

    asyncio.run(main())


def test_the_loop_ends_while_a_flow_runs(build: Build, executor: Executor) -> None:
    world = World(executor=executor)

    async def main() -> None:
        begun = asyncio.Event()

        async def iterate() -> None:
            async for _ in build(world):
                begun.set()
                await asyncio.sleep(0)

        task = asyncio.create_task(iterate())
        await begun.wait()
        assert not task.done()

    asyncio.run(main())
    world.all_closed()


def test_a_process_pool_that_was_given() -> None:
    world = World()
    with ProcessPoolExecutor(1) as pool:
        for _ in world.flow().map_async(same, concurrency=2, executor=pool):
            break
        world.all_closed()
        assert pool.submit(same, 7).result() == 7


def test_a_flow_whose_loop_was_never_begun() -> None:
    world = World()
    items = iter(world.pushed())
    aitems = aiter(world.aflow())
    del items, aitems
    assert world.opened == 0


@pytest.mark.parametrize("pushed", [False, True])
def test_a_generator_that_was_never_begun_goes_with_its_loop(pushed: bool) -> None:
    world = World()
    source = world.numbers()
    reference = weakref.ref(source)
    flow = Flow.from_iterable(source)
    items = iter(flow.publish_on(thread()) if pushed else flow)
    items.close()
    del source, flow, items
    gc.collect()
    assert reference() is None
    assert world.opened == 0


def test_an_async_generator_that_was_never_begun_goes_with_its_loop() -> None:
    world = World()
    source = world.anumbers()
    reference = weakref.ref(source)

    async def main() -> None:
        nonlocal source
        items = aiter(Flow.from_async_iterable(source))
        await items.aclose()
        del source, items
        await no_tasks()

    asyncio.run(main())
    gc.collect()
    assert reference() is None
    assert world.opened == 0
