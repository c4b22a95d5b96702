"""publish_on: downstream runs on a scheduler's worker."""

from __future__ import annotations

import asyncio
import concurrent.futures.thread as pools
import gc
import threading
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context, ContextVar
from typing import Any

import pytest

from operators import Flow
from operators.schedulers import event_loop, executor, immediate, thread
from reactive_streams import UNBOUNDED
from tests.operators.kit import Handmade, eventually, notes, probe, soon


def test_items_come_in_order_on_the_thread():
    seen = probe(Flow.range(500).publish_on(thread("far"), prefetch=8), 1, each=1).until_end()

    assert seen.items == list(range(500))
    assert {name.rsplit("-", 1)[0] for name in seen.threads[1:]} == {"far"}
    assert seen.threads[0] == threading.current_thread().name
    assert seen.violations == []


def test_on_an_event_loop():
    async def run() -> None:
        seen = probe(Flow.range(100).publish_on(event_loop()), 1, each=1)
        await soon(lambda: seen.ended)
        assert seen.items == list(range(100))
        assert set(seen.threads) == {threading.current_thread().name}

    asyncio.run(run())
    seen = probe(Flow.range(100).publish_on(event_loop()), UNBOUNDED).until_end()
    assert seen.items == list(range(100))
    assert seen.threads[-1] == "operators-event-loop"


def test_upstream_runs_ahead_by_its_prefetch():
    publisher = Handmade()
    seen = probe(Flow.from_publisher(publisher).publish_on(immediate(), prefetch=4))
    assert publisher.requests == [4]
    publisher.emit(1, 2, 3, 4)
    seen.request(2)
    assert publisher.requests == [4]
    seen.request(1)
    assert publisher.requests == [4, 3]
    assert seen.items == [1, 2, 3]
    seen.cancel()


def test_an_end_waits_for_what_came_before():
    lost = KeyError()
    for error in (None, lost):
        publisher = Handmade()
        seen = probe(Flow.from_publisher(publisher).publish_on(immediate()))
        publisher.emit(1)
        publisher.complete() if error is None else publisher.fail(error)
        assert not seen.ended
        seen.request(1)
        assert seen.items == [1]
        assert seen.error is error
        assert seen.completed == (error is None)


@pytest.mark.parametrize("end", ["cancel", "bad request"])
@pytest.mark.parametrize("far", [False, True])
def test_what_waits_is_discarded_once(end: str, far: bool):
    publisher = Handmade()
    left: list[int] = []
    scheduler: Any = thread() if far else immediate()
    flow = Flow.from_publisher(publisher).publish_on(scheduler, prefetch=4).on_discard(left.append)
    seen = probe(flow, 1)
    publisher.emit(1, 2, 3)
    seen.until_items(1)
    seen.cancel() if end == "cancel" else seen.request(0)

    eventually(lambda: left == [2, 3], "the discard")
    assert seen.items == [1]
    eventually(lambda: publisher.cancels == 1, "the cancel")
    publisher.emit(4)
    eventually(lambda: left == [2, 3, 4], "the discard of what came late")


def test_the_thread_ends_with_the_flow():
    def names() -> list[str]:
        return [it.name for it in threading.enumerate() if it.name.startswith("far")]

    seen = probe(Flow.never().publish_on(thread("far")), 1)
    seen.cancel()
    probe(Flow.of(1).publish_on(thread("far")), 1).until_end()
    probe(Flow.error(KeyError()).publish_on(thread("far")), 1).until_end()
    eventually(lambda: names() == [], "the end of the threads")


def test_an_executor_stays_its_owners():
    with ThreadPoolExecutor(2) as pool:
        flow = Flow.range(200).publish_on(executor(pool), prefetch=4)
        seen = probe(flow, 1, each=1).until_end()
        assert list(flow) == list(range(200))
        assert pool.submit(int).result() == 0
    assert seen.items == list(range(200))
    assert seen.violations == []


def test_an_executor_that_was_shut_down_fails_the_flow():
    pool = ThreadPoolExecutor(1)
    pool.shutdown()
    publisher = Handmade()
    seen = probe(Flow.from_publisher(publisher).publish_on(executor(pool)), 1)

    assert isinstance(seen.error, RuntimeError)
    assert "in publish_on, written at" in notes(seen.error)
    assert publisher.cancels == 1


def test_one_hop_after_another():
    flow = Flow.range(300)
    for n in range(4):
        flow = flow.publish_on(thread(f"hop{n}"), prefetch=n + 1).map(lambda it: it + 1)

    assert list(flow) == list(range(4, 304))


def test_a_ledger_with_a_cancel_in_the_middle():
    for _ in range(20):
        made: list[int] = []
        left: list[int] = []
        flow = Flow.range(10**6).tap(made.append).publish_on(thread(), prefetch=16)
        seen = probe(flow.on_discard(left.append), 30).until_items(20)
        seen.cancel()
        eventually(lambda: len(made) == len(seen.items) + len(left))  # noqa: B023
        assert sorted([*seen.items, *left]) == made


@pytest.mark.parametrize("kind", ["thread", "executor", "event_loop", "immediate"])
def test_context_variables_are_those_of_whoever_subscribed(kind: str):
    name: ContextVar[str] = ContextVar("name", default="nobody")
    names: list[str] = []
    with ThreadPoolExecutor(2) as pool:
        schedulers: dict[str, Any] = {
            "thread": thread(), "executor": executor(pool), "event_loop": event_loop(),
            "immediate": immediate(),
        }  # fmt: skip
        publisher = Handmade()
        flow = Flow.from_publisher(publisher).publish_on(schedulers[kind], prefetch=4)
        token = name.set("somebody")
        seen = probe(flow.tap(lambda _: names.append(name.get())), 99)
        name.reset(token)
        for n in range(3):
            Context().run(publisher.emit, n)
            seen.until_items(n + 1)
        publisher.complete()
        seen.until_end()
    assert names == ["somebody"] * 3


class AtOnce:
    """A scheduler that runs everything where it is scheduled, inside of what schedules it."""

    def now(self) -> float:
        return 0.0

    def worker(self) -> AtOnce:
        return self

    def schedule(self, fn: Any, delay: float = 0.0) -> None:
        fn()

    def close(self) -> None:
        pass


def test_a_worker_that_runs_everything_at_once():
    flow = Flow.range(9).publish_on(AtOnce(), prefetch=2).subscribe_on(AtOnce())
    assert list(flow) == list(range(9))
    assert probe(flow, 1, each=1).until_end().items == list(range(9))


def test_a_closing_by_the_collector_inside_submit_takes_no_lock_twice(
    monkeypatch: pytest.MonkeyPatch,
):
    class Owner:
        me: Any
        items: Any

    def abandon(pool: ThreadPoolExecutor) -> None:
        owner = Owner()
        owner.me = owner
        owner.items = iter(Flow.range(10**6).publish_on(executor(pool)))
        next(owner.items)

    class CollectingItem(pools._WorkItem):
        def __init__(self, *args: Any) -> None:
            gc.collect()
            super().__init__(*args)

    with ThreadPoolExecutor(2) as pool, ThreadPoolExecutor(1) as other:
        gc.disable()
        try:
            abandon(pool)
            monkeypatch.setattr(pools, "_WorkItem", CollectingItem)
            assert other.submit(sum, [1, 2]).result(20) == 3
        finally:
            gc.enable()
