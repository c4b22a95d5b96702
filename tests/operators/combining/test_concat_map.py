"""concat_map: the items of a flow made of each item, one flow after another."""

from __future__ import annotations

from typing import Any

import pytest

from operators import Flow
from operators.schedulers import thread
from reactive_streams import UNBOUNDED
from tests.operators.kit import APulled, Handmade, Probe, Pulled, eventually, probe


def worlds(items: Any, error: Exception | None = None) -> list[Flow[Any]]:
    return [Flow.from_iterable(Pulled(items, error)), Flow.from_publisher(Handmade(items, error))]


INNER = {
    "fused": lambda n: Flow.range(n),
    "stages": lambda n: Flow.range(n).limit_rate(2),
    "foreign": lambda n: Handmade(range(n)),
    "hop": lambda n: Flow.range(n).publish_on(thread(), prefetch=2),
    "async": lambda n: Flow.from_async_iterable(APulled(range(n))),
}


@pytest.mark.parametrize("fn", INNER.values(), ids=INNER)
def test_one_after_another(fn: Any):
    for flow in worlds([3, 0, 2]):
        assert list(flow.concat_map(fn)) == [0, 1, 2, 0, 1]
    for flow in worlds([3, 0, 2]):
        seen = probe(flow.concat_map(fn), UNBOUNDED).until_end()
        assert seen.items == [0, 1, 2, 0, 1]
        assert seen.violations == []


def test_demand_that_is_left_over_goes_on_to_the_next():
    inners = {"a": Handmade(), "b": Handmade()}
    publisher = Handmade(["a", "b"])
    seen = probe(Flow.from_publisher(publisher).concat_map(inners.__getitem__))
    assert publisher.requests == []
    seen.request(5)
    assert inners["a"].requests == [5]
    inners["a"].emit(1, 2)
    inners["a"].complete()
    assert inners["b"].requests == [3]
    seen.request(1)
    assert inners["b"].requests == [3, 1]
    inners["b"].complete()
    assert seen.items == [1, 2]
    assert seen.completed


def test_the_next_is_not_asked_for_without_demand():
    publisher = Handmade()
    inner = Handmade()
    seen = probe(Flow.from_publisher(publisher).concat_map(lambda n: inner)).request(1)
    publisher.emit("a")
    inner.emit(1)
    inner.complete()
    assert publisher.requests == [1]
    seen.request(1)
    assert publisher.requests == [1, 1]


def test_an_inner_error_ends_it():
    lost = KeyError()
    publisher = Handmade([1, 2, 3])
    fn = {1: Flow.of("a"), 2: Flow.error(lost), 3: Flow.of("b")}.__getitem__
    seen = probe(Flow.from_publisher(publisher).concat_map(fn), 9)

    assert seen.items == ["a"]
    assert seen.error is lost
    assert publisher.cancels == 1


def test_an_outer_error_comes_after_the_inner_flow_that_runs():
    lost = KeyError()
    publisher, inner = Handmade(), Handmade()
    seen = probe(Flow.from_publisher(publisher).concat_map(lambda n: inner), 9)
    publisher.emit("a")
    publisher.fail(lost)
    inner.emit(1)
    assert not seen.ended
    inner.complete()
    assert seen.items == [1]
    assert seen.error is lost


def test_a_cancel_reaches_both():
    publisher, inner = Handmade(), Handmade()
    seen = probe(Flow.from_publisher(publisher).concat_map(lambda n: inner), 9)
    publisher.emit("a")
    seen.cancel()

    assert (publisher.cancels, inner.cancels) == (1, 1)


def test_a_bad_request_reaches_both():
    publisher, inner = Handmade(), Handmade()
    seen = probe(Flow.from_publisher(publisher).concat_map(lambda n: inner), 9)
    publisher.emit("a")
    seen.request(-1)

    assert isinstance(seen.error, ValueError)
    assert (publisher.cancels, inner.cancels) == (1, 1)
    assert seen.violations == []


@pytest.mark.parametrize("made", [5, None])
def test_what_is_no_flow_is_an_error(made: Any):
    for flow in worlds([1]):
        seen = probe(flow.concat_map(lambda n: made), 1)
        assert isinstance(seen.error, TypeError)
        assert f"concat_map: fn must give a Flow or a Publisher, got {made!r}" in str(seen.error)


def test_an_inner_generator_is_closed_before_the_next_is_opened():
    log: list[str] = []

    def numbers(n: int) -> Any:
        log.append(f"open {n}")
        try:
            yield n
            yield n
        finally:
            log.append(f"close {n}")

    for flow in worlds([1, 2]):
        log.clear()
        made = flow.concat_map(lambda n: Flow.from_iterable(numbers(n)).take(1))
        assert list(made) == [1, 2]
        assert log == ["open 1", "close 1", "open 2", "close 2"]


def test_a_loop_that_is_left_closes_the_inner_flow():
    inner = APulled(range(9))
    for item in Flow.of(1).concat_map(lambda n: Flow.from_async_iterable(inner)):
        assert item == 0
        break
    eventually(lambda: inner.closed == 1)


def test_many_empty_ones_are_no_recursion():
    for flow in worlds(range(5000)):
        assert list(flow.concat_map(lambda n: Flow.empty())) == []
    for flow in worlds(range(5000)):
        assert probe(flow.concat_map(lambda n: Flow.empty()), 1).completed


def test_what_is_asked_for_inside_on_subscribe_waits_for_it():
    order: list[str] = []

    class Asking(Probe):
        def on_subscribe(self, subscription: Any) -> None:
            super().on_subscribe(subscription)
            order.append("subscribed")

    def make(n: int) -> Flow[int]:
        order.append("opened")
        return Flow.of(n)

    for flow in worlds([1]):
        order.clear()
        flow.concat_map(make).subscribe(Asking(1))
        assert order == ["subscribed", "opened"]
