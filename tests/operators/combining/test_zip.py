"""zip: tuples of one item of each flow."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest

from operators import Flow
from operators.schedulers import thread
from reactive_streams import UNBOUNDED
from tests.operators.kit import Handmade, Pulled, eventually, probe


@pytest.mark.parametrize("sizes", [(3,), (3, 3), (0, 3), (3, 0), (2, 5, 4), (1, 2, 3, 4, 5)])
@pytest.mark.parametrize("prefetch", [1, 2, 32, UNBOUNDED])
def test_agrees_with_the_built_in(sizes: tuple[int, ...], prefetch: int):
    first, *others = [range(n) for n in sizes]
    expected = list(zip(first, *others, strict=False))

    fused = Flow.from_iterable(first).zip(*map(Flow.from_iterable, others), prefetch=prefetch)
    assert list(fused) == expected
    pushed = Flow.from_publisher(Handmade(first)).zip(*map(Handmade, others), prefetch=prefetch)
    assert list(pushed) == expected


def test_each_flow_is_asked_for_its_prefetch():
    first, second = Handmade(), Handmade()
    seen = probe(Flow.from_publisher(first).zip(second, prefetch=4))
    assert (first.requests, second.requests) == ([4], [4])

    first.emit(1, 2, 3, 4)
    seen.request(9)
    assert seen.items == []
    second.emit("a", "b", "c")
    assert seen.items == [(1, "a"), (2, "b"), (3, "c")]
    assert (first.requests, second.requests) == ([4, 3], [4, 3])
    seen.cancel()
    assert (first.cancels, second.cancels) == (1, 1)


def test_completes_as_soon_as_no_further_tuple_can_be_made():
    first, second = Handmade(), Handmade()
    left: list[Any] = []
    seen = probe(Flow.from_publisher(first).zip(second).on_discard(left.append), 2)
    first.emit(1, 2)
    second.emit("a")
    second.complete()

    assert seen.signals[1:] == [("on_next", (1, "a")), ("on_complete", None)]
    assert (first.cancels, left) == (1, [2])


def test_completes_with_the_last_tuple_where_that_is_known():
    first, second = Handmade(["x", "y"]), Handmade(["a"])
    seen = probe(Flow.from_publisher(first).zip(second), 1)

    assert seen.items == [("x", "a")]
    assert seen.completed


def test_an_end_with_items_left_waits_for_the_demand():
    first, second = Handmade(), Handmade()
    seen = probe(Flow.from_publisher(first).zip(second))
    first.emit(1)
    first.complete()
    second.emit("a")
    assert not seen.ended
    seen.request(1)
    assert seen.items == [(1, "a")]
    assert seen.completed


def test_one_error_ends_all_at_once():
    lost = KeyError()
    first, second = Handmade(), Handmade()
    left: list[Any] = []
    seen = probe(Flow.from_publisher(first).zip(second).on_discard(left.append), 1)
    first.emit(1, 2)
    second.emit("a")
    second.fail(lost)

    assert seen.items == [(1, "a")]
    assert seen.error is lost
    assert (first.cancels, left) == (1, [2])


@pytest.mark.parametrize("end", ["cancel", "bad request"])
def test_what_is_held_is_discarded_once(end: str):
    first, second = Handmade(), Handmade()
    left: list[Any] = []
    seen = probe(Flow.from_publisher(first).zip(second).on_discard(left.append))
    first.emit(1, 2)
    second.emit("a")
    seen.cancel() if end == "cancel" else seen.request(True)
    seen.cancel()

    assert sorted(map(str, left)) == ["1", "2", "a"]
    first.emit(3)
    assert left[-1] == 3


def test_generators_are_closed_at_the_end_of_the_shorter():
    long, short = Pulled(range(99)), Pulled(range(2))
    flow = Flow.from_iterable(long).zip(Flow.from_iterable(short), prefetch=3)

    assert list(flow) == [(0, 0), (1, 1)]
    assert (long.closed, short.closed) == (1, 1)


def test_flows_of_other_threads():
    flow = Flow.range(500).publish_on(thread(), prefetch=8)
    seen = probe(flow.zip(flow.map(str), prefetch=4), 1, each=1).until_end()

    assert seen.items == [(n, str(n)) for n in range(500)]
    assert seen.violations == []


def test_a_flow_with_itself_is_two_subscriptions():
    pulled = Pulled(range(3))
    flow = Flow.from_iterable(pulled)

    assert list(flow.zip(flow)) == [(0, 0), (1, 1), (2, 2)]
    assert pulled.opened == 2


def test_a_cancel_while_it_subscribes_leaves_nothing():
    first, second = Handmade(), Handmade()

    class Fleeting:
        def on_subscribe(self, subscription: Any) -> None:
            subscription.cancel()

        def on_next(self, item: Any) -> None: ...
        def on_error(self, error: Exception) -> None: ...
        def on_complete(self) -> None: ...

    Flow.from_publisher(first).zip(second).subscribe(Fleeting())
    assert first.cancels == 1
    eventually(lambda: second.subscriber is None or second.cancels == 1)


class Item:
    """What can be referred to weakly."""


@pytest.mark.parametrize("end", ["complete", "cancel", "error"])
def test_no_tuple_is_kept_when_it_is_over(end: str):
    one, two = Handmade(), Handmade()
    items: list[Any] = [Item(), Item(), Item(), Item()]
    kept = [weakref.ref(item) for item in items]
    seen = probe(Flow.from_publisher(one).zip(two), UNBOUNDED)
    one.emit(*items[:2])
    two.emit(*items[2:])
    assert seen.items == [(items[0], items[2]), (items[1], items[3])]
    if end == "cancel":
        seen.cancel()
    elif end == "error":
        one.fail(KeyError())
    else:
        one.complete()
    seen.signals.clear()
    items.clear()
    gc.collect()
    assert [item() for item in kept] == [None] * 4


@pytest.mark.parametrize("second", [range(10), list(range(10)), tuple(range(10))], ids=type)
def test_a_list_that_grows_meanwhile_is_zipped_as_it_is(second: Any):
    grown = [0, 1]
    made: list[tuple[int, int]] = []
    for pair in Flow.from_iterable(grown).zip(Flow.from_iterable(second)):
        made.append(pair)
        if len(made) < 3:
            grown.append(7)
    assert made == [(0, 0), (1, 1), (7, 2), (7, 3)]


@pytest.mark.parametrize(
    "kind", [iter, lambda items: iter(list(items)), lambda items: iter(tuple(items))]
)
def test_nobodys_iterator_is_pulled_once_more(kind: Any):
    numbers = kind(range(9))
    assert list(Flow.from_iterable(numbers).zip(Flow.of(1, 2))) == [(0, 1), (1, 2)]
    assert next(numbers) == 2
