"""defer: a flow made anew for each Subscriber."""

from __future__ import annotations

from typing import Any

import pytest

from operators import Flow
from tests.operators.kit import Handmade, line_of, notes, probe


def test_the_factory_is_called_once_for_each_subscriber():
    made: list[int] = []

    def make() -> Flow[int]:
        made.append(1)
        return Flow.from_iterable(iter([len(made)]))

    flow = Flow.defer(make)
    assert made == []
    assert list(flow) == [1]
    assert list(flow.map(str)) == ["2"]
    assert probe(flow, 1).items == [3]


def test_what_the_factory_raises_goes_to_the_subscriber():
    def make() -> Any:
        raise OSError("no luck")

    flow = Flow.defer(make)  # the place
    seen = probe(flow)

    assert isinstance(seen.error, OSError)
    assert f"in defer, written at {line_of('# the place', __file__)}" in notes(seen.error)
    with pytest.raises(OSError, match="no luck"):
        list(flow)


def test_no_flow_is_an_error():
    seen = probe(Flow.defer(lambda: 5))  # type: ignore[arg-type, return-value]

    assert isinstance(seen.error, TypeError)
    assert "defer: factory must give a Flow or a Publisher, got 5 (int)" in str(seen.error)


def test_a_foreign_publisher_will_do():
    assert list(Flow.defer(lambda: Handmade([1, 2]))) == [1, 2]


def test_one_inside_another():
    flow = Flow.defer(lambda: Flow.defer(lambda: Flow.of(1).map(str)).map(len))

    assert list(flow) == [1]
    assert list(flow) == [1]


def test_a_flow_may_defer_to_a_longer_one_of_itself():
    depth = iter(range(200))

    def make() -> Flow[int]:
        n = next(depth, None)
        return Flow.of(0) if n is None else Flow.defer(make).map(lambda it: it + 1)

    assert list(Flow.defer(make)) == [200]
