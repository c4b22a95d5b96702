"""Meters: the numbers of each link, what is in flight, and who is waited for; nothing else changes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from operators import Flow
from operators.schedulers import thread
from operators.watching import Node, watching
from operators.watching.meters import Meters, Reading
from reactive_streams import UNBOUNDED

DEADLINE = 20.0


class Consumer:
    """A Subscriber that asks when the test says so."""

    def __init__(self) -> None:
        self.items: list[Any] = []
        self.over = threading.Event()
        self.subscription: Any = None

    def on_subscribe(self, subscription: Any) -> None:
        self.subscription = subscription

    def on_next(self, item: Any) -> None:
        self.items.append(item)

    def on_error(self, error: Exception) -> None:
        self.over.set()

    def on_complete(self) -> None:
        self.over.set()


def metered(flow: Flow[Any], run: Callable[[Flow[Any]], Any] = list) -> Reading:
    meters = Meters(flow)
    with watching(meters):
        run(flow)
    return meters.read()


def counts(reading: Reading) -> dict[str, tuple[int, int]]:
    return {stage.title: (stage.requested, stage.emitted) for stage in reading.stages}


def test_each_link_is_counted_exactly():
    flow = Flow.range(100).filter(lambda n: n % 2).map(str).skip(2).take(3)
    consumer = Consumer()
    meters = Meters(flow)
    with watching(meters):
        flow.subscribe(consumer)
    assert counts(meters.read())["range"] == (0, 0)
    assert {stage.state for stage in meters.read().stages} == {"waits for demand"}
    consumer.subscription.request(1)
    assert counts(meters.read()) == {
        "range": (6, 6),  # three even ones were rejected, two odd ones skipped
        "filter": (3, 3),
        "map": (3, 3),
        "skip": (1, 1),
        "take": (1, 1),
    }
    consumer.subscription.request(5)
    assert counts(meters.read()) == {
        "range": (10, 10),
        "filter": (5, 5),
        "map": (5, 5),
        "skip": (3, 3),
        "take": (6, 3),  # asked for more than it may pass on
    }
    assert consumer.items == ["5", "7", "9"]
    assert [stage.state for stage in meters.read().stages] == ["cancelled"] * 4 + ["completed"]
    assert meters.read().most_in_flight == 1


def test_demand_without_bound_is_shown_as_such():
    reading = metered(Flow.range(5).map(str), lambda flow: flow.for_each(str).result())
    assert counts(reading) == {"range": (UNBOUNDED, 5), "map": (UNBOUNDED, 5)}


def test_a_request_that_is_refused_is_not_counted():
    flow = Flow.range(5)
    consumer = Consumer()
    meters = Meters(flow)
    with watching(meters):
        flow.subscribe(consumer)
    consumer.subscription.request(0)
    (stage,) = meters.read().stages
    assert (stage.requested, stage.state) == (0, "failed")


def test_what_waits_is_buffered_and_what_is_called_is_in_flight():
    begun = threading.Semaphore(0)
    go_on = threading.Semaphore(0)

    def call(n: int) -> int:
        begun.release()
        assert go_on.acquire(timeout=DEADLINE)
        return n

    flow = Flow.range(10).map_async(call, concurrency=3)
    meters = Meters(flow)
    consumer = Consumer()
    with watching(meters):
        flow.subscribe(consumer)
    for _ in range(3):
        assert begun.acquire(timeout=DEADLINE)
    source, calls = meters.read().stages
    assert (source.requested, source.emitted, source.state) == (3, 3, "waits for demand")
    assert (calls.in_flight, calls.buffered, calls.holds) == (3, 0, 3)
    assert calls.state == "works"
    # The results wait, for nobody has asked for any.
    go_on.release(3)
    while meters.read().stages[1].buffered < 3:
        assert meters.read().in_flight == 3
    source, calls = meters.read().stages
    assert (calls.requested, calls.emitted, calls.in_flight) == (0, 0, 0)
    assert (calls.state, calls.waits_for) == ("waits for demand", "consumer")
    assert meters.read().waited_for == "consumer"
    go_on.release(100)
    consumer.subscription.request(UNBOUNDED)
    assert consumer.over.wait(DEADLINE)
    reading = meters.read()
    assert counts(reading)["map_async"] == (UNBOUNDED, 10)
    # One more is asked for with each result, unless the end has come by then.
    assert 10 <= counts(reading)["range"][0] <= 13
    assert reading.in_flight == 0
    assert reading.most_in_flight == reading.stages[1].most_held == 3


def test_the_slow_sink_is_waited_for_and_the_source_is_held_back():
    inside = threading.Semaphore(0)
    go_on = threading.Semaphore(0)

    def slowly(text: str) -> None:
        inside.release()
        assert go_on.acquire(timeout=DEADLINE)

    flow = (
        Flow.range(100)
        .publish_on(thread(), prefetch=4)
        .named("queue")
        .map(str)
        .tap(slowly)
        .named("sink")
    )
    meters = Meters(flow)
    with watching(meters):
        handle = flow.for_each(str)
    assert inside.acquire(timeout=DEADLINE)
    source, queue, text, sink = meters.read().stages
    assert (source.requested, source.emitted, source.state) == (4, 4, "waits for demand")
    assert (source.waits_for, source.in_flight) == ("queue", 0)
    assert (queue.emitted, queue.buffered, queue.state, queue.waits_for) == (
        1,
        3,
        "delivers",
        "map",
    )
    assert (text.state, text.waits_for) == ("delivers", "sink")
    assert (sink.emitted, sink.in_flight, sink.state) == (0, 1, "works")
    assert meters.read().waited_for == "sink"
    assert meters.read().in_flight == 4
    go_on.release(1000)
    handle.result(DEADLINE)
    reading = meters.read()
    assert {emitted for _, emitted in counts(reading).values()} == {100}
    assert reading.most_in_flight <= flow.describe().in_flight
    assert reading.waited_for == ""


def test_a_slow_source_is_waited_for():
    inside = threading.Event()
    go_on = threading.Event()

    def source():
        inside.set()
        assert go_on.wait(DEADLINE)
        yield 1

    flow = Flow.from_iterable(source()).named("slow").map(str).filter(bool)
    meters = Meters(flow)

    def read_meanwhile() -> None:
        assert inside.wait(DEADLINE)
        readings.append(meters.read())
        go_on.set()

    readings: list[Reading] = []
    reader = threading.Thread(target=read_meanwhile)
    reader.start()
    with watching(meters):
        assert list(flow) == ["1"]
    reader.join()
    assert readings[0].waited_for == "slow"
    assert [(s.state, s.waits_for) for s in readings[0].stages] == [
        ("works", ""),
        ("waits for items", "slow"),
        ("waits for items", "map"),
    ]


def test_of_two_flows_the_one_that_has_given_less_is_waited_for():
    flow = Flow.range(5).named("ready").zip(Flow.never().named("late"), prefetch=2)
    consumer = Consumer()
    meters = Meters(flow)
    with watching(meters):
        flow.subscribe(consumer)
    consumer.subscription.request(1)
    reading = meters.read()
    assert reading.waited_for == "late"
    joined = next(stage for stage in reading.stages if stage.title == "zip")
    assert (joined.buffered, joined.holds, joined.waits_for) == (2, 4, "late")
    consumer.subscription.cancel()
    assert meters.read().in_flight == 0


def test_gathered_items_are_in_flight():
    flow = Flow.range(7).buffer(4)
    consumer = Consumer()
    meters = Meters(flow)
    with watching(meters):
        flow.subscribe(consumer)
    consumer.subscription.request(2)
    reading = meters.read()
    assert consumer.items == [[0, 1, 2, 3], [4, 5, 6]]
    assert counts(reading) == {"range": (8, 7), "buffer": (2, 2)}
    assert reading.most_in_flight == 4


def test_dropped_items_are_counted():
    flow = Flow.range(10).on_backpressure_buffer(3, overflow="drop_oldest")
    consumer = Consumer()
    meters = Meters(flow)
    with watching(meters):
        flow.subscribe(consumer)
    stage = meters.read().stages[1]
    assert (stage.dropped, stage.buffered, stage.emitted) == (7, 3, 0)
    consumer.subscription.request(3)
    assert consumer.items == [7, 8, 9]
    assert meters.read().stages[1].dropped == 7


def test_what_create_buffers_is_seen():
    full = threading.Event()

    def produce(emitter: Any) -> None:
        emitter.emit(1)
        emitter.emit(2)
        full.set()
        emitter.complete()

    flow = Flow.create(produce, capacity=2)
    consumer = Consumer()
    meters = Meters(flow)
    with watching(meters):
        flow.subscribe(consumer)
    assert full.wait(DEADLINE)
    assert meters.read().stages[0].buffered == 2
    consumer.subscription.request(2)
    assert consumer.over.wait(DEADLINE)


def test_a_second_try_adds_to_the_first():
    tries = iter([0, 1])
    flow = Flow.of(1, 2).map(lambda n: n // next(tries, 1)).retry(1)
    reading = metered(flow)
    assert counts(reading)["of"] == (3, 3)
    assert [stage.state for stage in reading.stages] == ["completed"] * 3


def test_flows_made_meanwhile_share_a_row():
    flow = Flow.range(4).concat_map(lambda n: Flow.range(n).named("inner"))
    reading = metered(flow)
    (inner,) = [stage for stage in reading.stages if stage.made]
    assert (inner.title, inner.emitted) == ("inner", 6)
    assert [stage.title for stage in reading.stages] == ["range", "concat_map", "inner"]


def test_rates_are_what_came_between_two_readings():
    flow = Flow.range(100).filter(lambda n: n % 2)
    consumer = Consumer()
    meters = Meters(flow)
    with watching(meters):
        flow.subscribe(consumer)
    earlier = meters.read()
    consumer.subscription.request(5)
    later = meters.read()
    seconds = later.at - earlier.at
    assert later.rates(earlier) == (10 / seconds, 5 / seconds)
    consumer.subscription.cancel()


def ids(flows: dict[str, Any]) -> list[Any]:
    return [pytest.param(flow, id=name) for name, flow in flows.items()]


QUEUEING: dict[str, Callable[[], Flow[Any]]] = {
    "publish_on": lambda: Flow.range(500).publish_on(thread(), prefetch=7),
    "two hops": lambda: Flow.range(500).publish_on(thread(), prefetch=5).publish_on(thread(), prefetch=3),
    "map_async": lambda: Flow.range(500).map_async(str, concurrency=5),
    "as they come": lambda: Flow.range(500).map_async(str, concurrency=5, ordered=False),
    "flat_map": lambda: Flow.range(60).flat_map(lambda n: Flow.range(n), concurrency=3, prefetch=4),
    "merge": lambda: Flow.range(300).publish_on(thread()).merge(Flow.range(200), prefetch=4),
    "zip": lambda: Flow.range(300).publish_on(thread(), prefetch=9).zip(Flow.range(300), prefetch=4),
    "buffer": lambda: Flow.range(500).buffer(7).publish_on(thread(), prefetch=2),
    "flat_map_iterable": lambda: Flow.range(100).flat_map_iterable(lambda n: range(n % 5)).pairwise(),
    "create": lambda: Flow.create(_produce, capacity=4).publish_on(thread(), prefetch=3),
    "dropping": lambda: Flow.create(_produce).on_backpressure_drop().publish_on(thread(), prefetch=3),
    "latest": lambda: Flow.create(_produce).on_backpressure_latest().publish_on(thread(), prefetch=3),
    "blocking": lambda: Flow.range(500).on_backpressure_buffer(6, overflow="block").publish_on(thread()),
    "reduce": lambda: Flow.range(500).publish_on(thread(), prefetch=4).reduce(max),
}  # fmt: skip


def _produce(emitter: Any) -> None:
    for n in range(300):
        emitter.emit(n)
    emitter.complete()


@pytest.mark.parametrize("make", ids(QUEUEING))
def test_in_flight_is_never_above_the_promised_bound(make: Callable[[], Flow[Any]]):
    flow = make()
    reading = metered(flow)
    assert 1 <= reading.most_in_flight <= flow.describe().in_flight
    assert reading.in_flight == 0
    for stage in reading.stages:
        assert stage.most_held <= stage.holds or not stage.holds


UNCHANGED: dict[str, Callable[[], Flow[Any]]] = {
    "steps": lambda: Flow.range(50).filter(lambda n: n % 3).map(str).enumerate().skip(2).take(9),
    "nested": lambda: Flow.range(9).flat_map_iterable(range).buffer(4).concat_map(lambda b: Flow.of(*b)),
    "several": lambda: Flow.range(9).zip(Flow.range(5)).concat(Flow.of("x").merge(Flow.of("y"))),
    "resumed": lambda: Flow.of("1", "x").map(int).on_error_resume(lambda error: Flow.of(str(error))),
    "deep": lambda: _deep(200),
}  # fmt: skip


def _deep(depth: int) -> Flow[int]:
    flow = Flow.range(20)
    for _ in range(depth):
        flow = flow.map(lambda n: n + 1)
    return flow


@pytest.mark.parametrize("make", ids(UNCHANGED))
def test_a_metered_flow_gives_the_same(make: Callable[[], Flow[Any]]):
    flow = make()
    meters = Meters(flow)
    expected = list(make())
    with watching(meters):
        assert list(flow) == expected
    assert meters.read().stages[0].emitted


def test_an_error_tells_the_same_when_metered():
    flow = Flow.of("1", "x").map(int)
    with pytest.raises(ValueError, match="invalid literal") as plain:
        list(flow)
    with watching(Meters(flow)), pytest.raises(ValueError, match="invalid literal") as watched:
        list(flow)
    assert watched.value.__notes__ == plain.value.__notes__


class Seen:
    """A watcher that lets fused runs be, and takes note of what it is told."""

    splits = False
    sees_links = True

    def __init__(self) -> None:
        self.links: list[str] = []
        self.stages: list[str] = []

    def link(self, node: Node, downstream: Any) -> Any:
        self.links.append(node.title)
        return downstream

    def stage(self, node: Node, stage: Any) -> None:
        self.stages.append(node.title)

    def discarded(self, node: Node | None) -> None:
        pass


def test_a_watcher_that_does_not_split_sees_each_run_by_its_last_operator():
    seen = Seen()
    flow = Flow.range(9).map(str).filter(bool).publish_on(thread()).map(len).enumerate()
    with watching(seen):
        assert len(list(flow)) == 9
    # The library's own check, for None at the edge, is nobody's operator.
    assert seen.links == ["enumerate", "publish_on", "filter"]
    assert seen.stages == ["enumerate", "publish_on"]


def test_a_watcher_sees_the_last_link_also_where_none_is_checked_at_the_edge():
    seen = Seen()
    with watching(seen):
        assert list(Flow.of(1).map({1: "one"}.get)) == ["one"]
    assert seen.links == ["map"]


def test_outside_the_with_nothing_is_watched():
    meters = Meters(Flow.range(3))
    with watching(meters):
        pass
    assert list(Flow.range(3)) == [0, 1, 2]
    assert meters.read().stages[0].state == "not begun"
