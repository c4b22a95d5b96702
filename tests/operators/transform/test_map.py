"""map: another item for each item."""

from __future__ import annotations

import functools
from typing import Any

import pytest

from operators import Flow
from tests.operators.kit import Handmade, probe


@pytest.mark.parametrize(
    "fn", [str, "{}".format, functools.partial(pow, 2), [5, 6, 7].__getitem__, lambda n: n]
)
def test_agrees_with_the_built_in(fn: Any):
    assert list(Flow.of(0, 1, 2).map(fn)) == list(map(fn, [0, 1, 2]))


def test_fn_is_called_once_for_each_item_asked_for():
    called: list[int] = []

    def note(n: int) -> int:
        called.append(n)
        return n

    for flow in (Flow.range(9), Flow.from_publisher(Handmade(range(9)))):
        called.clear()
        seen = probe(flow.map(note))
        assert called == []
        seen.request(2)
        assert called == [0, 1]
        seen.cancel()
        seen.request(2)
        assert called == [0, 1]


def test_many_maps_in_a_row():
    flow = Flow.range(3)
    for _ in range(100):
        flow = flow.map(lambda n: n + 1)

    assert list(flow) == [100, 101, 102]
    assert probe(flow, 2).items == [100, 101]


def test_an_error_of_upstream_passes():
    lost = KeyError()
    seen = probe(Flow.from_publisher(Handmade([1], lost)).map(str), 5)

    assert seen.items == ["1"]
    assert seen.error is lost
