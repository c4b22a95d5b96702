"""extrapolate: something to go on with while upstream has nothing."""

from __future__ import annotations

from itertools import count, repeat

import pytest

from operators import Flow
from tests.operators.kit import Handmade, Pulled, notes, probe
from tests.operators.ways import fails, gives


def test_where_all_is_there_nothing_is_added():
    gives(lambda f: f.extrapolate(lambda n: ()), range(5), [0, 1, 2, 3, 4])
    fails(lambda f: f.extrapolate(lambda n: ()), range(2), KeyError, [0, 1], KeyError())


def test_demand_without_an_item_goes_on_from_the_last():
    publisher = Handmade()
    seen = probe(Flow.from_publisher(publisher).extrapolate(lambda n: count(n + 1))).request(1)
    assert (seen.items, publisher.requests) == ([], [1])
    publisher.emit(10)
    assert (seen.items, publisher.requests) == ([10], [1, 1])
    seen.request(3)
    assert seen.items == [10, 11, 12, 13]
    publisher.emit(50)
    assert seen.items == [10, 11, 12, 13]
    seen.request(2)
    assert seen.items[4:] == [50, 51]
    publisher.complete()
    assert seen.completed


def test_what_is_over_waits_for_the_next():
    publisher = Handmade()
    seen = probe(Flow.from_publisher(publisher).extrapolate(lambda n: [n])).request(5)
    publisher.emit("a")
    assert seen.items == ["a", "a"]
    publisher.emit("b")
    assert seen.items == ["a", "a", "b", "b"]
    publisher.complete()
    assert seen.completed


def test_a_generator_is_closed_when_its_place_is_taken_and_at_the_end():
    made = [Pulled(repeat(0)), Pulled(repeat(1))]
    publisher = Handmade()
    seen = probe(Flow.from_publisher(publisher).extrapolate(lambda n: iter(made[n]))).request(1)
    publisher.emit(0)
    seen.request(2)
    publisher.emit(1)
    seen.request(2)
    assert seen.items == [0, 0, 0, 1, 1]
    assert [each.closed for each in made] == [1, 0]
    seen.cancel()
    assert [each.closed for each in made] == [1, 1]


def test_a_function_that_fails_or_gives_no_iterable():
    error = fails(lambda f: f.extrapolate(lambda n: 1 // n), [0], ZeroDivisionError)
    assert "in extrapolate, written at" in notes(error)
    with pytest.raises(TypeError, match="extrapolate: fn must give an iterable, got 3"):
        list(Flow.of(1).extrapolate(lambda n: 3))  # type: ignore[arg-type, return-value]
