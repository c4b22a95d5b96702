"""generate: items made from a state, on demand."""

from __future__ import annotations

from typing import Any

import pytest

from operators import Flow
from tests.operators.kit import line_of, notes, probe


def test_step_is_called_once_for_each_item_asked_for():
    states: list[int] = []

    def step(n: int) -> tuple[int, int]:
        states.append(n)
        return n * n, n + 1

    seen = probe(Flow.generate(3, step))
    assert states == []
    seen.request(2)
    assert (seen.items, states) == ([9, 16], [3, 4])
    seen.cancel()
    seen.request(2)
    assert states == [3, 4]


def test_none_is_the_end():
    flow = Flow.generate(2, lambda n: (n, n - 1) if n else None)
    seen = probe(flow).request(2)
    assert not seen.ended
    seen.request(1)

    assert seen.items == [2, 1]
    assert seen.completed
    assert list(flow) == [2, 1]


@pytest.mark.parametrize("made", [5, (1,), (1, 2, 3), []])
def test_what_is_no_pair_is_an_error(made: Any):
    flow = Flow.generate(0, lambda n: made)  # no pair
    seen = probe(flow, 1)

    assert isinstance(seen.error, TypeError)
    assert f"step must return (item, next state) or None, got {made!r}" in str(seen.error)
    assert f"in generate, written at {line_of('# no pair', __file__)}" in notes(seen.error)


def test_what_step_raises_fails_the_flow():
    seen = probe(Flow.generate(2, lambda n: (1 // n, n - 1)), 9)

    assert seen.items == [0, 1]
    assert isinstance(seen.error, ZeroDivisionError)


def test_a_state_may_be_none():
    assert list(Flow.generate(None, lambda state: (1, state)).take(2)) == [1, 1]
