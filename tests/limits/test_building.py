"""Building a chain, and adding to what joins flows, costs each step the same, however long it is by then."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from typing import Any

import pytest

from operators import Flow

STEPS: dict[str, Callable[[Flow[Any]], Flow[Any]]] = {
    "map": lambda flow: flow.map(abs),
    "concat": lambda flow: flow.concat(Flow.of(1)),
    "merge": lambda flow: flow.merge(Flow.of(1)),
    "zip": lambda flow: flow.zip(Flow.of(1)),
    "start_with": lambda flow: flow.start_with(1),
    "concat, watched": lambda flow: flow.concat(Flow.of(1).watch()),
    "on_error_resume": lambda flow: flow.on_error_resume(lambda _: Flow.empty()),
}


def calls(step: Callable[[Flow[Any]], Flow[Any]], many: int) -> int:
    """Return how many functions are called to do it so many times; time would tell of the machine."""
    flow = Flow.of(1)
    made = 0

    def see(frame: types.FrameType, event: str, _: object) -> None:
        nonlocal made
        made += event in ("call", "c_call")

    sys.setprofile(see)  # not cProfile: without a GIL, 3.13 may hang as that ends
    try:
        for _ in range(many):
            flow = step(flow)
    finally:
        sys.setprofile(None)
    return made


@pytest.mark.parametrize("name", STEPS)
def test_twice_as_many_steps_take_twice_as_many_calls(name: str) -> None:
    step = STEPS[name]
    calls(step, 1)
    assert calls(step, 800) < 2.1 * calls(step, 400)
