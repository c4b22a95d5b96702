"""subscribe_on: upstream runs on a scheduler's worker."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from operators import Flow
from operators.schedulers import event_loop, executor, immediate, thread
from reactive_streams import UNBOUNDED
from tests.operators.kit import Handmade, Pulled, eventually, in_turn, notes, probe, soon


def test_the_source_runs_on_the_thread():
    where: list[str] = []
    flow = Flow.range(5).tap(lambda n: where.append(threading.current_thread().name))
    seen = probe(flow.subscribe_on(thread("far")), 2).until_items(2)
    seen.request(9).until_end()

    assert seen.items == list(range(5))
    assert {name.rsplit("-", 1)[0] for name in where} == {"far"}
    assert seen.violations == []


def test_opening_the_source_happens_there_too():
    where: list[str] = []

    def make() -> Flow[int]:
        where.append(threading.current_thread().name)
        return Flow.of(1)

    assert list(Flow.defer(make).subscribe_on(thread("far"))) == [1]
    assert where[0].startswith("far")


def test_on_an_event_loop():
    async def run() -> None:
        seen = probe(Flow.range(5).subscribe_on(event_loop()), UNBOUNDED)
        assert seen.items == []
        await soon(lambda: seen.ended)
        assert seen.items == list(range(5))

    asyncio.run(run())


def test_demand_that_comes_early_is_kept():
    publisher = Handmade()
    hold, entered = threading.Event(), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(in_turn(entered.set, lambda: hold.wait(20)))
        assert entered.wait(20)
        seen = (
            probe(Flow.from_publisher(publisher).subscribe_on(executor(pool))).request(2).request(3)
        )
        assert publisher.subscriber is None
        hold.set()
        eventually(lambda: publisher.asked == 5, "the demand")
        seen.cancel()


def test_a_cancel_before_the_worker_began_subscribes_to_nothing():
    publisher = Handmade()
    hold, entered = threading.Event(), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(in_turn(entered.set, lambda: hold.wait(20)))
        assert entered.wait(20)
        seen = probe(Flow.from_publisher(publisher).subscribe_on(executor(pool)), 1)
        seen.cancel()
        hold.set()
    assert publisher.subscriber is None
    assert seen.signals == [("on_subscribe", None)]


def test_a_cancel_stops_an_endless_source():
    pulled = Pulled(iter(int, 1))
    seen = probe(Flow.from_iterable(pulled).subscribe_on(thread()), UNBOUNDED).until_items(10)
    seen.cancel()

    eventually(lambda: pulled.closed == 1, "the close")


def test_a_bad_request_stops_an_endless_source():
    pulled = Pulled(iter(int, 1))
    seen = probe(Flow.from_iterable(pulled).subscribe_on(thread()), UNBOUNDED).until_items(10)
    seen.request(-1).until_end()

    assert isinstance(seen.error, ValueError)
    assert seen.violations == []
    assert pulled.closed == 1


def test_an_executor_that_was_shut_down_fails_the_flow():
    pool = ThreadPoolExecutor(1)
    pool.shutdown()
    seen = probe(Flow.of(1).subscribe_on(executor(pool)), 1)

    assert isinstance(seen.error, RuntimeError)
    assert "in subscribe_on, written at" in notes(seen.error)
    assert len(seen.signals) == 2


def test_an_executor_that_is_shut_down_meanwhile_fails_the_flow():
    pool = ThreadPoolExecutor(1)
    pulled = Pulled(range(9))
    seen = probe(Flow.from_iterable(pulled).subscribe_on(executor(pool)), 1).until_items(1)
    pool.shutdown()
    seen.request(1).until_end()

    assert seen.items == [0]
    assert isinstance(seen.error, RuntimeError)
    eventually(lambda: pulled.closed == 1, "the close")


def test_the_end_gives_the_thread_back():
    def names() -> list[str]:
        return [it.name for it in threading.enumerate() if it.name.startswith("far")]

    for flow in (Flow.of(1), Flow.empty(), Flow.error(KeyError())):
        probe(flow.subscribe_on(thread("far")), 1).until_end()
    probe(Flow.never().subscribe_on(thread("far")), 1).cancel()
    eventually(lambda: names() == [], "the end of the threads")


def test_the_nearest_to_the_source_decides():
    where: list[str] = []

    def make() -> Flow[int]:
        where.append(threading.current_thread().name)
        return Flow.of(1)

    flow: Flow[Any] = Flow.defer(make).subscribe_on(thread("near")).subscribe_on(thread("outer"))
    assert list(flow) == [1]
    assert where[0].startswith("near")


def test_here_and_now():
    seen = probe(Flow.range(5).subscribe_on(immediate()), 2)

    assert seen.items == [0, 1]
    seen.cancel()
