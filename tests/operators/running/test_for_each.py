"""for_each: a run that is started, and the handle to cancel it, to wait for it, to await it."""

from __future__ import annotations

import asyncio
import gc
import signal
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

import pytest

from operators import Flow
from operators.schedulers import event_loop, executor, immediate, thread
from reactive_streams import UNBOUNDED
from tests.operators.kit import (
    DEADLINE,
    Handmade,
    Pulled,
    eventually,
    library_frames,
    line_of,
    notes,
)


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
    assert all("/_kernel/running/handle.py" in frame for frame in library_frames(caught.value))
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


class _Slow:
    """A source that gives one item, and whose cleanup waits until it is let go on."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.leaving = threading.Event()
        self.cleaned = False

    async def items(self) -> AsyncIterator[int]:
        try:
            yield 1
            await asyncio.sleep(DEADLINE)
        finally:
            self.leaving.set()
            await asyncio.get_running_loop().run_in_executor(None, self.go_on.wait, DEADLINE)
            self.cleaned = True

    def flow(self) -> Flow[int]:
        return Flow.from_async_iterable(self.items())


def test_result_waits_for_the_cleanup_of_a_run_that_was_cancelled():
    slow, begun = _Slow(), threading.Event()
    handle = slow.flow().for_each(lambda _: begun.set())
    assert begun.wait(DEADLINE)
    handle.cancel()
    assert slow.leaving.wait(DEADLINE)
    with pytest.raises(TimeoutError, match=r"its cleanup was not after 0.01 seconds"):
        handle.result(0.01)
    assert (handle.done, slow.cleaned) == (True, False)

    def wait() -> bool:
        handle.result()
        return slow.cleaned

    with ThreadPoolExecutor(1) as pool:
        waits = pool.submit(wait)
        slow.go_on.set()
        assert waits.result(DEADLINE)
    handle.result(0)


def test_result_waits_for_the_cleanup_of_a_run_that_has_failed():
    slow = _Slow()
    handle = slow.flow().for_each(lambda n: 1 // (n - 1))
    with pytest.raises(ZeroDivisionError):
        handle.result(0.01)  # the error says more
    assert not slow.cleaned
    slow.go_on.set()
    with pytest.raises(ZeroDivisionError):
        handle.result(DEADLINE)
    assert slow.cleaned


def test_a_run_that_is_done_has_a_result_while_upstream_still_cleans_up():
    slow = _Slow()
    handle = slow.flow().publish_on(thread()).take(1).for_each(str)
    assert slow.leaving.wait(DEADLINE)
    eventually(lambda: handle.done)
    handle.result(0)
    assert not slow.cleaned
    slow.go_on.set()
    handle.result()
    assert slow.cleaned


def test_result_does_not_wait_for_a_cleanup_that_is_left_to_a_loop_which_nobody_runs():
    slow = _Slow()
    slow.go_on.set()

    async def begin() -> Any:
        begun = asyncio.Event()
        handle = slow.flow().for_each(lambda _: begun.set())
        await begun.wait()
        return handle

    loop = asyncio.new_event_loop()
    try:
        handle = loop.run_until_complete(begin())
        handle.cancel()
        handle.result()
        assert not slow.cleaned
        handle.result()
        loop.run_until_complete(handle)
        assert slow.cleaned
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        loop.close()


def test_result_does_not_wait_for_a_cleanup_on_the_very_loop_that_runs_here():
    slow = _Slow()
    slow.go_on.set()

    async def begin() -> None:
        begun = asyncio.Event()
        handle = slow.flow().for_each(lambda _: begun.set())
        await begun.wait()
        handle.cancel()
        handle.result()
        assert not slow.cleaned
        await handle
        assert slow.cleaned

    asyncio.run(begin())


def test_a_function_may_cancel_its_run_and_ask_for_the_result():
    slow, asked = _Slow(), threading.Event()
    slow.go_on.set()
    handles: list[Any] = []
    known = threading.Event()

    def stop(_: int) -> None:
        assert known.wait(DEADLINE)
        handles[0].cancel()
        handles[0].result(DEADLINE)
        asked.set()

    handles.append(slow.flow().publish_on(thread()).for_each(stop))
    known.set()
    handles[0].result(DEADLINE)
    assert asked.wait(DEADLINE)
    assert slow.cleaned


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


def test_a_run_begun_inside_an_on_next_may_be_waited_for_there():
    got: list[int] = []
    Flow.range(3).limit_rate(1).for_each(
        lambda n: Flow.of(n, n).limit_rate(1).for_each(got.append).result(20)
    ).result(20)

    assert got == [0, 0, 1, 1, 2, 2]


async def numbers() -> AsyncIterator[int]:
    n = 0
    while True:
        yield n
        n += 1


@pytest.mark.parametrize(
    "build",
    [
        lambda: Flow.range(10**12),
        lambda: Flow.range(10**12).publish_on(immediate()),
        lambda: Flow.range(10**12).merge(Flow.range(10**12)),
        lambda: Flow.from_publisher(Flow.range(10**12)),
        lambda: Flow.range(10**12).publish_on(event_loop()),
        lambda: Flow.range(10**12).subscribe_on(thread()),
        lambda: Flow.from_async_iterable(numbers()),
    ],
    ids=range(7),
)
def test_on_a_running_loop_the_handle_comes_back_before_anything_is_run(build: Any):
    async def run() -> None:
        here = threading.get_ident()
        inside: list[bool] = []
        begun = False

        def note(_: int) -> None:
            if threading.get_ident() == here:
                inside.append(begun)
            if begun:
                handle.cancel()

        handle = build().for_each(note)
        assert inside == []
        begun = True
        await handle
        assert handle.cancelled

    asyncio.run(run())


def test_a_run_that_was_not_begun_when_the_loop_ended_is_over():
    loop = asyncio.new_event_loop()

    handles: list[Any] = []
    loop.call_soon(lambda: handles.append(Flow.range(3).for_each(print)))
    loop.call_soon(loop.stop)
    loop.run_forever()
    assert not handles[0].done
    loop.close()
    assert handles[0].done
    with pytest.raises(RuntimeError, match="closed before this flow was begun"):
        handles[0].result()


@pytest.mark.parametrize("wait", ["result", "done"])
def test_a_run_on_a_loop_that_was_closed_is_over(wait: str):
    loop = asyncio.new_event_loop()
    handle = Flow.range(3).publish_on(event_loop(loop)).for_each(print)  # the hop
    assert not handle.done
    loop.close()
    if wait == "done":
        eventually(lambda: handle.done, "the end")
    with pytest.raises(RuntimeError, match="closed"):
        handle.result()


@contextmanager
def interrupted_inside(*functions: Any) -> Iterator[None]:
    """Press Ctrl-C until it is noticed inside of all of these functions, one called by the other.

    Once is not enough: Python looks for a signal before it blocks on a lock and when it was woken, and one
    that comes in between waits as long as the lock does. One that comes too early is let pass.
    """
    noticed = threading.Event()

    def notice(signum: int, frame: FrameType | None) -> None:
        missing = {function.__code__ for function in functions}
        while frame is not None:
            missing.discard(frame.f_code)
            frame = frame.f_back
        if not missing and not noticed.is_set():
            noticed.set()
            raise KeyboardInterrupt

    def press() -> None:
        while not noticed.wait(0.01):
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    before = signal.signal(signal.SIGINT, notice)
    presses = threading.Thread(target=press)
    presses.start()
    try:
        yield
    finally:
        noticed.set()
        presses.join()
        signal.signal(signal.SIGINT, before)


def test_an_interrupted_wait_cancels_the_run():
    publisher = Handmade()
    handle = Flow.from_publisher(publisher).for_each(print)
    with (
        interrupted_inside(type(handle).result, threading.Event.wait),
        pytest.raises(KeyboardInterrupt),
    ):
        handle.result(20)
    assert (publisher.cancels, handle.cancelled) == (1, True)


def test_an_interrupted_wait_returns_when_what_is_upstream_has_cleaned_up():
    slow = _Slow()
    slow.go_on.set()
    handle = slow.flow().for_each(print)
    with (
        interrupted_inside(type(handle).result, threading.Event.wait),
        pytest.raises(KeyboardInterrupt),
    ):
        handle.result(DEADLINE)
    assert slow.cleaned


def test_ctrl_c_while_a_synchronous_source_runs_here_ends_it():
    closed: list[bool] = []

    def source() -> Iterator[int]:
        try:
            yield 1
            raise KeyboardInterrupt
        finally:
            closed.append(True)

    with pytest.raises(KeyboardInterrupt):
        Flow.from_iterable(source()).limit_rate(2).for_each(str)
    gc.collect()
    assert closed == [True]


@pytest.mark.parametrize("raised", [SystemExit, GeneratorExit, KeyboardInterrupt])
def test_what_is_no_exception_is_raised_where_the_function_runs_and_ends_the_run(raised: Any):
    def leave(_: int) -> None:
        raise raised

    with pytest.raises(raised):
        Flow.range(3).for_each(leave)


def test_waiting_on_the_only_thread_that_could_do_the_work_is_an_error():
    with ThreadPoolExecutor(1) as pool:
        work = Flow.range(3).publish_on(executor(pool))
        with pytest.raises(RuntimeError, match="for ever"):
            pool.submit(lambda: work.for_each(print).result()).result(20)
        with pytest.raises(RuntimeError, match="for ever"):
            pool.submit(lambda: list(Flow.range(3).subscribe_on(executor(pool)))).result(20)
        # A consumer on it, of a source that needs no thread, is all right.
        assert list(work) == [0, 1, 2]


def test_two_that_wait_for_each_other_on_a_pool_of_two_are_told():
    with ThreadPoolExecutor(2) as pool:
        both = threading.Barrier(2)

        def wait() -> None:
            both.wait(20)
            Flow.range(3).publish_on(executor(pool)).for_each(str).result()

        waits = [pool.submit(wait) for _ in range(2)]
        ends = [it.exception(20) for it in waits]
    # When the first is told it goes, and the second may go on.
    assert any(isinstance(error, RuntimeError) for error in ends)


@pytest.mark.parametrize("end", ["cancelled", "failed"])
def test_who_awaits_it_goes_on_when_all_cleanup_is_over(end: str):
    cleaned: list[int] = []

    async def slow(n: int) -> int:
        try:
            await asyncio.sleep(60 if n else 0)
        finally:
            if n:
                await asyncio.sleep(0.01)
                cleaned.append(n)
        return n

    def take(n: int) -> None:
        if end == "failed":
            raise ValueError(n)

    async def run() -> None:
        handle = Flow.range(3).map_async(slow, concurrency=3).for_each(take)
        await asyncio.sleep(0.01)
        handle.cancel()
        with suppress(ValueError):
            await handle
        assert sorted(cleaned) == [1, 2]

    asyncio.run(run())
