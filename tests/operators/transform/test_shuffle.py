"""shuffle: the items in an order drawn at random, from as many as a buffer holds."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from operators import Flow
from tests.operators.kit import Handmade, eventually, probe
from tests.operators.ways import fails, gives


def shuffled(items: list[Any], size: int, seed: int) -> list[Any]:
    """Return what comes out, written down in the plainest way."""
    pick = Random(seed).random
    held, out = items[:size], list[Any]()
    for item in items[size:]:
        slot = int(pick() * size)
        out.append(held[slot])
        held[slot] = item
    while held:
        slot = int(pick() * len(held))
        out.append(held[slot])
        held[slot] = held[-1]
        held.pop()
    return out


@pytest.mark.parametrize("size", [1, 2, 7, 30, 100])
def test_the_order_is_that_of_the_seed_everywhere(size: int) -> None:
    gives(lambda f: f.shuffle(size, seed=5), range(30), shuffled(list(range(30)), size, 5))


def test_without_a_seed_each_run_has_another_order() -> None:
    flow = Flow.range(200).shuffle(50)
    assert len({tuple(flow) for _ in range(5)}) > 1
    assert sorted(flow) == list(range(200))


def test_none_comes_more_than_the_buffer_too_early() -> None:
    items = list(Flow.range(2_000).shuffle(20, seed=1))
    assert all(item <= place + 20 for place, item in enumerate(items))
    assert items != list(range(2_000))


def test_a_buffer_of_one_changes_nothing() -> None:
    assert list(Flow.range(9).shuffle(1, seed=3)) == list(range(9))


def test_the_first_request_asks_for_what_fills_the_buffer_as_well() -> None:
    publisher = Handmade()
    seen = probe(Flow.from_publisher(publisher).shuffle(3, seed=1)).request(2).request(1)
    assert publisher.requests == [5, 1]
    publisher.emit(*range(3))
    assert not seen.items
    publisher.emit(3)
    assert len(seen.items) == 1


def test_what_is_left_at_the_end_waits_for_demand() -> None:
    publisher = Handmade()
    seen = probe(Flow.from_publisher(publisher).shuffle(5, seed=1), 1)
    publisher.emit(1, 2, 3)
    publisher.complete()
    assert len(seen.items) == 1
    assert not seen.ended
    seen.request(5)
    assert sorted(seen.items) == [1, 2, 3]
    assert seen.ended


def test_what_is_held_is_discarded_when_it_ends_early() -> None:
    left: list[int] = []
    fails(
        lambda f: f.shuffle(3, seed=1).on_discard(left.append),
        range(4), KeyError, shuffled(list(range(9)), 3, 1)[:1], KeyError(),
    )  # fmt: skip
    eventually(lambda: len(left) == 75)
    assert {*left} | {*shuffled(list(range(9)), 3, 1)[:1]} == {0, 1, 2, 3}


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"buffer": 0}, ValueError, "shuffle: buffer must be at least 1"),
        ({"buffer": 2.5}, TypeError, "shuffle: buffer must be an int"),
        ({"seed": "1"}, TypeError, "shuffle: seed must be an int or None"),
        ({"seed": True}, TypeError, "shuffle: seed must be an int or None"),
    ],
)
def test_wrong_arguments(arguments: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Flow.range(3).shuffle(**arguments)
