"""from_future: the result of a future."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from contextvars import ContextVar, copy_context
from typing import Any

import pytest

from operators import Flow
from tests.operators.kit import DEADLINE, notes, probe, soon
from tests.operators.ways import CONSUMERS


def done(result: Any = None, error: BaseException | None = None) -> Future[Any]:
    future: Future[Any] = Future()
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)
    return future


@pytest.mark.parametrize("way", CONSUMERS)
def test_the_result_the_error_and_nothing(way: str):
    assert CONSUMERS[way](Flow.from_future(done(7))) == ([7], None)
    assert CONSUMERS[way](Flow.from_future(done(0))) == ([0], None)
    assert CONSUMERS[way](Flow.from_future(done())) == ([], None)
    got, error = CONSUMERS[way](Flow.from_future(done(error=KeyError("lost"))))
    assert (got, type(error)) == ([], KeyError)
    assert "in from_future, written at" in notes(error)  # type: ignore[arg-type]
    got, error = CONSUMERS[way](Flow.from_future(done(error=SystemExit(3))))
    assert (got, type(error), type(error.__cause__)) == ([], RuntimeError, SystemExit)  # type: ignore[union-attr]


@pytest.mark.parametrize("way", CONSUMERS)
def test_a_result_that_comes_later_from_another_thread(way: str):
    future: Future[int] = Future()
    timer = threading.Timer(0.01, future.set_result, (7,))
    timer.start()
    assert CONSUMERS[way](Flow.from_future(future)) == ([7], None)
    timer.join()


def test_a_result_waits_for_demand_and_may_be_had_by_many():
    flow = Flow.from_future(done(7))
    for _ in range(2):
        seen = probe(flow)
        assert seen.items == []
        seen.request(1)
        assert seen.signals[1:] == [("on_next", 7), ("on_complete", None)]


def test_a_future_that_is_cancelled_and_a_flow_that_is():
    future: Future[int] = Future()
    seen = probe(Flow.from_future(future), 1)
    future.cancel()
    assert "the future was cancelled" in str(seen.until_end().error)

    future = Future()
    seen = probe(Flow.from_future(future), 1)
    seen.cancel()
    assert not future.cancelled()
    future.set_result(1)
    assert seen.items == []


def test_on_an_event_loop():
    async def go() -> None:
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        loop.call_soon(future.set_result, 7)
        assert await Flow.from_future(future) == 7
        task = asyncio.create_task(asyncio.sleep(0, "slept"))
        assert await Flow.from_future(task).map(str.upper) == "SLEPT"

        future = loop.create_future()
        seen = probe(Flow.from_future(future), 1)
        seen.cancel()
        assert not future.cancelled()
        future.set_result(1)
        await asyncio.sleep(0)
        assert seen.items == []

        future = loop.create_future()
        got: list[int] = []
        waiting = threading.Thread(target=lambda: got.extend(Flow.from_future(future)))
        waiting.start()
        future.set_result(9)
        await soon(lambda: got == [9])
        waiting.join()

    asyncio.run(go())


def test_a_coroutine_is_no_future():
    with pytest.raises(TypeError, match="from_future: "):
        Flow.from_future(asyncio.sleep(0))  # type: ignore[arg-type]


def test_the_result_is_seen_in_the_context_of_whoever_subscribed():
    tenant = ContextVar("tenant", default="nobody")
    future, seen = Future[int](), list[str]()
    context = copy_context()
    context.run(tenant.set, "us")
    handle = context.run(Flow.from_future(future).for_each, lambda _: seen.append(tenant.get()))
    thread = threading.Thread(target=future.set_result, args=(1,))
    thread.start()
    thread.join()
    handle.result(DEADLINE)
    assert seen == ["us"]
