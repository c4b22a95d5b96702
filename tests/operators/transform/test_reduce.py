"""reduce: all items made into one."""

from __future__ import annotations

import functools
import operator
import threading
from typing import Any

import pytest

from operators import Flow
from reactive_streams import UNBOUNDED
from tests.operators.kit import Handmade, Pulled, notes, probe


def worlds(items: Any, error: Exception | None = None) -> list[Flow[Any]]:
    return [Flow.from_iterable(Pulled(items, error)), Flow.from_publisher(Handmade(items, error))]


def test_agrees_with_functools():
    for flow in worlds("abc"):
        assert list(flow.reduce(operator.add)) == [functools.reduce(operator.add, "abc")]
    for flow in worlds("abc"):
        assert flow.reduce(operator.add, "x").run() == "xabc"


def test_no_items():
    for flow in worlds(()):
        assert list(flow.reduce(operator.add)) == []
    for flow in worlds(()):
        assert list(flow.reduce(operator.add, 7)) == [7]


def test_a_seed_is_not_shared_between_runs():
    def collect(so_far: Any, item: Any) -> Any:
        so_far.append(item)
        return so_far

    seed: list[int] = []
    for flow in worlds([1, 2]):
        assert flow.reduce(collect, seed).run() == [1, 2]
    for flow in worlds([1, 2]):
        assert flow.reduce(collect, seed_factory=list).run() == [1, 2]
    twice = Flow.of(1, 2).reduce(collect, seed)
    assert twice.run() == twice.run() == [1, 2]
    assert seed == []
    for flow in worlds(()):
        assert list(flow.reduce(collect, seed_factory=list)) == [[]]


def test_a_factory_that_fails_is_the_operators_failure():
    for items in ([1, 2], ()):
        for flow in worlds(items):
            with pytest.raises(ZeroDivisionError) as caught:
                list(flow.reduce(operator.add, seed_factory=lambda: 1 // 0))
            assert "in reduce, written at" in notes(caught.value)
        for flow in worlds(items):
            seen = probe(flow.reduce(operator.add, seed_factory=lambda: 1 // 0), 1).until_end()
            assert isinstance(seen.error, ZeroDivisionError)


def test_nothing_is_asked_for_before_there_is_demand():
    publisher = Handmade()
    seen = probe(Flow.from_publisher(publisher).reduce(operator.add))
    assert publisher.requests == []
    seen.request(1).request(1)
    assert publisher.requests == [UNBOUNDED]

    publisher.emit(1, 2)
    assert seen.items == []
    publisher.complete()
    assert seen.signals[1:] == [("on_next", 3), ("on_complete", None)]


def test_an_error_passes_and_there_is_no_result():
    lost = KeyError()
    for flow in worlds([1, 2], lost):
        seen = probe(flow.reduce(operator.add), 1)
        assert seen.items == []
        assert seen.error is lost


def test_an_error_of_fn_stops_an_endless_source():
    numbers = iter(range(10**9))
    seen = probe(Flow.from_iterable(numbers).reduce(lambda a, b: 1 // (3 - b)), 1)

    assert isinstance(seen.error, ZeroDivisionError)
    assert next(numbers) == 4


def test_a_cancel_and_a_bad_request_stop_an_endless_source():
    for stop in (lambda it: it.cancel(), lambda it: it.request(-1)):
        going = threading.Event()

        def look(a: int, b: int, going: threading.Event = going) -> int:
            going.set()
            return b

        seen = probe(Flow.from_iterable(iter(int, 1)).reduce(look))
        running = threading.Thread(target=seen.request, args=(1,))
        running.start()
        assert going.wait(20)
        stop(seen)
        running.join(20)
        assert not running.is_alive()
        assert seen.violations == []
        assert isinstance(seen.error, (ValueError, type(None)))


def test_a_falsy_result_is_a_result():
    assert list(Flow.of(0, 0).reduce(operator.add)) == [0]
    assert list(Flow.of("").reduce(operator.add)) == [""]
