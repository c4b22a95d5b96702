"""A loop that is abandoned in a reference cycle is closed by the collector, in the midst of anything."""

from __future__ import annotations

import concurrent.futures.thread as pools
import gc
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any

import pytest

from operators import Flow
from operators.schedulers import event_loop, executor, thread
from tests.operators.kit import DEADLINE


def push(emitter: Any) -> None:
    while emitter.emit(1):
        pass


async def apush(emitter: Any) -> None:
    while await emitter.emit(1):
        pass


async def same(n: int) -> int:
    return n


FLOWS: dict[str, Callable[[Executor], Flow[Any]]] = {
    "publish_on": lambda pool: Flow.range(10**6).publish_on(executor(pool)),
    "subscribe_on": lambda pool: Flow.range(10**6).subscribe_on(executor(pool)),
    "create": lambda pool: Flow.create(push, scheduler=executor(pool)),
    "create, a coroutine": lambda pool: Flow.create(apush),
    "map_async": lambda pool: Flow.range(10**6).map_async(abs, executor=pool),
    "map_async, a coroutine": lambda pool: Flow.range(10**6).map_async(same),
    "map_async, threads": lambda pool: Flow.range(10**6).map_async(abs),
    "flat_map": lambda pool: Flow.range(10**6).flat_map(
        lambda n: Flow.of(n).publish_on(executor(pool))
    ),
    "thread": lambda pool: Flow.range(10**6).publish_on(thread()),
    "event_loop": lambda pool: Flow.range(10**6).publish_on(event_loop()),
}


class Owner:
    me: Any
    items: Any


def abandon(flow: Flow[Any]) -> None:
    owner = Owner()
    owner.me = owner
    owner.items = iter(flow)
    next(owner.items)


class CollectingItem(pools._WorkItem):
    """submit makes one of these while it holds its locks; any allocation may start a collection."""

    def __init__(self, *args: Any) -> None:
        gc.collect()
        super().__init__(*args)


@pytest.fixture(autouse=True)
def _no_collector() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize("name", FLOWS)
def test_inside_submit_and_inside_the_start_of_a_thread(name: str, monkeypatch: pytest.MonkeyPatch):
    with ThreadPoolExecutor(4) as pool, ThreadPoolExecutor(1) as other:
        for it in (other, pool):
            abandon(FLOWS[name](pool))
            with monkeypatch.context() as patch:
                patch.setattr(pools, "_WorkItem", CollectingItem)
                assert it.submit(sum, [1, 2]).result(DEADLINE) == 3
        abandon(FLOWS[name](pool))
        with threading._active_limbo_lock:  # type: ignore[attr-defined]  # as inside the start of a thread
            gc.collect()
