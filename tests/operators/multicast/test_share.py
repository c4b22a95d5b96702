"""share: upstream is subscribed to from the first Subscriber to the last."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import pytest

from operators import Flow
from operators.testing import VirtualClock
from tests.operators.kit import Handmade, eventually, probe


def test_it_begins_with_the_first_and_ends_with_the_last():
    upstream = Handmade()
    shared = Flow.from_publisher(upstream).share(prefetch=4)
    first = probe(shared, 9)
    upstream.emit("a")
    second = probe(shared, 9)
    upstream.emit("b")
    first.cancel()
    upstream.emit("c")
    assert not upstream.cancels
    second.cancel()

    assert (first.items, second.items) == (["a", "b"], ["b", "c"])
    assert (upstream.subscriptions, upstream.cancels) == (1, 1)


def test_after_the_end_it_begins_again():
    flow = Flow.defer(lambda: Flow.from_publisher(Handmade(range(3)))).share()

    assert [list(flow), list(flow)] == [[0, 1, 2]] * 2


def test_after_the_last_has_left_it_waits_for_another_as_long_as_it_was_told():
    clock, upstream = VirtualClock(), Handmade()
    shared = Flow.from_publisher(upstream).share(grace=5.0, scheduler=clock)
    probe(shared, 9).cancel()
    clock.advance(4.9)
    assert not upstream.cancels
    again = probe(shared, 9)
    clock.advance(60.0)
    assert not upstream.cancels, "another one had come"
    upstream.emit("a")
    again.cancel()
    clock.advance(5.0)

    assert again.items == ["a"]
    assert (upstream.subscriptions, upstream.cancels) == (1, 1)


def test_who_leaves_inside_of_on_subscribe_has_nothing_connected():
    upstream = Handmade()

    class Shy:
        def on_subscribe(self, subscription: Any) -> None:
            subscription.cancel()

        def on_next(self, item: Any) -> None: ...
        def on_error(self, error: Exception) -> None: ...
        def on_complete(self) -> None: ...

    Flow.from_publisher(upstream).share().subscribe(Shy())
    assert upstream.subscriptions == 0


def test_an_error_comes_to_all_and_who_comes_after_it_has_another_try():
    tries: list[int] = []

    def make() -> Flow[int]:
        tries.append(1)
        return Flow.error(KeyError()) if len(tries) == 1 else Flow.of(1)

    shared = Flow.defer(make).share()
    assert isinstance(probe(shared, 9).error, KeyError)
    assert list(shared) == [1]


class _Refusing:
    """A scheduler of which the worker, or its schedule, cannot be had."""

    def __init__(self, worker: bool) -> None:
        self._worker = worker

    def now(self) -> float:
        return 0.0

    def worker(self) -> Any:
        if not self._worker:
            raise RuntimeError("no worker is to be had")
        return self

    def schedule(self, fn: Any, delay: float = 0.0) -> None:
        raise RuntimeError("nothing is taken any more")

    def close(self) -> None:
        pass


@pytest.mark.parametrize("worker", [True, False])
def test_where_the_grace_cannot_be_waited_for_upstream_is_left_at_once(worker: bool, dropped: Any):
    upstream = Handmade()
    shared = Flow.from_publisher(upstream).share(grace=5.0, scheduler=_Refusing(worker))
    seen = probe(shared, 1)
    seen.cancel()  # and raises nothing (§3.15)

    assert upstream.cancels == 1
    assert "whose grace ends by that" in dropped.take(RuntimeError)[1]


def test_a_loop_that_is_closed_ends_the_grace_in_silence(dropped: Any):
    upstream = Handmade()
    shared = Flow.from_publisher(upstream).share(grace=60.0)

    async def main() -> None:
        probe(shared, 1).cancel()

    asyncio.run(main())
    gc.collect()
    eventually(lambda: upstream.cancels == 1)
    assert dropped.errors == []


def test_an_error_that_one_of_them_had_does_not_go_to_the_hook_for_the_sake_of_the_other():
    upstream = Handmade()
    shared = Flow.from_publisher(upstream).share()
    quick, slow = probe(shared, 9), probe(shared, 0)
    upstream.emit("a")
    upstream.fail(KeyError())
    slow.cancel()

    assert isinstance(quick.error, KeyError)
