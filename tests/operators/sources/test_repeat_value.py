"""repeat_value: one item, for ever."""

from __future__ import annotations

import pytest

from operators import Flow
from tests.operators.kit import probe
from tests.operators.ways import CONSUMERS


@pytest.mark.parametrize("way", CONSUMERS)
def test_as_many_as_are_asked_for(way: str):
    assert CONSUMERS[way](Flow.repeat_value("a").take(300)) == (["a"] * 300, None)


def test_none_ahead_of_demand():
    seen = probe(Flow.repeat_value(0)).request(3)
    assert seen.items == [0, 0, 0]
    seen.request(1)
    assert seen.items == [0] * 4
    seen.cancel()
