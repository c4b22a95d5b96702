"""from_async_iterable: the items of an async iterable, on the running loop or on the library's own."""

from __future__ import annotations

import asyncio
import itertools
import threading
from contextlib import aclosing
from typing import Any

import pytest

from operators import Flow, OneShotError
from reactive_streams import UNBOUNDED
from tests.operators.kit import APulled, eventually, line_of, notes, probe, soon


def library_threads() -> list[str]:
    return [it.name for it in threading.enumerate() if it.name.startswith("operators-")]


def test_a_plain_loop_gets_the_items_from_the_librarys_own_loop():
    pulled = APulled(range(5))

    assert list(Flow.from_async_iterable(pulled).map(str)) == ["0", "1", "2", "3", "4"]
    assert pulled.closed == 1
    eventually(lambda: not library_threads(), "the end of the loop")


def test_inside_a_loop_no_thread_is_begun():
    async def run() -> list[int]:
        flow = Flow.from_async_iterable(APulled(range(5)))
        got = [item async for item in flow]
        assert not library_threads()
        handle = flow.for_each(got.append)
        await handle
        assert not library_threads()
        return got

    assert asyncio.run(run()) == [*range(5), *range(5)]


def test_nothing_is_pulled_ahead_of_demand():
    pulled = APulled(range(100))
    seen = probe(Flow.from_async_iterable(pulled))
    for n, total in ((1, 1), (3, 4), (5, 9)):
        seen.request(n).until_items(total)
        assert pulled.pulled == total
    seen.cancel()

    eventually(lambda: pulled.closed == 1, "the close")
    assert pulled.pulled == 9
    assert seen.items == list(range(9))


def test_an_async_loop_pulls_one_by_one():
    pulled = APulled(range(9))

    async def run() -> None:
        async with aclosing(aiter(Flow.from_async_iterable(pulled).map(str))) as items:
            async for item in items:
                assert pulled.pulled == int(item) + 1
                if item == "3":
                    break

    asyncio.run(run())
    assert (pulled.pulled, pulled.closed) == (4, 1)


def test_a_one_shot_iterator_has_one_subscriber():
    async def numbers():
        yield 1

    flow = Flow.from_async_iterable(numbers())  # only once
    assert list(flow) == [1]

    seen = probe(flow, 1)
    assert isinstance(seen.error, RuntimeError)
    assert line_of("# only once", __file__) in notes(seen.error)
    with pytest.raises(RuntimeError, match="only once"):
        list(flow)


def test_a_generator_that_is_over_is_no_flow_without_items():
    async def rows():
        yield 1
        raise ConnectionError("went away")

    made = rows()
    flow = Flow.defer(lambda: Flow.from_async_iterable(made)).retry(3)
    with pytest.raises(OneShotError, match="has had one") as caught:
        list(flow)
    assert isinstance(caught.value.__cause__, ConnectionError)


def test_an_iterable_is_gone_through_anew():
    pulled = APulled([1, 2])
    flow = Flow.from_async_iterable(pulled)

    assert list(flow) == list(flow) == [1, 2]
    assert pulled.opened == 2


def test_the_sources_error_names_its_place():
    lost = KeyError("lost")
    seen = probe(Flow.from_async_iterable(APulled([1], lost)), 5).until_end()  # raises

    assert seen.items == [1]
    assert seen.error is lost
    assert f"in from_async_iterable, written at {line_of('# raises', __file__)}" in notes(lost)


def waiting(log: list[str], begun: threading.Event) -> Any:
    async def wait():
        try:
            yield 1
            begun.set()
            await asyncio.Event().wait()
            yield 2
        finally:
            log.append("closed")

    return Flow.from_async_iterable(wait())


def test_a_cancel_reaches_a_source_that_waits():
    log: list[str] = []
    begun = threading.Event()
    seen = probe(waiting(log, begun), UNBOUNDED).until_items(1)
    assert begun.wait(20)
    seen.cancel()

    eventually(lambda: log == ["closed"], "the close")
    assert not seen.ended


def test_a_bad_request_reaches_a_source_that_waits():
    log: list[str] = []
    begun = threading.Event()
    seen = probe(waiting(log, begun), UNBOUNDED).until_items(1)
    assert begun.wait(20)
    seen.request(-1).until_end()

    assert isinstance(seen.error, ValueError)
    assert log == ["closed"]


def test_a_loop_that_is_left_reaches_a_source_that_waits():
    log: list[str] = []
    for item in waiting(log, threading.Event()):
        assert item == 1
        break

    eventually(lambda: log == ["closed"], "the close")


@pytest.mark.parametrize("asked", [0, 1, UNBOUNDED])
def test_a_cancel_before_the_first_item_gives_the_loop_back(asked: int):
    pulled = APulled(range(10**9))
    seen = probe(Flow.from_async_iterable(pulled), asked)
    seen.cancel()

    eventually(lambda: not library_threads(), "the end of the loop")
    assert pulled.closed == pulled.opened
    assert not seen.ended


def test_take_nothing_completes_without_demand():
    pulled = APulled(itertools.count())
    seen = probe(Flow.from_async_iterable(pulled).take(0)).until_end()

    assert seen.signals == [("on_subscribe", None), ("on_complete", None)]
    assert pulled.opened == 0


def test_a_plain_loop_inside_a_running_loop_is_refused():
    async def run() -> None:
        with pytest.raises(RuntimeError, match="would block the running event loop"):
            list(Flow.from_async_iterable(APulled(range(3))))
        await asyncio.sleep(0)

    asyncio.run(run())


def test_a_loop_that_ends_ends_the_flow():
    pulled = APulled(range(1000))
    seen = None

    async def run() -> None:
        nonlocal seen
        seen = probe(Flow.from_async_iterable(pulled), 1)
        await soon(lambda: seen.items)

    asyncio.run(run())
    assert seen is not None
    assert isinstance(seen.error, RuntimeError)
    assert pulled.closed == 1
    seen.request(5)
    assert len(seen.signals) == 3


def test_what_is_asked_from_another_thread_comes():
    async def run() -> None:
        seen = probe(Flow.from_async_iterable(APulled(range(200))))
        asker = threading.Thread(target=lambda: [seen.request(1) for _ in range(200)])
        asker.start()
        await soon(lambda: len(seen.items) == 200)
        asker.join()
        assert seen.items == list(range(200))
        seen.request(1)
        await soon(lambda: seen.ended)
        assert seen.violations == []

    asyncio.run(run())


@pytest.mark.parametrize("stop", [lambda it: it.request(0), lambda it: it.cancel()])
def test_what_stops_it_inside_on_subscribe_waits_for_that_to_return(stop):
    said: list[str] = []
    ended = threading.Event()

    class Waits:
        def on_subscribe(self, subscription: Any) -> None:
            subscription.request(2)
            stop(subscription)
            # A signal of the loop's thread would come now; without one, the time runs out.
            self.crossed = ended.wait(0.2)
            said.append("subscribed")

        def on_next(self, element: int) -> None:
            ended.set()

        def on_error(self, error: Exception) -> None:
            said.append(type(error).__name__)
            ended.set()

        def on_complete(self) -> None:
            ended.set()

    waits = Waits()
    pulled = APulled(range(5))
    Flow.from_async_iterable(pulled).subscribe(waits)

    eventually(lambda: not library_threads(), "the end of the loop")
    assert not waits.crossed
    assert said in (["subscribed"], ["subscribed", "ValueError"])
    assert pulled.pulled == 0
