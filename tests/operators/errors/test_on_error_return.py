"""on_error_return: one item in place of an error."""

from __future__ import annotations

from operators import Flow
from tests.operators.kit import Handmade, probe


def test_the_item_comes_in_place_of_the_error():
    assert list(Flow.of("1", "x", "3").map(int).on_error_return(-1)) == [1, -1]
    pushed = Flow.from_publisher(Handmade("1x3")).map(int)
    assert list(pushed.on_error_return(-1)) == [1, -1]


def test_without_an_error_nothing_changes():
    assert list(Flow.range(3).on_error_return(-1)) == [0, 1, 2]


def test_it_waits_for_demand():
    publisher = Handmade()
    seen = probe(Flow.from_publisher(publisher).on_error_return("sorry"), 1)
    publisher.emit("a")
    publisher.fail(KeyError())
    assert not seen.ended
    seen.request(1)
    assert seen.signals[1:] == [("on_next", "a"), ("on_next", "sorry"), ("on_complete", None)]


def test_a_bad_request_is_not_smoothed_over():
    seen = probe(Flow.from_publisher(Handmade()).on_error_return(-1)).request(0)

    assert isinstance(seen.error, ValueError)
    assert seen.items == []


def test_a_falsy_item_will_do():
    assert list(Flow.error(KeyError()).on_error_return(0)) == [0]
