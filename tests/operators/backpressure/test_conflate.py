"""conflate: items made into one while they wait."""

from __future__ import annotations

import threading
from typing import Any

from operators import Flow
from reactive_streams import UNBOUNDED
from tests.operators.kit import Handmade, notes, probe
from tests.operators.ways import everywhere


def add(a: int, b: int) -> int:
    return a + b


def test_nothing_is_lost_everywhere():
    for where, got, error in everywhere(lambda f: f.conflate(add).sum(), range(9)):
        assert (got, error) == ([36], None), where
    gathered = lambda f: f.conflate(lambda so_far, n: [*so_far, n], lambda n: [n])  # noqa: E731
    for where, got, error in everywhere(gathered, range(9)):
        assert ([n for each in got for n in each], error) == (list(range(9)), None), where


def test_one_for_each_while_there_is_demand_and_one_of_all_while_there_is_not():
    publisher = Handmade()
    seen = probe(Flow.from_publisher(publisher).conflate(add)).request(2)
    assert publisher.requests == [UNBOUNDED]
    publisher.emit(1, 2)
    assert seen.items == [1, 2]
    publisher.emit(3, 4, 5)
    assert seen.items == [1, 2]
    seen.request(1)
    assert seen.items == [1, 2, 12]
    publisher.emit(6)
    publisher.complete()
    assert not seen.ended
    seen.request(1)
    assert seen.signals[-2:] == [("on_next", 6), ("on_complete", None)]


def test_a_seed():
    publisher = Handmade()
    flow = Flow.from_publisher(publisher).conflate(lambda so_far, n: [*so_far, n], lambda n: [n])
    seen = probe(flow)
    publisher.emit(1, 2)
    seen.request(2)
    publisher.emit(3)
    assert seen.items == [[1, 2], [3]]


def test_a_function_that_fails_discards_what_is_held():
    publisher, left = Handmade(), list[Any]()
    seen = probe(
        Flow.from_publisher(publisher).conflate(lambda a, b: a // b).on_discard(left.append)
    )
    publisher.emit(3, 0)
    assert isinstance(seen.error, ZeroDivisionError)
    assert "item: 0" in notes(seen.error)
    assert (left, publisher.cancels) == ([3], 1)


def test_what_is_held_is_discarded_at_a_cancel():
    publisher, left = Handmade(), list[Any]()
    seen = probe(Flow.from_publisher(publisher).conflate(add).on_discard(left.append))
    publisher.emit(1, 2)
    seen.cancel()
    assert left == [3]


def test_while_a_consumer_on_another_thread_is_slow():
    publisher = Handmade()
    inside, go_on = threading.Event(), threading.Event()

    def slowly(_: Any, item: int) -> None:
        if item == 1:
            inside.set()
            go_on.wait(20)

    seen = probe(Flow.from_publisher(publisher).conflate(add), then=slowly)
    publisher.emit(1)
    consuming = threading.Thread(target=seen.request, args=(UNBOUNDED,))
    consuming.start()
    assert inside.wait(20)
    publisher.emit(*range(2, 1000))
    go_on.set()
    consuming.join()
    assert seen.items == [1, sum(range(2, 1000))]
