"""switch_on_first: the first item decides what becomes of the flow."""

from __future__ import annotations

from typing import Any

import pytest

from operators import Flow, OneShotError
from tests.operators.kit import Handmade, notes, probe


def whole(_: Any, flow: Flow[Any]) -> Flow[Any]:
    return flow


def test_the_function_is_given_the_first_item_and_a_flow_of_all():
    calls: list[int] = []

    def decide(first: int, flow: Flow[int]) -> Flow[tuple[int, int]]:
        calls.append(first)
        return flow.map(lambda n: (first, n))

    flow = Flow.of(7, 8, 9).switch_on_first(decide)
    assert list(flow) == [(7, 7), (7, 8), (7, 9)]
    assert list(flow) == [(7, 7), (7, 8), (7, 9)]
    assert calls == [7, 7]


def test_without_a_first_item_the_end_is_passed_on():
    def never(first: Any, flow: Any) -> Any:
        raise AssertionError

    assert probe(Flow.empty().switch_on_first(never), 1).completed
    assert isinstance(probe(Flow.error(KeyError()).switch_on_first(never), 1).error, KeyError)


def test_it_asks_for_its_prefetch_and_gives_what_is_asked_for():
    publisher = Handmade(range(100))
    seen = probe(Flow.from_publisher(publisher).switch_on_first(whole, prefetch=4), 0)
    assert (publisher.asked, seen.items) == (4, [])
    seen.request(3)
    assert seen.items == [0, 1, 2]
    assert publisher.asked <= 3 + 4
    seen.request(99)
    assert (seen.items, seen.completed) == (list(range(100)), True)


def test_a_flow_that_leaves_or_is_over_cancels_upstream():
    for decide in (lambda _, f: f.take(2), lambda _, f: Flow.of(1, 1)):
        publisher = Handmade(range(100))
        seen = probe(Flow.from_publisher(publisher).switch_on_first(decide, prefetch=4), 9)
        assert (len(seen.items), seen.completed, publisher.cancels) == (2, True, 1)


def test_what_nobody_had_is_discarded():
    for decide, left in ((lambda _, f: f.take(1), []), (lambda _, f: Flow.of(0), [0])):
        discarded: list[int] = []
        publisher = Handmade(range(100))
        flow = Flow.from_publisher(publisher).switch_on_first(decide, prefetch=4)
        seen = probe(flow.on_discard(discarded.append), 9)
        assert (seen.items, discarded, publisher.cancels) == ([0], left, 1)


def test_a_cancel_goes_up():
    publisher = Handmade()
    discarded: list[str] = []
    flow = Flow.from_publisher(publisher).switch_on_first(whole).on_discard(discarded.append)
    early = probe(flow, 1)
    early.cancel()
    assert publisher.cancels == 1

    publisher = Handmade()
    flow = Flow.from_publisher(publisher).switch_on_first(whole).on_discard(discarded.append)
    seen = probe(flow, 1)
    publisher.emit("a", "b", "c")
    seen.cancel()
    assert (seen.items, discarded, publisher.cancels) == (["a"], ["b", "c"], 1)


def test_errors_of_upstream_come_by_the_flow_that_was_given():
    publisher = Handmade()
    seen = probe(Flow.from_publisher(publisher).switch_on_first(whole), 9)
    publisher.emit("a")
    publisher.fail(KeyError())
    assert (seen.items, type(seen.error)) == (["a"], KeyError)

    publisher = Handmade()
    flow = Flow.from_publisher(publisher)
    mended = flow.switch_on_first(lambda first, f: f.on_error_return(first))
    seen = probe(mended, 9)
    publisher.emit("a")
    publisher.fail(KeyError())
    assert (seen.items, seen.completed) == (["a", "a"], True)


def test_an_error_that_no_flow_was_there_to_have_goes_to_the_hook(dropped: Any):
    publisher, other = Handmade(), Handmade()
    seen = probe(Flow.from_publisher(publisher).switch_on_first(lambda _, f: other), 9)
    publisher.emit("a")
    publisher.fail(KeyError())
    assert not seen.ended
    other.complete()
    assert seen.completed
    assert "did not use the flow" in dropped.take(KeyError)[1]


@pytest.mark.parametrize(
    ("decide", "error"),
    [(lambda first, f: first.nothing, AttributeError), (lambda first, f: None, TypeError)],
)
def test_a_function_that_fails_ends_it(decide: Any, error: Any):
    publisher = Handmade()
    seen = probe(Flow.from_publisher(publisher).switch_on_first(decide), 9)
    publisher.emit("a")
    assert isinstance(seen.error, error)
    assert "switch_on_first" in notes(seen.error) + str(seen.error)
    assert publisher.cancels == 1


def test_the_flow_that_is_given_takes_one_subscriber():
    flow = Flow.range(3).switch_on_first(lambda _, f: f.concat(f))
    with pytest.raises(OneShotError, match="has had its Subscriber"):
        list(flow)


@pytest.mark.parametrize("bad", [0, -1, "1"])
def test_a_bad_request_is_an_error_before_and_after_the_first(bad: Any):
    publisher = Handmade()
    seen = probe(Flow.from_publisher(publisher).switch_on_first(whole)).request(bad)
    assert "3.9" in str(seen.error)
    publisher = Handmade()
    seen = probe(Flow.from_publisher(publisher).switch_on_first(whole), 1)
    publisher.emit("a")
    seen.request(bad)
    assert "3.9" in str(seen.error)
    assert publisher.cancels == 1


def test_bad_arguments_are_refused():
    flow: Any = Flow.range(3)
    with pytest.raises(TypeError, match="switch_on_first: fn must be callable"):
        flow.switch_on_first(1)
    with pytest.raises(ValueError, match="switch_on_first: prefetch must be at least 1"):
        flow.switch_on_first(whole, prefetch=0)
