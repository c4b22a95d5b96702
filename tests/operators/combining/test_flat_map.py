"""flat_map: the items of the flows made of each item, several at a time."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from operators import Flow
from operators._kernel.links.inbox import Inner
from operators.schedulers import thread
from reactive_streams import UNBOUNDED
from tests.operators.kit import APulled, Handmade, Pulled, collector_off, eventually, probe

INNER = {
    "fused": lambda n: Flow.of(n, n, n),
    "stages": lambda n: Flow.of(n, n, n).limit_rate(2),
    "foreign": lambda n: Handmade([n, n, n]),
    "hop": lambda n: Flow.of(n, n, n).publish_on(thread(), prefetch=2),
    "async": lambda n: Flow.from_async_iterable(APulled([n, n, n])),
}


@pytest.mark.parametrize("fn", INNER.values(), ids=INNER)
@pytest.mark.parametrize("concurrency", [1, 3, UNBOUNDED])
def test_all_items_of_all(fn: Any, concurrency: int):
    expected = sorted(list(range(9)) * 3)
    flow = Flow.range(9).flat_map(fn, concurrency=concurrency, prefetch=2)
    assert sorted(flow) == expected
    seen = probe(flow, UNBOUNDED).until_end()
    assert sorted(seen.items) == expected
    assert seen.violations == []


def test_so_many_are_open_at_a_time():
    publisher = Handmade()
    inners: list[Handmade] = []

    def make(n: int) -> Handmade:
        inners.append(Handmade())
        return inners[-1]

    flow = Flow.from_publisher(publisher).flat_map(make, concurrency=2, prefetch=4)
    seen = probe(flow)
    assert publisher.requests == [2]
    publisher.emit("a", "b")
    assert [it.requests for it in inners] == [[4], [4]]
    inners[0].complete()
    assert publisher.requests == [2, 1]
    publisher.emit("c")
    inners[1].emit(1, 2, 3, 4)
    assert seen.items == []
    seen.request(3)
    assert seen.items == [1, 2, 3]
    assert inners[1].requests == [4, 3]
    seen.cancel()
    assert (publisher.cancels, [it.cancels for it in inners]) == (1, [0, 1, 1])


def test_a_synchronous_inner_flow_is_not_pulled_ahead():
    pulled: list[Pulled] = []

    def make(n: int) -> Flow[int]:
        pulled.append(Pulled(range(n, n + 9)))
        return Flow.from_iterable(pulled[-1])

    seen = probe(Flow.of(0, 10, 20).flat_map(make, concurrency=2)).request(4)
    assert sum(it.pulled for it in pulled) == 4
    seen.cancel()
    assert [it.opened - it.closed for it in pulled] == [0] * len(pulled)


def test_none_starves_another():
    flow = Flow.of(0, 1).flat_map(lambda n: Flow.from_iterable(iter(lambda: n, 2)), prefetch=3)
    seen = probe(flow).request(30)
    seen.cancel()

    assert seen.items.count(0) == seen.items.count(1) == 15


def test_an_inner_error_cancels_the_others_and_discards_what_they_held():
    lost = KeyError()
    publisher = Handmade()
    inners: dict[str, Handmade] = {"a": Handmade(), "b": Handmade()}
    left: list[int] = []
    flow = Flow.from_publisher(publisher).flat_map(inners.__getitem__).on_discard(left.append)
    seen = probe(flow, 1)
    publisher.emit("a", "b")
    inners["a"].emit(1, 2)
    inners["b"].emit(3)
    inners["b"].fail(lost)

    assert seen.items == [1]
    assert seen.error is lost
    assert (publisher.cancels, inners["a"].cancels) == (1, 1)
    assert sorted(left) == [2, 3]


def test_an_outer_error_does_the_same():
    lost = KeyError()
    publisher, inner = Handmade(), Handmade()
    left: list[int] = []
    flow = Flow.from_publisher(publisher).flat_map(lambda n: inner).on_discard(left.append)
    seen = probe(flow, 1)
    publisher.emit("a")
    inner.emit(1, 2)
    publisher.fail(lost)

    assert seen.error is lost
    assert (inner.cancels, left) == (1, [2])


@pytest.mark.parametrize("end", ["cancel", "bad request"])
def test_what_is_held_is_discarded_once(end: str):
    publisher, inner = Handmade(), Handmade()
    left: list[Any] = []
    flow = Flow.from_publisher(publisher).flat_map(lambda n: inner).on_discard(left.append)
    seen = probe(flow, 1)
    publisher.emit("a")
    inner.emit(1, 2, 3)
    if end == "cancel":
        seen.cancel()
        seen.cancel()
    else:
        seen.request(0).request(0)
    assert left == [2, 3]
    inner.emit(4)
    publisher.emit("late")
    assert left == [2, 3, 4, "late"]


def test_an_inner_generator_is_closed_as_soon_as_its_flow_is_over():
    pulled = Pulled(range(9))
    with collector_off():
        seen = probe(Flow.of(1, 2).flat_map(lambda n: Flow.from_iterable(pulled).take(1)), 2)
        assert seen.completed
        assert (pulled.opened, pulled.closed) == (2, 2)


def test_an_inner_cleanup_that_raises_goes_to_the_hook(dropped: Any):
    def numbers() -> Any:
        try:
            yield 1
            yield 2
        finally:
            raise OSError("cleanup")

    seen = probe(Flow.of(1).flat_map(lambda n: Flow.from_iterable(numbers()).take(1)), 9)
    assert seen.items == [1]
    assert seen.completed
    dropped.take(OSError)

    seen = probe(Flow.of(1).flat_map(lambda n: Flow.from_iterable(numbers())), 1)
    seen.cancel()
    dropped.take(OSError)
    assert not seen.ended


@pytest.mark.parametrize("made", [5, None, "text"])
def test_what_is_no_flow_is_an_error(made: Any):
    publisher = Handmade(range(1, 100))
    seen = probe(Flow.from_publisher(publisher).flat_map(lambda n: made), 1)

    assert isinstance(seen.error, TypeError)
    assert f"flat_map: fn must give a Flow or a Publisher, got {made!r}" in str(seen.error)
    assert publisher.cancels == 1


def test_inner_flows_of_several_threads_are_one_stream():
    def make(n: int) -> Flow[int]:
        return Flow.range(n * 100, n * 100 + 100).subscribe_on(thread())

    seen = probe(Flow.range(4).flat_map(make, prefetch=8), 1, each=1).until_end()
    assert sorted(seen.items) == list(range(400))
    assert seen.violations == []


def test_a_ledger_with_a_cancel_in_the_middle():
    made: list[int] = []
    left: list[int] = []
    lock = threading.Lock()

    def note(n: int) -> int:
        with lock:
            made.append(n)
        return n

    def make(n: int) -> Flow[int]:
        return Flow.range(n * 50, n * 50 + 50).map(note).publish_on(thread(), prefetch=4)

    flow = Flow.range(4).flat_map(make, prefetch=8).on_discard(left.append)
    seen = probe(flow, 40)
    seen.until_items(40).cancel()
    eventually(lambda: len(made) == len(seen.items) + len(left))
    assert sorted(made) == sorted([*seen.items, *left])


def test_a_loop_that_is_left_closes_all_inner_flows():
    pulled = [APulled(range(9)) for _ in range(3)]
    for _ in Flow.range(3).flat_map(lambda n: Flow.from_async_iterable(pulled[n])):
        break
    eventually(lambda: all(it.closed == it.opened for it in pulled))


def test_flows_that_have_nothing_are_not_looked_at_for_each_item(monkeypatch: pytest.MonkeyPatch):
    looked: list[Any] = []
    deliver = Inner.deliver

    def counted(inner: Inner, most: int, emit: Any) -> int:
        looked.append(inner)
        return deliver(inner, most, emit)

    monkeypatch.setattr(Inner, "deliver", counted)
    inners = [Handmade() for _ in range(50)]
    flow = Flow.range(50).flat_map(lambda n: Flow.from_publisher(inners[n]), concurrency=50)
    seen = probe(flow, UNBOUNDED)
    looked.clear()
    for n in range(100):
        inners[n % 2].emit(n)

    assert seen.items == list(range(100))
    assert len(looked) <= 300  # with its end, and once in vain, it is some two looks an item
    for inner in inners:
        inner.complete()
    assert seen.completed


def test_functions_of_inner_flows_on_threads_run_side_by_side():
    both = threading.Barrier(2)

    def meet(n: int) -> int:
        both.wait(30)  # which one alone would wait for in vain
        return n

    flow = Flow.of(1, 2).flat_map(lambda n: Flow.of(n).subscribe_on(thread()).map(meet))
    seen = probe(flow, UNBOUNDED).until_end()
    assert sorted(seen.items) == [1, 2]
    assert seen.error is None


def test_what_comes_out_of_a_hop_of_an_inner_flow_is_given_on_that_thread():
    inner = Handmade()
    where: list[str] = []
    flow = Flow.of(0).flat_map(lambda _: Flow.from_publisher(inner).publish_on(thread("hop")))
    seen = probe(flow.tap(lambda _: where.append(threading.current_thread().name)), UNBOUNDED)
    inner.emit(1)
    inner.complete()
    assert seen.until_end().items == [1]
    assert [name.startswith("hop") for name in where] == [True]


@pytest.mark.parametrize("asked", [1, 3])
def test_an_error_of_one_inner_flow_overtakes_a_turn_of_another_and_takes_no_demand(asked: int):
    failing = Handmade()
    flows = [Flow.range(100), Flow.from_publisher(failing)]
    seen = probe(Flow.of(0, 1).flat_map(lambda n: flows[n]), asked)
    assert seen.items == list(range(asked))
    failing.fail(ZeroDivisionError())
    assert seen.items == list(range(asked))
    assert isinstance(seen.error, ZeroDivisionError)


def test_inner_flows_are_opened_before_anything_is_asked_for():
    inner = [Handmade(), Handmade()]
    seen = probe(Flow.of(0, 1).flat_map(lambda n: Flow.from_publisher(inner[n]), prefetch=4))
    assert [each.requests for each in inner] == [[4], [4]]
    inner[1].emit(7)
    assert seen.items == []
    seen.request(1)
    assert seen.items == [7]
    seen.cancel()
    assert [each.cancels for each in inner] == [1, 1]
