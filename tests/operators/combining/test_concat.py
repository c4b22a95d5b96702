"""concat: one flow after another."""

from __future__ import annotations

from typing import Any

from operators import Flow
from tests.operators.kit import Handmade, notes, probe


def test_one_after_another():
    assert list(Flow.of(1).concat(Flow.empty(), Flow.of(2, 3), Handmade([4]))) == [1, 2, 3, 4]
    assert list(Flow.of(1).concat()) == [1]


def test_a_flow_is_subscribed_to_when_its_turn_has_come():
    first, second = Handmade(), Handmade()
    seen = probe(Flow.from_publisher(first).concat(second))
    assert first.subscriber is None
    seen.request(3)
    assert second.subscriber is None
    first.emit("a")
    first.complete()
    assert second.requests == [2]
    second.emit("b")
    second.complete()
    assert seen.items == ["a", "b"]
    assert seen.completed


def test_without_demand_the_next_is_left_alone():
    first, second = Handmade(["a"]), Handmade(["b"])
    seen = probe(Flow.from_publisher(first).concat(second), 1)

    assert (seen.items, second.subscriber) == (["a"], None)
    seen.cancel()
    assert second.subscriber is None


def test_an_error_ends_it():
    lost = KeyError()
    second = Handmade(["b"])
    seen = probe(Flow.error(lost).concat(second), 1)

    assert seen.error is lost
    assert second.subscriber is None


def test_a_thousand_in_a_row():
    flow = Flow.of(0)
    for n in range(1, 1000):
        flow = flow.concat(Flow.of(n))

    assert list(flow) == list(range(1000))
    assert probe(flow, 1000).items == list(range(1000))
    assert len(flow.describe().stages) < 1100


def test_each_loop_begins_anew():
    flow: Flow[Any] = Flow.of(1).concat(Flow.of(2))

    assert list(flow) == list(flow) == [1, 2]


def test_an_error_says_which_operator_of_which_flow():
    flow = Flow.of(1).concat(Flow.of(0).map(lambda n: 1 // n))
    seen = probe(flow, 9)

    assert isinstance(seen.error, ZeroDivisionError)
    assert "in map, written at" in notes(seen.error)
