"""map_async: its tasks, and what becomes of them when their loop ends or never rests."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from typing import Any

import pytest

from operators import Flow
from operators._kernel.fusing import feed
from tests.operators.kit import DEADLINE, Handmade, eventually, notes, probe, soon


def our_threads() -> list[str]:
    return [it.name for it in threading.enumerate() if it.name.startswith("operators-")]


# Tasks --------------------------------------------------------------------------------------------


def test_tasks_that_are_cancelled_before_their_first_step_are_told_of() -> None:
    async def never(n: int) -> int:
        raise AssertionError("it was cancelled before")

    left: list[int] = []

    async def all_were_there() -> bool:
        left.clear()
        seen = probe(Flow.range(5).map_async(never, concurrency=3).on_discard(left.append), 9)
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await soon(lambda: seen.ended)
        if len(tasks) < 3:
            return False  # the machine stood still, and the loop was to have its turn in between
        assert "the call was cancelled" in str(seen.error)
        assert "item: 0" in notes(seen.error)
        return True

    while not asyncio.run(all_were_there()):
        pass
    assert left == [1, 2]


def test_tasks_are_held_while_they_run() -> None:
    waiting: list[weakref.ref[asyncio.Future[None]]] = []

    async def call(n: int) -> int:
        future = asyncio.get_running_loop().create_future()
        waiting.append(weakref.ref(future))
        await future
        return n

    async def main() -> None:
        got: list[int] = []
        Flow.range(2).map_async(call).for_each(got.append)
        await soon(lambda: len(waiting) == 2)
        gc.collect()
        for reference in waiting:
            future = reference()
            assert future is not None, "the task that waits for it has gone"
            future.set_result(None)
        await soon(lambda: got == [0, 1])

    asyncio.run(main())


@pytest.mark.skipif(sys.version_info < (3, 12), reason="eager tasks are of 3.12")
@pytest.mark.parametrize("ordered", [True, False])
def test_eager_tasks(ordered: bool) -> None:
    turns = 0

    async def at_once(n: int) -> int:
        assert asyncio.current_task() is not None
        return n

    async def later(n: int) -> int:
        await asyncio.sleep(0)
        return n

    async def fail(n: int) -> int:
        raise KeyError(n)

    async def beat() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def main() -> None:
        asyncio.get_running_loop().set_task_factory(getattr(asyncio, "eager_task_factory"))  # noqa: B009
        for fn in (at_once, later):
            flow = Flow.range(300).map_async(fn, concurrency=4, ordered=ordered)
            assert sorted([n async for n in flow]) == list(range(300))
            got: list[int] = []
            await flow.for_each(got.append)
            assert sorted(got) == list(range(300))
        with pytest.raises(KeyError):
            await Flow.range(9).map_async(fail, concurrency=4, ordered=ordered)
        heart = asyncio.create_task(beat())
        await Flow.range(3000).map_async(at_once, concurrency=4).for_each(id)
        heart.cancel()
        assert turns > 100, "calls that are over at once leave the loop its turns"

    asyncio.run(main())


def test_a_task_factory_that_fails_ends_the_stream() -> None:
    left: list[int] = []

    async def call(n: int) -> int:
        raise AssertionError

    async def main() -> None:
        def factory(loop: Any, coroutine: Any, **_: Any) -> Any:
            raise MemoryError("no more tasks")

        loop = asyncio.get_running_loop()
        loop.set_task_factory(factory)
        try:
            seen = probe(Flow.range(3).map_async(call, concurrency=2).on_discard(left.append), 9)
            await soon(lambda: seen.ended)
        finally:
            loop.set_task_factory(None)
        assert isinstance(seen.error, MemoryError)
        assert "item: 0" in notes(seen.error)
        assert sorted(left) == [0, 1]

    asyncio.run(main())


def test_an_exit_is_an_error_and_no_task_exception_that_nobody_retrieved() -> None:
    async def leave(n: int) -> int:
        raise SystemExit(3)

    with pytest.raises(RuntimeError, match="ended by SystemExit") as caught:
        list(Flow.of(3).map_async(leave))
    assert isinstance(caught.value.__cause__, SystemExit)
    gc.collect()


class Forgetful:
    """A Subscriber that keeps nothing but its Subscription, and whether there was a signal after that."""

    def __init__(self, n: int) -> None:
        self._n = n
        self.signals = 0
        self.ended = False

    def on_subscribe(self, subscription: Any) -> None:
        self.subscription = subscription
        subscription.request(self._n)

    def on_next(self, item: object) -> None:
        self.signals += 1

    def on_error(self, error: Exception) -> None:
        self.ended = True

    def on_complete(self) -> None:
        self.ended = True


class Item:
    pass


async def fail_with(item: Item) -> Item:
    raise ValueError


async def same(item: Item) -> Item:
    return item


@pytest.mark.parametrize("ordered", [True, False])
@pytest.mark.parametrize("end", ["error", "cancel", "complete"])
def test_after_the_end_nothing_of_the_items_is_kept(end: str, ordered: bool) -> None:
    async def main() -> None:
        alive: list[weakref.ref[Item]] = []

        def items() -> Iterator[Item]:
            for _ in range(4):
                item = Item()
                alive.append(weakref.ref(item))
                yield item

        fn = fail_with if end == "error" else same
        seen = Forgetful(1 if end == "cancel" else 9)
        Flow.from_iterable(items()).map_async(fn, concurrency=4, ordered=ordered).subscribe(seen)
        if end == "cancel":
            await soon(lambda: seen.signals)
            seen.subscription.cancel()
        else:
            await soon(lambda: seen.ended)
        await soon(lambda: len(asyncio.all_tasks()) == 1)
        # What a cancel leaves is discarded in a turn of the loop, which may be to come.
        await soon(lambda: gc.collect() >= 0 and not any(it() for it in alive))
        assert [it() for it in alive] == [None] * 4

    asyncio.run(main())


# Loops that end -----------------------------------------------------------------------------------


@pytest.mark.parametrize("closed_first", [True, False])
def test_a_run_whose_loop_has_ended_is_done(dropped: Any, closed_first: bool) -> None:
    entered, go = threading.Event(), threading.Event()

    def call(n: int) -> int:
        entered.set()
        go.wait(DEADLINE)
        return n

    async def main() -> Any:
        handle = Flow.range(3).map_async(call, concurrency=2).for_each(id)
        await asyncio.to_thread(entered.wait, DEADLINE)
        return handle

    loop = asyncio.new_event_loop()
    handle = loop.run_until_complete(main())
    loop.run_until_complete(loop.shutdown_default_executor())
    if closed_first:
        loop.close()
        go.set()
    else:
        go.set()  # the loop is told, and never has a turn again
        eventually(lambda: bool(loop._ready), "the result")  # type: ignore[attr-defined]
        loop.close()
    with pytest.raises(RuntimeError, match=r"the event loop .*was closed"):
        handle.result(DEADLINE)
    if not closed_first and not getattr(sys, "_is_gil_enabled", lambda: True)():
        return  # there what the loop lets go of goes when the thread that made it runs again
    eventually(lambda: not our_threads())


def test_a_run_of_coroutines_whose_loop_has_ended_is_done() -> None:
    async def call(n: int) -> int:
        await asyncio.sleep(3600)
        return n

    async def main() -> Any:
        return Flow.range(3).map_async(call, concurrency=2).for_each(id)

    handle = asyncio.run(main())
    with pytest.raises(RuntimeError, match="the call was cancelled"):
        handle.result(DEADLINE)


@pytest.mark.parametrize("turns", [0, 1, 5])
def test_a_run_whose_loop_is_closed_in_the_midst_of_its_calls_is_done(
    turns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # All three are begun in one slice of the loop's time, whatever else the machine does.
    monkeypatch.setattr(feed, "monotonic", lambda: 1.0)
    left: list[int] = []
    cleaned: list[int] = []

    async def call(n: int) -> int:
        try:
            await asyncio.sleep(3600)
        finally:
            cleaned.append(n)
            await asyncio.sleep(0)  # which no loop is left for
        return n

    async def main() -> Any:
        flow = Flow.range(3).map_async(call, concurrency=3).on_discard(left.append)
        handle = flow.for_each(id)
        for _ in range(turns):
            await asyncio.sleep(0)
        return handle

    loop = asyncio.new_event_loop()
    handle = loop.run_until_complete(main())
    loop.close()
    with pytest.raises(RuntimeError, match="closed"):
        handle.result(DEADLINE)
    eventually(lambda: sorted(left) == sorted(cleaned) == [0, 1, 2])
    gc.collect()


def test_an_item_that_comes_when_the_loop_is_closed_ends_the_stream() -> None:
    publisher = Handmade()
    left: list[int] = []

    async def same(n: int) -> int:
        return n

    async def main() -> Any:
        flow = Flow.from_publisher(publisher).map_async(same).on_discard(left.append)
        return probe(flow, 3)

    seen = asyncio.run(main())
    publisher.emit(1)
    seen.until_end()
    assert "closed" in str(seen.error)
    eventually(lambda: left == [1])


# The loop has its turns ---------------------------------------------------------------------------


class AtOnce(Executor):
    """Runs what is submitted before it returns, so that there is always a result to be delivered."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


