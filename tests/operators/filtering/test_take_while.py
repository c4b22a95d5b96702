"""take_while: the items before the first that fails a test."""

from __future__ import annotations

import itertools

from operators import Flow
from tests.operators.kit import Handmade, Pulled, probe

ITEMS = [1, 2, 9, 1]


def test_agrees_with_itertools():
    expected = list(itertools.takewhile(lambda n: n < 5, ITEMS))

    assert list(Flow.from_iterable(ITEMS).take_while(lambda n: n < 5)) == expected
    assert list(Flow.from_publisher(Handmade(ITEMS)).take_while(lambda n: n < 5)) == expected
    assert list(Flow.from_iterable(ITEMS).take_while(lambda n: True)) == ITEMS
    assert list(Flow.from_iterable(ITEMS).take_while(lambda n: False)) == []


def test_completes_at_the_first_that_fails_and_leaves_upstream():
    publisher, pulled = Handmade(ITEMS), Pulled(ITEMS)
    for flow in (Flow.from_publisher(publisher), Flow.from_iterable(pulled)):
        seen = probe(flow.take_while(lambda n: n < 5)).request(2)
        assert not seen.ended
        seen.request(1)
        assert seen.items == [1, 2]
        assert seen.completed
    assert (publisher.cancels, publisher.emitted) == (1, 3)
    assert (pulled.pulled, pulled.closed) == (3, 1)


def test_the_test_is_not_made_again():
    calls: list[int] = []

    def small(n: int) -> bool:
        calls.append(n)
        return n < 5

    assert list(Flow.from_iterable(ITEMS).take_while(small)) == [1, 2]
    assert calls == [1, 2, 9]
