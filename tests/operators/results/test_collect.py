"""collect: all items in whatever takes them."""

from __future__ import annotations

from collections import Counter, deque
from typing import Any

from operators import Flow
from tests.operators.kit import Handmade, notes, probe
from tests.operators.ways import fails, gives


def count(seen: Counter[str], word: str) -> None:
    seen[word] += 1


def test_all_items_everywhere():
    gives(lambda f: f.collect(list, list.append), range(3), [[0, 1, 2]])
    gives(lambda f: f.collect(deque, deque.append), [], [deque()])
    gives(lambda f: f.collect(Counter, count), "abca", [Counter("abca")])


def test_each_run_has_one_of_its_own():
    flow: Flow[list[int]] = Flow.range(2).collect(list, list.append)
    first, second = flow.run(), flow.run()
    assert first == second == [0, 1]
    assert first is not second


def test_a_function_that_fails():
    for items in ([], [1]):
        error = fails(lambda f: f.collect(lambda: 1 // 0, list.append), items, ZeroDivisionError)
        assert "in collect, written at" in notes(error)
    error = fails(lambda f: f.collect(set, set.add), [[]], TypeError)
    assert "item: []" in notes(error)


def test_what_was_made_is_discarded_at_a_cancel():
    publisher = Handmade()
    left: list[Any] = []
    flow = Flow.from_publisher(publisher).collect(list, list.append).on_discard(left.append)
    seen = probe(flow, 1)
    publisher.emit(1, 2)
    seen.cancel()
    assert left == [[1, 2]]
