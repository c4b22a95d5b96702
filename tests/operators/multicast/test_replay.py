"""replay: who comes later has the last items first."""

from __future__ import annotations

import pytest

from operators import Flow
from operators.testing import VirtualClock
from reactive_streams import UNBOUNDED
from tests.operators.kit import Handmade, probe


@pytest.mark.parametrize(("n", "last"), [(1, [4]), (3, [2, 3, 4]), (UNBOUNDED, [0, 1, 2, 3, 4])])
def test_the_last_n_come_first(n: int, last: list[int]):
    upstream = Handmade()
    shared = Flow.from_publisher(upstream).replay(n).auto_connect()
    first = probe(shared, 99)
    for item in range(5):
        upstream.emit(item)
    later = probe(shared, 99)
    upstream.emit(5)
    upstream.complete()

    assert first.items == [0, 1, 2, 3, 4, 5]
    assert later.items == [*last, 5]
    assert probe(shared, 99).items == ([*last, 5])[-n if n < UNBOUNDED else 0 :]


def test_none_is_older_than_it_may_be():
    clock, upstream = VirtualClock(), Handmade()
    shared = Flow.from_publisher(upstream).replay(9, age=10.0, scheduler=clock).auto_connect()
    first = probe(shared, 99)
    for item in range(5):
        upstream.emit(item)
        clock.advance(4.0)

    assert first.items == [0, 1, 2, 3, 4]
    assert probe(shared, 99).items == [3, 4]


def test_history_comes_on_demand():
    shared = Flow.range(5).replay(3).auto_connect()
    list(shared)
    seen = probe(shared, 1)
    assert (seen.items, seen.ended) == ([2], False)
    seen.request(2)
    assert (seen.items, seen.completed) == ([2, 3, 4], True)


def test_an_error_comes_after_the_history():
    upstream = Handmade()
    shared = Flow.from_publisher(upstream).replay(2).auto_connect()
    probe(shared, 99)
    for item in range(3):
        upstream.emit(item)
    upstream.fail(KeyError())
    later = probe(shared, 99)

    assert (later.items, type(later.error)) == ([1, 2], KeyError)
