"""named: the last operator, by a name of one's own."""

from __future__ import annotations

import pytest

from operators import Flow
from tests.operators.kit import line_of, notes


def test_errors_tell_the_name_and_where_the_operator_was_written():
    flow = Flow.of(0).map(lambda n: 1 // n)  # the operator
    named = flow.named("the division")
    with pytest.raises(ZeroDivisionError) as caught:
        list(named)

    place = line_of("# the operator", __file__)
    assert f"in map 'the division', written at {place}" in notes(caught.value)


def test_the_flow_itself_is_not_changed():
    flow = Flow.of(1).map(str)
    flow.named("other")

    assert repr(flow) == "<Flow of | map>"
    assert repr(flow.named("other")) == "<Flow of | map 'other'>"


def divide(n: int) -> tuple[int, int]:
    return 1 // n, n


def test_a_source_may_be_named():
    with pytest.raises(ZeroDivisionError) as caught:
        list(Flow.generate(0, divide).named("the start"))

    assert "in generate 'the start', written at" in notes(caught.value)


def test_the_last_name_counts():
    assert "map 'b'" in repr(Flow.of(1).map(str).named("a").named("b"))


def test_items_are_the_same():
    assert list(Flow.range(3).named("x").filter(bool).named("y").buffer(2).named("z")) == [[1, 2]]
