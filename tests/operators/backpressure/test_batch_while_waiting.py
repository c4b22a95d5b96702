"""batch_while_waiting: lists of what has come since the last one."""

from __future__ import annotations

from typing import Any

from operators import Flow
from reactive_streams import UNBOUNDED
from tests.operators.kit import Handmade, probe
from tests.operators.ways import everywhere


def test_nothing_is_lost_everywhere():
    for size in (1, 3, 9):
        for where, got, error in everywhere(
            lambda f, size=size: f.batch_while_waiting(size), range(8)
        ):
            assert ([n for made in got for n in made], error) == (list(range(8)), None), where
            assert all(1 <= len(made) <= size for made in got), where
    lost = KeyError()
    for where, got, error in everywhere(lambda f: f.batch_while_waiting(3), range(8), lost):
        assert ([n for made in got for n in made], error) == (list(range(8)), lost), where


def test_what_waits_is_one_list():
    publisher = Handmade()
    seen = probe(Flow.from_publisher(publisher).batch_while_waiting(4)).request(1)
    assert publisher.requests == [4]
    publisher.emit(0)
    assert (seen.items, publisher.requests) == ([[0]], [4, 1])
    publisher.emit(1, 2, 3, 4)
    assert (seen.items, publisher.requests) == ([[0]], [4, 1])
    seen.request(2)
    assert (seen.items, publisher.requests) == ([[0], [1, 2, 3, 4]], [4, 1, 4])
    publisher.emit(5)
    assert seen.items[2:] == [[5]]


def test_what_waits_is_discarded_at_a_cancel():
    publisher, left = Handmade(), list[Any]()
    seen = probe(Flow.from_publisher(publisher).batch_while_waiting(4).on_discard(left.append))
    publisher.emit(1, 2)
    seen.cancel()
    assert left == [1, 2]


def test_unbounded():
    seen = probe(Flow.range(5).batch_while_waiting(UNBOUNDED)).request(1)
    assert seen.items == [[0, 1, 2, 3, 4]] or seen.request(1).items == [[0], [1, 2, 3, 4]]
