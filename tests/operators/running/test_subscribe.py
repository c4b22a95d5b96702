"""subscribe: anybody's Subscriber, which gets on_subscribe first, and then what it asks for."""

from __future__ import annotations

import gc
import threading
import weakref
from typing import Any

import pytest

from operators import Flow
from reactive_streams import UNBOUNDED, Subscriber
from tests.operators.kit import APulled, Handmade, Probe, Pulled, eventually, probe

KINDS = ["fused", "stages", "pushed", "async"]
WORLDS = pytest.mark.parametrize("world", KINDS)


def flow(world: str, pulled: Pulled) -> Flow[Any]:
    return {
        "fused": lambda: Flow.from_iterable(pulled),
        "stages": lambda: Flow.from_iterable(pulled).limit_rate(2),
        "pushed": lambda: Flow.from_publisher(Flow.from_iterable(pulled)),
        "async": lambda: Flow.from_async_iterable(APulled(pulled)),
    }[world]()


@WORLDS
def test_on_subscribe_comes_first_and_nothing_without_demand(world: str):
    pulled = Pulled(range(9))
    seen = probe(flow(world, pulled))

    assert seen.signals == [("on_subscribe", None)]
    assert pulled.pulled == 0
    seen.cancel()


@WORLDS
def test_what_is_asked_for_inside_on_subscribe_comes_after_it_has_returned(world: str):
    log: list[str] = []

    class Eager(Probe):
        def on_subscribe(self, subscription: Any) -> None:
            super().on_subscribe(subscription)
            subscription.request(1)
            subscription.request(1)
            log.append("on_subscribe is over")

        def on_next(self, item: Any) -> None:
            if world != "async":  # which may come at once, from its own thread
                assert log == ["on_subscribe is over"]
            super().on_next(item)

    seen = Eager()
    flow(world, Pulled(range(9))).subscribe(seen)
    seen.until_items(2)
    seen.cancel()

    assert seen.items == [0, 1]
    assert seen.violations == []


@WORLDS
def test_each_subscriber_has_a_run_of_its_own(world: str):
    pulled = Pulled(range(4))
    made = flow(world, pulled).map(str)
    one, two = probe(made, 2).until_items(2), probe(made, 1).until_items(1)
    one.cancel()
    two.request(9).until_end()

    assert (one.items, two.items) == (["0", "1"], ["0", "1", "2", "3"])
    assert not one.ended
    eventually(lambda: (pulled.opened, pulled.closed) == (2, 2), "the close")


@WORLDS
def test_a_cancel_inside_on_subscribe_is_the_end(world: str):
    class Unwilling(Probe):
        def on_subscribe(self, subscription: Any) -> None:
            super().on_subscribe(subscription)
            subscription.request(3)
            subscription.cancel()

    pulled = Pulled(range(9))
    seen = Unwilling()
    flow(world, pulled).subscribe(seen)

    eventually(lambda: pulled.closed == pulled.opened, "the close")
    if world != "async":
        assert seen.signals == [("on_subscribe", None)]
    assert not seen.ended


@WORLDS
def test_the_subscription_may_be_used_after_the_end(world: str):
    seen = probe(flow(world, Pulled([1])), UNBOUNDED).until_end()
    seen.request(1).request(-1).cancel()
    seen.cancel()

    assert seen.signals[1:] == [("on_next", 1), ("on_complete", None)]


@WORLDS
def test_no_subscriber_is_kept_after_a_cancel(world: str):
    class Plain:
        def on_subscribe(self, subscription: Any) -> None:
            keep.append(subscription)
            subscription.request(1)

        def on_next(self, item: Any) -> None:
            got.append(item)

        def on_error(self, error: Exception) -> None: ...

        def on_complete(self) -> None: ...

    keep: list[Any] = []
    got: list[Any] = []
    seen = Plain()
    assert isinstance(seen, Subscriber)
    kept = weakref.ref(seen)
    flow(world, Pulled(range(9))).subscribe(seen)
    eventually(lambda: got == [0], "the item")
    keep.pop().cancel()
    del seen

    def gone() -> bool:
        gc.collect()
        return kept() is None

    eventually(gone, "the Subscriber's end (§3.13)")


def test_a_flow_subscribes_to_another_libraries_publisher_only_then():
    publisher = Handmade(["a"])
    made = Flow.from_publisher(publisher).map(str.upper)
    assert publisher.subscriber is None

    assert probe(made, 5).items == ["A"]


def test_inside_an_on_next_another_flow_may_be_run_to_its_end():
    inner: list[Any] = []

    def run(seen: Probe, item: Any) -> None:
        other = probe(Flow.range(item, item + 2).limit_rate(1), UNBOUNDED)
        assert other.completed
        inner.extend(other.items)

    seen = probe(Flow.of(10, 20).limit_rate(1), UNBOUNDED, then=run)

    assert inner == [10, 11, 20, 21]
    assert seen.completed


def test_two_threads_may_subscribe_at_once():
    made = Flow.range(1000).map(str).limit_rate(7)
    barrier = threading.Barrier(4)
    seen = [Probe(UNBOUNDED) for _ in range(4)]

    def subscribe(one: Probe) -> None:
        barrier.wait(20)
        made.subscribe(one)

    threads = [threading.Thread(target=subscribe, args=(one,)) for one in seen]
    for it in threads:
        it.start()
    for it in threads:
        it.join()

    assert all(one.items == [str(n) for n in range(1000)] and one.completed for one in seen)
    assert [one.violations for one in seen] == [[]] * 4
