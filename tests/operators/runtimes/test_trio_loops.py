"""`async for` and `await` on trio: items, errors, and what is left when a loop is left."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, suppress
from typing import Any

import pytest
import trio

from operators import Flow
from operators._kernel.hosts.trio_runs import TrioLoop, current_loop
from operators.schedulers import event_loop, thread
from tests.operators.kit import DEADLINE, eventually
from tests.operators.runtimes.trio_kit import on_trio

MANY = 10**9


class Source:
    """Numbers of an async generator, which tells of its cleanup."""

    def __init__(self, many: int = MANY, pause: float = 0.0) -> None:
        self.many = many
        self.pause = pause
        self.told: list[str] = []
        self.begun = trio.Event()
        self.closing = trio.Event()

    async def items(self) -> AsyncIterator[int]:
        try:
            for n in range(self.many):
                await trio.sleep(self.pause)
                self.begun.set()
                yield n
        finally:
            self.told.append("closing")
            self.closing.set()
            await trio.lowlevel.checkpoint()
            self.told.append("closed")

    def flow(self) -> Flow[int]:
        return Flow.from_async_iterable(self.items())


WAYS: dict[str, Callable[[Flow[int]], Flow[int]]] = {
    "fused": lambda flow: flow,
    "map": lambda flow: flow.map(lambda n: n),
    "merged": lambda flow: flow.merge(Flow.never()),
    "buffered": lambda flow: flow.on_backpressure_buffer(4, overflow="block"),
    "on a thread": lambda flow: flow.publish_on(thread()),
}
ways = pytest.mark.parametrize("way", WAYS.values(), ids=list(WAYS))


def test_many_items_of_a_plain_source_come_and_trio_has_its_turns():
    turns = 0

    async def main() -> int:
        nonlocal turns

        async def others() -> None:
            nonlocal turns
            while True:
                await trio.lowlevel.checkpoint()
                turns += 1

        async with trio.open_nursery() as nursery:
            nursery.start_soon(others)
            count = 0
            async for _ in Flow.range(300_000):
                count += 1
            nursery.cancel_scope.cancel()
        return count

    assert on_trio(main) == 300_000
    assert turns > 5


def test_await_gives_the_last_item():
    async def main() -> tuple[Any, Any]:
        empty: Flow[int] = Flow.empty()
        return await Flow.range(1_000).map(lambda n: n * 2), await empty

    assert on_trio(main) == (1_998, None)


@pytest.mark.parametrize("name", ["fused", "map", "buffered", "on a thread"])
def test_the_items_of_an_async_iterable_come_in_order(name: str):
    async def main() -> tuple[list[int], list[str]]:
        source = Source(300)
        return [n async for n in WAYS[name](source.flow())], source.told

    assert on_trio(main) == (list(range(300)), ["closing", "closed"])


@ways
def test_whoever_closes_the_loop_has_the_cleanup_awaits_included(
    way: Callable[[Flow[int]], Flow[int]],
):
    async def main() -> list[str]:
        source = Source()
        async with aclosing(aiter(way(source.flow()))) as items:
            async for n in items:
                if n == 3:
                    break
        return source.told

    told = on_trio(main)
    assert told[0] == "closing"


def test_a_source_at_rest_may_await_in_its_cleanup():
    async def main() -> list[str]:
        source = Source()
        async with aclosing(aiter(source.flow().map(lambda n: n))) as items:
            async for n in items:
                if n == 3:
                    break
        return source.told

    assert on_trio(main) == ["closing", "closed"]


@ways
@pytest.mark.filterwarnings("error")
def test_a_break_leaves_nothing_behind(way: Callable[[Flow[int]], Flow[int]]):
    source = Source()

    async def main() -> None:
        async for n in way(source.flow()):
            if n == 3:
                break
        gc.collect()
        await source.closing.wait()

    on_trio(main)
    assert source.told[0] == "closing"


@ways
def test_a_scope_that_is_cancelled_ends_the_loop_and_nothing_is_left(
    way: Callable[[Flow[int]], Flow[int]],
):
    source = Source(pause=0.001)

    async def main() -> bool:
        async def cancel(scope: trio.CancelScope) -> None:
            await source.begun.wait()
            scope.cancel()

        async with trio.open_nursery() as nursery:
            with trio.CancelScope() as scope:
                nursery.start_soon(cancel, scope)
                async for _ in way(source.flow()):
                    pass
        return scope.cancelled_caught

    assert on_trio(main)
    assert source.told[0] == "closing"


@ways
def test_move_on_after_ends_an_await(way: Callable[[Flow[int]], Flow[int]]):
    source = Source(pause=0.001)

    async def main() -> bool:
        with trio.move_on_after(0.05) as scope:
            await way(source.flow())
        return scope.cancelled_caught

    assert on_trio(main)
    assert source.told[0] == "closing"


def test_a_loop_over_a_plain_source_without_end_is_cancelled():
    async def main() -> bool:
        with trio.move_on_after(0.05) as scope:
            async for _ in Flow.range(MANY):
                pass
        return scope.cancelled_caught

    assert on_trio(main)


@ways
def test_a_nursery_that_fails_ends_the_loops_in_it(way: Callable[[Flow[int]], Flow[int]]):
    source = Source(pause=0.001)

    async def main() -> None:
        async def consume() -> None:
            async for _ in way(source.flow()):
                pass

        async def fail() -> None:
            await source.begun.wait()
            raise ValueError("another task")

        async with trio.open_nursery() as nursery:
            nursery.start_soon(consume)
            nursery.start_soon(fail)

    with pytest.raises(ExceptionGroup) as caught:
        on_trio(main)
    assert [str(error) for error in caught.value.exceptions] == ["another task"]
    assert source.told[0] == "closing"


@ways
def test_an_error_of_the_source_is_raised_at_the_loop(way: Callable[[Flow[int]], Flow[int]]):
    async def failing() -> AsyncIterator[int]:
        yield 1
        await trio.lowlevel.checkpoint()
        raise ValueError("of the source")

    async def main() -> list[int]:
        items: list[int] = []

        async def consume() -> None:
            async for n in way(Flow.from_async_iterable(failing())):
                items.append(n)

        with pytest.raises(ValueError, match="of the source"):
            await consume()
        return items

    # In a merge an error overtakes what waits.
    assert on_trio(main) in ([1], [] if way is WAYS["merged"] else [1])


def test_a_for_loop_that_would_block_trio_says_what_to_write_instead():
    async def main() -> None:
        with pytest.raises(RuntimeError, match="use `async for` or `await`"):
            for _ in Flow.range(3).delay(0.01):
                pass

    on_trio(main)


def test_a_run_that_ends_in_the_middle_of_everything_ends():
    source = Source(pause=0.001)
    handles: list[Any] = []

    async def main() -> None:
        handles.append(source.flow().for_each(lambda _: None))
        handles.append(Flow.interval(0.001).for_each(lambda _: None))
        await source.begun.wait()

    trio.run(main)
    assert source.told[0] == "closing"
    with pytest.raises(RuntimeError, match="cancelled the task"):
        handles[0].result()
    with pytest.raises(RuntimeError, match="was closed"):  # as a thread of its own tells
        handles[1].result(20.0)
    assert all(handle.done for handle in handles)


def test_one_run_after_the_other_has_a_loop_of_its_own():
    async def main() -> Any:
        return await Flow.range(3).delay(0.001)

    assert [on_trio(main) for _ in range(3)] == [2, 2, 2]


def test_as_a_guest_of_asyncio_each_side_has_its_own_loop():
    async def trio_main() -> list[int]:
        return [n async for n in Source(3).flow().merge(Flow.range(3).delay(0.01))]

    async def host() -> tuple[list[int], Any]:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Any] = loop.create_future()
        trio.lowlevel.start_guest_run(
            trio_main,
            run_sync_soon_threadsafe=loop.call_soon_threadsafe,
            done_callback=done.set_result,
        )
        mine = await Flow.range(5).delay(0.01)
        return (await done).unwrap(), mine

    items, mine = asyncio.run(host())
    assert sorted(items) == [0, 0, 1, 1, 2, 2]
    assert mine == 4


def test_a_run_ends_when_something_is_to_be_called_as_its_end_comes():
    called: list[int] = []

    async def at_the_end(loop: TrioLoop) -> None:
        try:
            await trio.sleep_forever()
        finally:
            with suppress(RuntimeError):  # it is closed
                loop.call_soon(called.append, 1)

    async def main() -> None:
        trio.lowlevel.spawn_system_task(at_the_end, current_loop())
        await Flow.range(3).delay(0.0)

    def found() -> bool:
        trio.run(main)
        return bool(called)

    # Who is told first of the end, the loop or the task, is left to chance by trio.
    eventually(found, "a call at the end")


async def nothing_awaited(n: int) -> int:
    return n


async def one() -> AsyncIterator[int]:
    yield 1


def endless() -> Flow[int]:
    return Flow.defer(lambda: Flow.from_async_iterable(Source(pause=0.001).items()))


FOR_EVER: dict[str, Callable[[], Flow[int]]] = {
    "a source on the loop": lambda: Flow.range(MANY).subscribe_on(event_loop()),
    "repeat": lambda: Flow.of(1).publish_on(event_loop()).repeat(),
    "repeat of a source": lambda: Flow.defer(lambda: Flow.from_async_iterable(one())).repeat(),
    "retry": lambda: endless().retry(),
    "on_error_resume": lambda: endless().on_error_resume(lambda _: endless().retry()),
    "calls": lambda: Flow.range(MANY).map_async(nothing_awaited),
    "flows of items": lambda: Flow.range(MANY).flat_map(lambda _: Flow.from_async_iterable(one())),
}


def ends(main: Callable[[], Any]) -> bool:
    """Whether a run ends, soon; it is not waited for where it does not."""
    run = threading.Thread(target=trio.run, args=(main,), daemon=True)
    run.start()
    run.join(DEADLINE)
    return not run.is_alive()


@pytest.mark.parametrize("name", FOR_EVER)
def test_a_run_ends_with_a_flow_that_would_go_on_for_ever(name: str, dropped: Any):
    handles: list[Any] = []

    async def main() -> None:
        begun = trio.Event()
        handles.append(FOR_EVER[name]().for_each(lambda _: begun.set()))
        await begun.wait()

    assert ends(main)
    with pytest.raises(RuntimeError, match=r"is over|was closed|cancelled the task|was cancelled"):
        handles[0].result(DEADLINE)
    while dropped.errors:  # of the flows of items all say so, and one is told
        assert "cancelled the task" in str(dropped.take(RuntimeError)[0])


def test_a_run_waits_for_whoever_still_awaits_something_as_it_ends():
    left: list[str] = []

    async def main() -> None:
        loop = current_loop()
        waits = trio.Event()

        async def wait() -> None:  # as who leaves a flow does, for its cleanup on a thread
            waiter = loop.create_future()
            with trio.CancelScope(shield=True):
                waits.set()
                threading.Timer(0.1, tell, (waiter,)).start()  # it is as right when it is early
                await waiter
            left.append("left")

        def tell(waiter: Any) -> None:
            with suppress(RuntimeError):  # it is closed
                loop.call_soon_threadsafe(waiter.set_result, None)

        trio.lowlevel.spawn_system_task(wait)
        await waits.wait()

    assert ends(main)
    assert left == ["left"]
