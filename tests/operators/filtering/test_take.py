"""take: the first items."""

from __future__ import annotations

import pytest

from operators import Flow
from reactive_streams import UNBOUNDED
from tests.operators.kit import Handmade, Pulled, probe


@pytest.mark.parametrize("n", [0, 1, 3, 5, 9, UNBOUNDED])
def test_the_first_n(n: int):
    assert list(Flow.range(5).take(n)) == list(range(min(n, 5)))
    assert list(Flow.from_publisher(Handmade(range(5))).take(n)) == list(range(min(n, 5)))


def test_completes_with_the_last_of_them_and_leaves_upstream():
    publisher, pulled = Handmade(range(9)), Pulled(range(9))
    for flow in (Flow.from_publisher(publisher), Flow.from_iterable(pulled)):
        seen = probe(flow.take(2)).request(2)
        assert seen.items == [0, 1]
        assert seen.completed
    assert (publisher.cancels, publisher.emitted) == (1, 2)
    assert (pulled.pulled, pulled.closed) == (2, 1)


def test_no_more_is_asked_for_than_can_pass():
    publisher = Handmade()
    seen = probe(Flow.from_publisher(publisher).take(5)).request(2).request(UNBOUNDED).request(7)

    assert publisher.requests == [2, 3]
    publisher.emit(*range(5))
    assert seen.completed


def test_nothing_completes_before_anything_is_asked_for():
    publisher, pulled = Handmade(range(9)), Pulled(range(9))
    for flow in (Flow.from_publisher(publisher), Flow.from_iterable(pulled)):
        assert probe(flow.take(0)).signals == [("on_subscribe", None), ("on_complete", None)]
    assert (publisher.requests, publisher.cancels) == ([], 1)
    assert pulled.opened == 0


def test_the_smaller_of_two_counts():
    for flow in (Flow.range(9), Flow.from_publisher(Handmade(range(9)))):
        assert list(flow.take(5).take(2).take(7)) == [0, 1]


def test_what_upstream_sends_in_spite_of_the_cancel_goes_no_further():
    class Deaf(Handmade):
        def request(self, n: int) -> None:
            super().request(n + 3)

    left: list[int] = []
    seen = probe(
        Flow.from_publisher(Deaf(range(9))).limit_rate(4).take(2).on_discard(left.append), 2
    )
    assert seen.items == [0, 1]
    assert seen.completed


def test_upstream_is_cancelled_before_the_end_is_told():
    order: list[str] = []
    flow = Flow.range(9).tap(on_cancel=lambda: order.append("cancelled")).take(1)
    flow.tap(on_complete=lambda: order.append("completed")).run()

    assert order == ["cancelled", "completed"]


def test_an_end_that_comes_first_counts():
    lost = KeyError()
    for end, error in ((None, None), (lost, lost)):
        seen = probe(Flow.from_publisher(Handmade([1], end)).take(3), 9)
        assert seen.items == [1]
        assert seen.error is error
        assert seen.completed == (error is None)
