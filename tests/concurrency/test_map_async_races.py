"""map_async: an item that comes from another thread while the stream is cancelled has one end."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any

import pytest

from operators import Flow, adaptive
from operators._kernel.hosts.loops import LoopLease
from reactive_streams import UNBOUNDED
from tests.concurrency.team import Serial, Team, Upstream
from tests.operators.kit import Probe, eventually, soon

pytestmark = pytest.mark.long

ITEMS = 24
ROUNDS = int(os.environ.get("TESTS_ROUNDS", "60"))


class AtOnce(Executor):
    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


async def same(item: int) -> int:
    return item


async def later(item: int) -> int:
    await asyncio.sleep(0)
    return item


def plain(item: int) -> int:
    return item


class Pool(Executor):
    """The pool of the test that runs now."""

    now: Executor

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        return self.now.submit(fn, *args, **kwargs)


KINDS: dict[str, Callable[[Flow[int]], Flow[int]]] = {
    "coroutine": lambda flow: flow.map_async(same, concurrency=3),
    "coroutine, as they come": lambda flow: flow.map_async(same, concurrency=3, ordered=False),
    "coroutine that waits": lambda flow: flow.map_async(later, concurrency=3),
    "threads": lambda flow: flow.map_async(plain, concurrency=3),
    "pool": lambda flow: flow.map_async(plain, concurrency=3, executor=Pool()),
    "pool, as they come": lambda flow: flow.map_async(
        plain, concurrency=3, ordered=False, executor=Pool()
    ),
    "at once": lambda flow: flow.map_async(plain, concurrency=3, executor=AtOnce()),
    "adaptive": lambda flow: flow.map_async(plain, concurrency=adaptive(1, 3, target_latency=1)),
    "chunks": lambda flow: flow.map_async(plain, concurrency=2, executor=Pool(), chunk=2),
    "batches, as they come": lambda flow: flow.map_batches(
        list, max_size=2, ordered=False, executor=AtOnce()
    ),
    "batches": lambda flow: flow.map_batches(list, max_size=2, concurrency=2, max_wait=0.001),
    "lambda": lambda flow: flow.map_async(lambda n: later(n), concurrency=3),
    "coroutine, by key": lambda flow: flow.map_async(later, concurrency=3, key=lambda _: 0),
    "threads, by key": lambda flow: flow.map_async(plain, concurrency=3, key=lambda _: 0),
}


@pytest.fixture(autouse=True)
def kept_loop() -> Iterator[None]:
    """The library's own loop is not begun and ended in each round."""
    lease = LoopLease()
    yield
    lease.release()


@pytest.fixture(autouse=True)
def pool() -> Iterator[None]:
    with ThreadPoolExecutor(2) as Pool.now:
        yield


def cancelled(team: Team, build: Callable[[Flow[int]], Flow[int]], after: int) -> None:
    upstream = Upstream(ITEMS)
    subscriber = Serial()
    discarded: list[int] = []
    build(Flow.from_publisher(upstream)).on_discard(discarded.append).subscribe(subscriber)

    def cancel() -> None:
        upstream.wait_for(after)
        subscriber.cancel()
        upstream.forget()

    team.run(upstream.emit, subscriber.requests(ITEMS), cancel)
    eventually(
        lambda: len(subscriber.got) + len(discarded) >= len(upstream.sent),
        f"an end of {set(upstream.sent) - {*subscriber.got, *discarded}}",
    )
    assert sorted(subscriber.got + discarded) == upstream.sent
    assert (subscriber.breaches, subscriber.error) == ([], None)


@pytest.mark.parametrize("name", KINDS)
def test_each_item_is_delivered_or_discarded(team: Team, name: str) -> None:
    for number in range(ROUNDS):
        cancelled(team, KINDS[name], 1 + number % (ITEMS - 1))


@pytest.mark.parametrize("name", KINDS)
def test_each_item_is_delivered_or_discarded_by_shaken_threads(
    shaken_team: Team, name: str
) -> None:
    for number in range(max(4, ROUNDS // 20)):
        cancelled(shaken_team, KINDS[name], 1 + number % (ITEMS - 1))


@pytest.mark.parametrize("ordered", [True, False])
def test_each_item_is_delivered_or_discarded_on_a_loop(team: Team, ordered: bool) -> None:
    """The subscriber's own loop, the items of a thread, and a cancel by another."""

    async def main() -> None:
        for number in range(ROUNDS):
            upstream = Upstream(ITEMS)
            seen = Probe(UNBOUNDED)
            left: list[int] = []
            flow = Flow.from_publisher(upstream).map_async(same, concurrency=3, ordered=ordered)
            flow.on_discard(left.append).subscribe(seen)

            def cancel(upstream: Upstream = upstream, number: int = number) -> None:
                upstream.wait_for(1 + number % (ITEMS - 1))
                seen.cancel()
                upstream.forget()

            await asyncio.to_thread(team.run, upstream.emit, cancel)
            await soon(lambda: len(seen.items) + len(left) >= len(upstream.sent))
            assert sorted(seen.items + left) == upstream.sent
            assert seen.violations == []

    asyncio.run(main())


def test_the_loop_of_the_subscriber_ends_while_items_come(team: Team) -> None:
    for number in range(ROUNDS):
        upstream = Upstream(ITEMS)
        seen = Probe(UNBOUNDED)
        left: list[int] = []

        async def main(upstream: Upstream = upstream, seen: Probe = seen) -> None:
            flow = Flow.from_publisher(upstream).map_async(later, concurrency=3)
            flow.on_discard(left.append).subscribe(seen)
            for _ in range(number % 7):
                await asyncio.sleep(0)

        team.run(upstream.emit, lambda: asyncio.run(main()))
        upstream.forget()
        seen.until(lambda: seen.ended)
        failed = 0 if seen.completed else 1  # the item that the error names is neither
        eventually(lambda: len(seen.items) + len(left) + failed >= len(upstream.sent))
        found = seen.items + left  # as it is now: where the error names none, one may still come
        assert len(set(found)) == len(found)
        assert seen.violations == []
