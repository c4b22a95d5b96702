"""contains: whether a value is among the items."""

from __future__ import annotations

from operators import Flow
from reactive_streams import UNBOUNDED
from tests.operators.kit import Handmade, Pulled, notes, probe
from tests.operators.ways import fails, gives


def test_the_answer_everywhere():
    gives(lambda f: f.contains(9), range(5), [False])
    gives(lambda f: f.contains(2), range(5), [True])
    gives(lambda f: f.contains(2), [], [False])


def test_it_comes_as_soon_as_it_is_known_and_upstream_is_left():
    publisher = Handmade()
    seen = probe(Flow.from_publisher(publisher).contains(2)).request(3)
    assert publisher.requests == [UNBOUNDED]
    publisher.emit(0, 1)
    assert seen.items == []
    publisher.emit(2)
    assert seen.signals[1:] == [("on_next", True), ("on_complete", None)]
    assert publisher.cancels == 1

    pulled = Pulled(range(9))
    assert Flow.from_iterable(pulled).contains(2).run() is True
    assert (pulled.pulled, pulled.closed) == (3, 1)


def test_an_answer_that_is_known_at_the_end_waits_for_demand():
    for flow in (Flow.empty(), Flow.from_publisher(Handmade([]))):
        seen = probe(flow.contains(2))
        assert seen.signals == [("on_subscribe", None)]
        seen.request(1)
        assert seen.signals[1:] == [("on_next", False), ("on_complete", None)]


def test_an_error_before_it_is_known_passes():
    fails(lambda f: f.contains(9), range(3), KeyError, error=KeyError())
    gives(lambda f: f.concat(Flow.error(KeyError())).contains(2), range(5), [True])


def test_what_is_meant_is_what_the_language_means_by_in():
    nan = float("nan")
    gives(lambda f: f.contains(nan), [1.0, nan], [True])
    gives(lambda f: f.contains(1), [1.0], [True])
    gives(lambda f: f.contains(float("nan")), [nan], [False])


def test_a_comparison_that_fails():
    class Odd:
        def __eq__(self, other: object) -> bool:
            raise ZeroDivisionError

        __hash__ = None  # type: ignore[assignment]

    error = fails(lambda f: f.contains(2), [1, Odd()], ZeroDivisionError)
    assert "in contains, written at" in notes(error)
