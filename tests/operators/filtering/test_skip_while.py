"""skip_while: the items from the first that fails a test on."""

from __future__ import annotations

import itertools

from operators import Flow
from tests.operators.kit import Handmade, probe

ITEMS = [1, 2, 9, 1, 8]


def test_agrees_with_itertools():
    for predicate in (lambda n: n < 5, lambda n: True, lambda n: False):
        expected = list(itertools.dropwhile(predicate, ITEMS))
        assert list(Flow.from_iterable(ITEMS).skip_while(predicate)) == expected
        assert list(Flow.from_publisher(Handmade(ITEMS)).skip_while(predicate)) == expected


def test_one_more_is_asked_for_each_that_is_skipped():
    publisher = Handmade()
    seen = probe(Flow.from_publisher(publisher).skip_while(lambda n: n < 5)).request(2)
    publisher.emit(1, 2, 9, 1)

    assert publisher.requests == [2, 1, 1]
    assert seen.items == [9, 1]


def test_the_test_is_made_until_it_fails():
    calls: list[int] = []

    def small(n: int) -> bool:
        calls.append(n)
        return n < 5

    assert list(Flow.from_iterable(ITEMS).skip_while(small)) == [9, 1, 8]
    assert calls == [1, 2, 9]
