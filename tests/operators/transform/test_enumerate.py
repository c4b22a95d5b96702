"""enumerate: each item with its number."""

from __future__ import annotations

import pytest

from operators import Flow
from tests.operators.kit import Handmade


@pytest.mark.parametrize("start", [0, 1, -3, 2**70])
def test_agrees_with_the_built_in(start: int):
    assert list(Flow.of("a", "b").enumerate(start)) == list(enumerate("ab", start))
    pushed = Flow.from_publisher(Handmade("ab")).enumerate(start)
    assert list(pushed) == list(enumerate("ab", start))


def test_each_subscriber_counts_anew():
    flow = Flow.of("a").enumerate()

    assert list(flow) == list(flow) == [(0, "a")]


def test_a_none_between_operators_is_numbered():
    assert list(Flow.of(1).map({2: 3}.get).enumerate()) == [(0, None)]
