"""for_each: a run that is started, and the handle to cancel it, to wait for it, to await it."""

from __future__ import annotations

import asyncio
import gc
import threading
from typing import Any

import pytest

from operators import Flow
from operators.schedulers import thread
from reactive_streams import UNBOUNDED
from tests.operators.kit import Handmade, Pulled, eventually, library_frames, line_of, notes


def test_each_item_is_given_to_the_function():
    got: list[int] = []
    handle = Flow.range(5).for_each(got.append)

    assert got == [0, 1, 2, 3, 4]
    assert (handle.done, handle.cancelled) == (True, False)
    handle.result()


def test_it_asks_for_everything_at_once():
    publisher = Handmade()
    got: list[str] = []
    handle = Flow.from_publisher(publisher).for_each(got.append)

    assert publisher.requests == [UNBOUNDED]
    publisher.emit("a", "b")
    assert (got, handle.done) == (["a", "b"], False)
    publisher.complete()
    assert handle.done


def test_a_cancel_goes_up_once_and_ends_it_without_an_error():
    publisher = Handmade()
    got: list[str] = []
    handle = Flow.from_publisher(publisher).for_each(got.append)
    publisher.emit("a")
    handle.cancel()
    handle.cancel()
    publisher.emit("late")

    assert publisher.cancels == 1
    assert (handle.done, handle.cancelled) == (True, True)
    handle.result()
    assert got == ["a"]


def test_a_cancel_after_the_end_changes_nothing():
    handle = Flow.of(1).for_each(str)
    handle.cancel()

    assert (handle.done, handle.cancelled) == (True, False)


def test_a_function_may_cancel_the_run():
    publisher = Handmade()
    got: list[int] = []

    def two(n: int) -> None:
        got.append(n)
        if n == 2:
            handle.cancel()

    handle = Flow.from_publisher(publisher).for_each(two)
    publisher.emit(1, 2, 3)

    assert (got, publisher.cancels, handle.cancelled) == ([1, 2], 1, True)


def test_a_cancel_closes_what_is_upstream():
    pulled = Pulled(range(1_000_000))
    begun = threading.Event()
    handle = (
        Flow.from_iterable(pulled).publish_on(thread(), prefetch=2).for_each(lambda n: begun.set())
    )
    assert begun.wait(20)
    handle.cancel()
    handle.result(20)

    eventually(lambda: pulled.closed == 1, "the close")


def test_what_the_function_raises_cancels_the_flow_and_is_raised_by_result():
    pulled = Pulled([1, 0, 2])
    handle = Flow.from_iterable(pulled).for_each(lambda n: 1 // n)  # divides

    assert (handle.done, handle.cancelled) == (True, False)
    assert (pulled.pulled, pulled.closed) == (2, 1)
    with pytest.raises(ZeroDivisionError) as caught:
        handle.result()
    place = line_of("# divides", __file__)
    assert f"in for_each, written at {place}\n  item: 0" in notes(caught.value)
    assert all("/_kernel/handle.py" in frame for frame in library_frames(caught.value))
    with pytest.raises(ZeroDivisionError):
        handle.result()


def test_an_error_of_the_flow_is_raised_by_result_and_by_await():
    lost = KeyError("lost")
    with pytest.raises(KeyError) as caught:
        Flow.error(lost).for_each(print).result()
    assert caught.value is lost

    async def run() -> None:
        await Flow.error(lost).for_each(print)

    with pytest.raises(KeyError):
        asyncio.run(run())


def test_an_error_that_nobody_asks_for_goes_to_the_hook(dropped: Any):
    lost = KeyError("lost")
    handle = Flow.error(lost).for_each(print)  # nobody asks
    assert not dropped.errors
    del handle
    gc.collect()

    error, where = dropped.take(KeyError)
    assert error is lost
    assert "whose result nobody asked for" in where
    assert line_of("# nobody asks", __file__) in where


def test_an_error_after_the_cancel_goes_to_the_hook(dropped: Any):
    publisher = Handmade()
    handle = Flow.from_publisher(publisher).for_each(print)
    handle.cancel()
    publisher.fail(KeyError("late"))

    dropped.take(KeyError)
    handle.result()


def test_result_waits_as_long_as_it_is_told():
    publisher = Handmade()
    handle = Flow.from_publisher(publisher).for_each(print)
    with pytest.raises(TimeoutError, match=r"not over after 0.001 seconds"):
        handle.result(0.001)
    publisher.complete()
    handle.result(0)


def test_result_waits_for_another_thread():
    got: list[int] = []
    Flow.range(100).publish_on(thread()).for_each(got.append).result(20)

    assert got == list(range(100))


def test_several_tasks_may_await_it_and_others_go_on():
    async def run() -> list[str]:
        publisher = Handmade()
        log: list[str] = []
        handle = Flow.from_publisher(publisher).for_each(log.append)

        async def wait(name: str) -> None:
            await handle
            log.append(name)

        tasks = [asyncio.create_task(wait(name)) for name in ("one", "two")]
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="would block the running event loop"):
            handle.result()
        publisher.emit("item")
        threading.Thread(target=publisher.complete).start()
        await asyncio.gather(*tasks)
        await handle
        return log

    assert asyncio.run(run()) == ["item", "one", "two"]


def test_a_task_that_stops_waiting_leaves_the_run_alone():
    async def run() -> None:
        publisher = Handmade()
        handle = Flow.from_publisher(publisher).for_each(print)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.001):
                await handle
        assert not handle.done
        publisher.complete()
        await handle

    asyncio.run(run())


def test_a_run_begun_inside_an_on_next_may_be_waited_for_there():
    got: list[int] = []
    Flow.range(3).limit_rate(1).for_each(
        lambda n: Flow.of(n, n).limit_rate(1).for_each(got.append).result(20)
    ).result(20)

    assert got == [0, 0, 1, 1, 2, 2]
