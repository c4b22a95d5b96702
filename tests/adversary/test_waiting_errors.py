"""An error that waits, for items or for an inner flow, reaches on_error or the hook: never nowhere."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from operators import Flow
from operators._kernel.kinds import Source
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators._kernel.subscription.scope import Scope
from operators.schedulers import immediate, thread
from reactive_streams import UNBOUNDED
from tests.operators.conftest import Dropped
from tests.operators.kit import DEADLINE, Handmade, Probe, probe


class OuterError(Exception):
    pass


class InnerError(Exception):
    pass


def failing_iterable(_: Any) -> Iterator[int]:
    yield 1
    raise InnerError


# What holds items, so that an error of upstream waits for them to be delivered.
HOLDING: dict[str, Callable[[Flow[Any]], Flow[Any]]] = {
    "publish_on": lambda f: f.publish_on(immediate()),
    "on_backpressure_buffer": lambda f: f.on_backpressure_buffer(8),
    "on_backpressure_buffer that blocks": lambda f: f.on_backpressure_buffer(8, overflow="block"),
    "on_backpressure_latest": lambda f: f.on_backpressure_latest(),
    "flat_map_iterable": lambda f: f.flat_map_iterable(lambda n: [n, n]),
    "share": lambda f: f.share(),
    "ref_count": lambda f: f.replay(1).ref_count(),
    "balance": lambda f: f.balance(1)[0],
    "partition": lambda f: f.partition(lambda _: 0, 1)[0],
    "group_by": lambda f: f.group_by(lambda n: n),
    "window": lambda f: f.window(2),
    "conflate": lambda f: f.conflate(lambda a, _: a),
    "batch_while_waiting": lambda f: f.batch_while_waiting(2),
    "shed": lambda f: f.shed(2, age=99),
}
BUILDS = pytest.mark.parametrize("build", HOLDING.values(), ids=HOLDING)


def holding(build: Callable[[Flow[Any]], Flow[Any]]) -> tuple[Probe, Handmade]:
    """A flow that has one item to deliver and then an error, and is asked for nothing yet."""
    publisher = Handmade()
    seen = probe(build(Flow.from_publisher(publisher)))
    if not publisher.requests:
        seen.request(1)
    publisher.emit("a")
    publisher.fail(OuterError())
    assert not seen.ended
    return seen, publisher


@BUILDS
def test_a_cancel_while_an_error_waits(build: Any, dropped: Dropped):
    seen, _ = holding(build)
    seen.cancel()

    assert not seen.ended
    dropped.take(OuterError)


@BUILDS
def test_a_bad_request_while_an_error_waits(build: Any, dropped: Dropped):
    seen, _ = holding(build)
    seen.request(0)

    assert isinstance(seen.error, ValueError)
    dropped.take(OuterError)


@BUILDS
def test_who_asks_on_gets_it(build: Any):
    seen, _ = holding(build)
    seen.request(9)

    assert isinstance(seen.error, OuterError)


@BUILDS
def test_a_bad_request_after_a_cancel_is_nothing(build: Any):
    publisher = Handmade()
    seen = probe(build(Flow.from_publisher(publisher)))
    seen.cancel()
    seen.request(-1)

    assert not seen.ended


def outer_waits(
    build: Callable[[Flow[Any], Flow[Any]], Flow[Any]],
) -> tuple[Probe, Handmade]:
    """A flow whose outer flow has failed, while an inner one, given back here, goes on."""
    outer, inner = Handmade(), Handmade()
    seen = probe(build(Flow.from_publisher(outer), Flow.from_publisher(inner)), 1)
    outer.emit(1)
    outer.fail(OuterError())
    assert not seen.ended
    return seen, inner


def test_concat_map_whose_inner_flow_fails_as_well(dropped: Dropped):
    seen, inner = outer_waits(lambda f, other: f.concat_map(lambda _: other))
    inner.fail(InnerError())

    assert isinstance(seen.error, InnerError)
    dropped.take(OuterError)


def test_concat_map_that_is_cancelled(dropped: Dropped):
    seen, inner = outer_waits(lambda f, other: f.concat_map(lambda _: other))
    seen.cancel()

    assert inner.cancels == 1
    dropped.take(OuterError)


def test_concat_map_that_is_asked_for_nothing(dropped: Dropped):
    seen, _ = outer_waits(lambda f, other: f.concat_map(lambda _: other))
    seen.request(0)

    assert isinstance(seen.error, ValueError)
    dropped.take(OuterError)


def test_flat_map_iterable_whose_iterable_fails_as_well(dropped: Dropped):
    outer = Handmade()
    seen = probe(Flow.from_publisher(outer).flat_map_iterable(failing_iterable), 1)
    outer.emit(1)
    outer.fail(OuterError())
    seen.request(9)

    assert isinstance(seen.error, InnerError)
    dropped.take(OuterError)


class ByHand(Source):
    """A source of ours that fails when it is asked for something bad, with an error of its own."""

    name = "by hand"
    contract = Contract.ON_DEMAND

    def open(self, downstream: Any, node: Node, scope: Scope) -> None:
        self._downstream = downstream
        downstream.on_subscribe(self)

    def request(self, n: int) -> None:
        self._downstream.on_error(OuterError())

    def cancel(self) -> None:
        pass


def test_retry_that_is_asked_for_nothing_while_upstream_fails(dropped: Dropped):
    seen = probe(Flow[Any](Node(ByHand())).retry(UNBOUNDED)).request(0)

    assert isinstance(seen.error, ValueError)
    dropped.take(OuterError)


@pytest.mark.parametrize("name", ["merge", "flat_map", "zip"])
def test_two_that_fail_at_once_both_tell(name: str, dropped: Dropped):
    for _ in range(30):
        left, right = Handmade(), Handmade()
        flow, other = Flow.from_publisher(left), Flow.from_publisher(right)
        if name == "flat_map":
            flow = Flow.of(flow, other).flat_map(lambda inner: inner)
        else:
            flow = getattr(flow, name)(other)
        seen = probe(flow, 5)
        together = threading.Barrier(2)

        def fail(
            publisher: Handmade, error: Exception, together: threading.Barrier = together
        ) -> None:
            together.wait(DEADLINE)
            publisher.fail(error)

        both = [
            threading.Thread(target=fail, args=pair)
            for pair in ((left, OuterError()), (right, InnerError()))
        ]
        for each in both:
            each.start()
        for each in both:
            each.join(DEADLINE)

        told = [seen.error, dropped.take()[0]]
        assert {type(error) for error in told} == {OuterError, InnerError}


def test_an_error_behind_items_that_nobody_takes_is_told_across_a_thread(dropped: Dropped):
    publisher = Handmade()
    seen = probe(Flow.from_publisher(publisher).publish_on(thread("hop")), 1)
    publisher.emit("a", "b")
    seen.until_items(1)
    publisher.fail(OuterError())
    seen.cancel()

    dropped.take(OuterError)


def test_an_error_that_is_an_item_and_waits_for_demand(dropped: Dropped):
    publisher = Handmade()
    seen = probe(Flow.from_publisher(publisher).materialize())
    publisher.fail(OuterError())
    seen.cancel()
    assert seen.items == []
    dropped.take(OuterError)
