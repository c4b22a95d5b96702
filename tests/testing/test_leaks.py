"""no_leaks: it finds what is left running, and nothing else."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from operators import Flow
from operators.schedulers import immediate, thread
from operators.testing import TestSubscriber, no_leaks

KEPT: list[Any] = []
END: list[Callable[[], object]] = []


@pytest.fixture(autouse=True)
def end_it() -> Iterator[None]:
    """For the fixture around: what the tests leave is ended all the same."""
    yield
    while END:
        END.pop()()
    KEPT.clear()


def a_thread() -> None:
    go_on = threading.Event()
    waiting = threading.Thread(target=go_on.wait, name="forgotten", args=(20,))
    waiting.start()
    END.extend([waiting.join, go_on.set])


def a_generator() -> None:
    def numbers() -> Iterator[int]:
        yield 1

    KEPT.append(numbers())
    next(KEPT[-1])


def a_loop_over_a_flow() -> None:
    KEPT.append(iter(Flow.range(3)))
    next(KEPT[-1])
    END.append(KEPT[-1].close)


def an_executor() -> None:
    KEPT.append(ThreadPoolExecutor(1, "idle pool"))
    END.append(KEPT[-1].shutdown)


def an_event_loop() -> None:
    KEPT.append(asyncio.new_event_loop())
    END.append(KEPT[-1].close)


def a_task() -> None:
    loop = asyncio.new_event_loop()
    task = loop.create_task(asyncio.sleep(1))
    KEPT.extend([loop, task])

    def end() -> None:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            loop.run_until_complete(task)
        loop.close()

    END.append(end)


def a_link() -> None:
    seen = TestSubscriber[Any](1)
    Flow.range(3).publish_on(immediate()).subscribe(seen)
    KEPT.append(seen)
    END.append(seen.cancel)


def an_inner_link() -> None:
    seen = TestSubscriber[Any](1)
    Flow.of(1).flat_map(lambda _: Flow.never()).subscribe(seen)
    KEPT.append(seen)
    END.append(seen.cancel)


LEAKS = {
    "thread: 'forgotten'": a_thread,
    "generator: a_generator.<locals>.numbers": a_generator,
    "generator: build.<locals>.items": a_loop_over_a_flow,
    "executor: a ThreadPoolExecutor 'idle pool'": an_executor,
    "event loop: <_UnixSelectorEventLoop": an_event_loop,
    "task: <Task pending": a_task,
    "link: publish_on, written at test_leaks.py:": a_link,
    "link: flat_map, written at test_leaks.py:": an_inner_link,
}


@pytest.mark.parametrize("text", LEAKS)
def test_what_is_left_is_found(text: str):
    with pytest.raises(AssertionError, match="left behind:") as caught, no_leaks(seconds=0.1):
        LEAKS[text]()
    assert text.split(",")[0] in str(caught.value)


@pytest.mark.parametrize("text", LEAKS)
def test_what_is_allowed_is_let_pass(text: str):
    with no_leaks(allow=["thread", "generator", "executor", "event loop", "task", "coroutine", "link"],
                  seconds=0.1):  # fmt: skip
        LEAKS[text]()


def test_what_was_there_before_is_no_leak():
    for leave in LEAKS.values():
        leave()
    with no_leaks(seconds=0.1):
        assert list(Flow.range(3)) == [0, 1, 2]


def test_one_inside_another():
    with no_leaks(allow=["generator"]):
        with no_leaks():
            list(Flow.range(3))
        with pytest.raises(AssertionError), no_leaks():
            a_generator()


def test_what_is_about_to_end_has_its_time():
    with no_leaks():
        threading.Timer(0.05, lambda: None).start()


def test_running_flows_leaves_nothing():
    async def slow(n: int) -> int:
        await asyncio.sleep(0)
        return n

    async def main() -> None:
        async for n in Flow.range(100).map_async(slow):
            if n == 5:
                break

    with no_leaks():
        for n in Flow.range(1000).publish_on(thread()).map_async(str):
            if n == "5":
                break
        asyncio.run(main())
        seen = TestSubscriber[Any](5)
        Flow.range(100).publish_on(thread()).map(lambda n: n + 1).buffer(2).subscribe(seen)
        seen.await_items(5).cancel()


def raise_key_error() -> None:
    a_generator()
    raise KeyError


def test_what_the_block_raises_is_raised():
    with pytest.raises(KeyError), no_leaks():
        raise_key_error()


def test_a_wrong_kind():
    with pytest.raises(ValueError, match="allow is of thread, task"), no_leaks(allow=["threads"]):
        pass


def test_the_fixtures_for_pytest(pytester: pytest.Pytester):
    pytester.makeconftest('pytest_plugins = ["operators.testing.pytest_plugin"]')
    pytester.makepyfile(
        """
        import asyncio
        from operators import Flow
        from operators.schedulers import immediate
        from operators.testing import expect

        kept = []

        def numbers():
            yield 1
            yield 2

        def test_clean(no_leaks):
            assert list(Flow.range(3)) == [0, 1, 2]

        def test_leaky(no_leaks):
            kept.append(numbers())
            next(kept[0])

        def test_clock(virtual_clock):
            expect(Flow.of(1), clock=virtual_clock).next(1).no_event(for_=0).cancel() if 0 else None
            virtual_clock.loop()
            virtual_clock.advance(5)
            assert virtual_clock.now() == 5.0

        def test_books(item_ledger):
            for item in item_ledger.delivers(
                item_ledger.produces(Flow.range(9)).publish_on(immediate())
            ):
                break

        def test_books_that_do_not_add_up(item_ledger):
            item_ledger.made(7)
        """
    )
    result = pytester.runpytest_subprocess("-q", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=5, errors=2)
    result.stdout.fnmatch_lines(
        [
            "*left behind:*",
            "*generator: numbers*",
            "*neither delivered, nor dropped, nor discarded: 7",
        ]
    )