async def at_once(n: int) -> int:
    return n


ENDLESS: dict[str, Callable[[Flow[int]], Flow[int]]] = {
    "coroutine": lambda flow: flow.map_async(at_once),
    "as they come": lambda flow: flow.map_async(at_once, ordered=False),
    "many": lambda flow: flow.map_async(at_once, concurrency=20_000),
    "threads": lambda flow: flow.map_async(abs),
    "at once": lambda flow: flow.map_async(abs, executor=AtOnce()),
    "lambda": lambda flow: flow.map_async(lambda n: at_once(n)),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_a_loop_that_delivers_for_ever_has_its_turns(name: str) -> None:
    async def main() -> float:
        seen: list[int] = [0]

        def count(_: int) -> None:
            seen[0] += 1

        handle = ENDLESS[name](Flow.range(10**12)).for_each(count)
        longest = 0.0
        for _ in range(60):
            await asyncio.sleep(0)
            started = time.thread_time()
            await asyncio.sleep(0)
            longest = max(longest, time.thread_time() - started)
        handle.cancel()
        await soon(lambda: len(asyncio.all_tasks()) == 1)
        assert seen[0]
        return longest

    # In the processor time of this thread, which a busy machine does not take away.
    assert asyncio.run(main()) < 0.25
    eventually(lambda: not our_threads())
