"""pipe: anybody's function from a flow to a flow."""

from __future__ import annotations

from typing import Any

import pytest

from operators import Flow
from tests.operators.kit import notes


def evens(flow: Flow[int], add: int = 0, *, times: int = 1) -> Flow[int]:
    return flow.filter(lambda n: n % 2 == 0).map(lambda n: (n + add) * times)


def test_it_is_a_call():
    flow = Flow.range(5)

    assert list(flow.pipe(evens)) == list(evens(flow)) == [0, 2, 4]


def test_further_arguments_go_to_the_function():
    assert list(Flow.range(5).pipe(evens, 1, times=10)) == [10, 30, 50]


@pytest.mark.parametrize("made", [None, 5, [1]])
def test_what_is_no_flow_is_refused_at_once(made: Any):
    with pytest.raises(TypeError, match="pipe: fn must return a Flow, got"):
        Flow.of(1).pipe(lambda flow: made)


def test_what_the_function_raises_comes_at_once():
    def broken(flow: Flow[int]) -> Flow[int]:
        raise OSError

    with pytest.raises(OSError):
        Flow.of(1).pipe(broken)


def test_errors_tell_the_place_inside_the_function():
    with pytest.raises(ZeroDivisionError) as caught:
        list(Flow.of(0).pipe(lambda flow: flow.map(lambda n: 1 // n)))

    assert f"written at {__file__}" in notes(caught.value)


def test_a_flow_of_a_class_of_ones_own_stays_one():
    class Mine(Flow[Any]):
        __slots__ = ()

        def evens(self) -> Mine:
            return self.filter(lambda n: n % 2 == 0)  # type: ignore[return-value]

    mine: Any = Flow.range(5).pipe(lambda flow: Mine(flow.node)).map(int)
    assert list(mine.evens()) == [0, 2, 4]
