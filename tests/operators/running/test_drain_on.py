"""Signals of the process that drain runs: the first drains, the next one cancels."""

from __future__ import annotations

import asyncio
import itertools
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from operators import Flow, OneShotError
from tests.operators.kit import Handmade


@contextmanager
def handled() -> Iterator[list[int]]:
    """Have a handler of SIGTERM that must be there again in the end."""
    came: list[int] = []

    def note(number: int, _: object) -> None:
        came.append(number)

    before = signal.signal(signal.SIGTERM, note)
    try:
        yield came
        assert signal.getsignal(signal.SIGTERM) is note
    finally:
        signal.signal(signal.SIGTERM, before)


def raising(at: int) -> Callable[[int], None]:
    def tap(n: int) -> None:
        if n == at:
            signal.raise_signal(signal.SIGTERM)

    return tap


def test_the_first_signal_drains_a_blocking_run():
    with handled() as came:
        flow = (
            Flow.from_iterable(itertools.count())
            .tap(raising(100))
            .buffer(7)
            .flat_map_iterable(list)
        )
        last = flow.run(drain_on=(signal.SIGTERM, signal.SIGINT))
        assert last is not None
        assert last >= 100
        assert came == []
        signal.raise_signal(signal.SIGTERM)
        assert came == [signal.SIGTERM]


def test_the_second_signal_cancels_it():
    publisher = Handmade()

    def twice(_: int) -> Any:
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
        return publisher

    with handled() as came:
        assert Flow.of(1).flat_map(twice).run(drain_on=(signal.SIGTERM,)) is None
        assert came == []
    assert publisher.cancels == 1


def test_a_run_that_ends_by_itself_or_fails_restores_the_handlers():
    with handled():
        assert Flow.range(3).run(drain_on=(signal.SIGTERM,)) == 2
        with pytest.raises(KeyError):
            Flow.error(KeyError()).run(drain_on=(signal.SIGTERM,))
        used = Flow.from_iterable(iter([1]))
        assert list(used) == [1]
        with pytest.raises(OneShotError):
            used.run(drain_on=(signal.SIGTERM,))


def test_on_a_loop_the_signal_drains_what_is_awaited():
    async def run() -> list[int]:
        got: list[int] = []

        async def slow(n: int) -> int:
            await asyncio.sleep(0)
            return n

        flow = Flow.from_iterable(itertools.count()).tap(raising(50)).map_async(slow)
        await flow.for_each(got.append, drain_on=(signal.SIGTERM,))
        return got

    with handled() as came:
        got = asyncio.run(run())
        assert came == []
    assert got == list(range(len(got)))
    assert len(got) > 50


def test_a_handler_of_the_loop_itself_is_there_again():
    async def run() -> list[str]:
        came: list[str] = []
        told = asyncio.Event()
        loop = asyncio.get_running_loop()

        def mine() -> None:
            came.append("mine")
            told.set()

        loop.add_signal_handler(signal.SIGTERM, mine)
        await Flow.range(3).for_each(str, drain_on=(signal.SIGTERM,))
        signal.raise_signal(signal.SIGTERM)
        await told.wait()
        loop.remove_signal_handler(signal.SIGTERM)
        return came

    assert asyncio.run(run()) == ["mine"]


def test_where_the_end_is_on_another_thread_a_signal_goes_to_the_handler_of_before():
    with handled() as came:
        publisher = Handmade()
        handle = Flow.from_publisher(publisher).for_each(str, drain_on=(signal.SIGTERM,))
        ends = threading.Thread(target=publisher.complete)
        ends.start()
        ends.join()
        assert handle.done
        signal.raise_signal(signal.SIGTERM)
        assert came == [signal.SIGTERM]


def test_elsewhere_than_on_the_main_thread_it_is_refused():
    raised: list[BaseException] = []

    def run() -> None:
        try:
            Flow.range(3).run(drain_on=(signal.SIGTERM,))
        except RuntimeError as error:
            raised.append(error)

    elsewhere = threading.Thread(target=run)
    elsewhere.start()
    elsewhere.join()
    assert "drain_on needs the main thread" in str(raised[0])


def test_a_blocking_run_is_refused_on_a_loop():
    async def run() -> None:
        with pytest.raises(RuntimeError, match="await for_each"):
            Flow.range(3).run(drain_on=(signal.SIGTERM,))

    asyncio.run(run())


@pytest.mark.parametrize(
    ("bad", "error", "text"),
    [
        (signal.SIGTERM, TypeError, "must be signals, as"),
        ("SIGTERM", TypeError, "must be signals, as"),
        (["SIGTERM"], TypeError, "must be signals, as"),
        ([True], TypeError, "must be signals, as"),
        ([signal.SIGKILL], ValueError, "no handler can be set for"),
        ([9_999], ValueError, "no handler can be set for"),
    ],
)
def test_what_is_no_signal_is_refused(bad: Any, error: Any, text: str):
    with pytest.raises(error, match=text):
        Flow.range(3).run(drain_on=bad)


def test_one_signal_drains_all_runs_that_listen_to_it():
    with handled() as came:
        runs = [Flow.never().for_each(str, drain_on=(signal.SIGTERM,)) for _ in range(3)]
        signal.raise_signal(signal.SIGTERM)
        for run in runs:
            run.result(10)
        assert came == []


def test_the_next_signal_cancels_all_of_them():
    publishers = [Handmade(), Handmade()]
    with handled() as came:
        runs = []
        for inner in publishers:
            made = Flow.of(Flow.from_publisher(inner)).flat_map(lambda flow: flow)
            runs.append(made.for_each(str, drain_on=(signal.SIGTERM,)))
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
        for run in runs:
            run.result(10)
        assert came == []
    assert [inner.cancels for inner in publishers] == [1, 1]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_runs_that_overlap_restore_the_handler_whichever_is_over_first(order: tuple[int, ...]):
    with handled() as came:
        runs = [Flow.never().for_each(str, drain_on=(signal.SIGTERM,)) for _ in range(3)]
        for index in order:
            runs[index].cancel()
            if index != order[-1]:  # those that are left still listen, and nobody else
                assert came == []
        signal.raise_signal(signal.SIGTERM)
        assert came == [signal.SIGTERM]


@pytest.mark.parametrize("left", range(3))
def test_who_is_left_of_runs_that_overlap_still_listens(left: int):
    with handled() as came:
        runs = [Flow.never().for_each(str, drain_on=(signal.SIGTERM,)) for _ in range(3)]
        for index in {0, 1, 2} - {left}:
            runs[index].cancel()
        signal.raise_signal(signal.SIGTERM)
        runs[left].result(10)
        assert came == []


def test_a_handler_of_the_users_own_put_on_top_may_pass_a_signal_on_to_a_run_that_is_over():
    with handled() as came:
        run = Flow.never().for_each(str, drain_on=(signal.SIGTERM,))
        ours = signal.getsignal(signal.SIGTERM)
        assert callable(ours)
        mine = signal.signal(signal.SIGTERM, lambda number, frame: ours(number, frame))
        assert mine == ours
        run.cancel()
        signal.raise_signal(signal.SIGTERM)
        assert came == [signal.SIGTERM]
        signal.signal(signal.SIGTERM, ours)  # as who restores what was there before
        signal.raise_signal(signal.SIGTERM)
        assert came == [signal.SIGTERM] * 2
