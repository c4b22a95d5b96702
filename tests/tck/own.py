"""What there is in `operators`, as the conformance kit is to see it; a gate looks whether all is here."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

from operators import (
    CircuitBreaker,
    Flow,
    KillSwitch,
    Latest,
    MergeHub,
    Multicast,
    OnNext,
    PartitionHub,
    Replay,
    Unicast,
    Valve,
)
from operators._kernel.plan.node import Node
from operators.custom import Stage
from operators.lifecycle.checkpoint import Checkpoint
from operators.schedulers import immediate, thread
from operators.testing import VirtualClock
from reactive_streams import UNBOUNDED


@dataclass(frozen=True)
class Own:
    """One component: a source is made with the number of its elements, an operator put on a flow.

    `declares` holds fields of the kit's settings; `hops` says that signals come from another thread
    or task, so that chance has a say, and it is verified many times over.
    """

    name: str
    make: Callable[[Any], Flow[Any]]
    declares: dict[str, Any] = field(default_factory=dict)
    failing: bool = False
    hops: bool = False


async def _numbers(elements: int) -> Any:
    for n in range(elements):
        yield n


class _Same(Stage[Any, Any]):
    def on_push(self, item: Any) -> None:
        self.push(item)


async def _same(item: int) -> int:
    return item


def _themselves(items: list[int]) -> list[int]:
    return items


def _counted(state: tuple[int, int]) -> tuple[int, tuple[int, int]] | None:
    n, left = state
    return (n, (n + 1, left - 1)) if left else None


def _create(elements: int) -> Flow[Any]:
    def fill(emitter: Any) -> None:
        for n in range(elements):
            emitter.emit(n)
        emitter.complete()

    return Flow.create(fill)


async def _fill(emitter: Any, elements: int) -> None:
    for n in range(elements):
        await emitter.emit(n)
    emitter.complete()


def _create_async(elements: int) -> Flow[Any]:
    async def fill(emitter: Any) -> None:
        await _fill(emitter, elements)

    return Flow.create(fill)


class _Foreign:
    """A Publisher that nobody knows for ours."""

    def __init__(self, elements: int) -> None:
        self._flow = Flow.range(elements)

    def subscribe(self, subscriber: Any) -> None:
        self._flow.subscribe(subscriber)


_CLOCK: Any = {"scheduler": VirtualClock()}


class _Idle:
    """A Subscriber that takes all and says nothing."""

    def on_subscribe(self, subscription: Any) -> None:
        subscription.request(UNBOUNDED)

    def on_next(self, item: Any) -> None:
        pass

    def on_error(self, error: Exception) -> None:
        pass

    def on_complete(self) -> None:
        pass


def _done(result: int | None) -> Future[int | None]:
    future: Future[int | None] = Future()
    future.set_result(result)
    return future


_SHARED = {"per_subscriber": True}

SOURCES = [
    Own("range", Flow.range, _SHARED),
    Own("of", lambda n: Flow.of(*range(min(n, 1_000))), {**_SHARED, "max_elements": 1_000}),
    Own("from_iterable", lambda n: Flow.from_iterable(range(n)), _SHARED),
    Own("from_iterable", lambda n: Flow.from_iterable(iter(range(n)))),
    Own("from_iterable", lambda n: Flow.from_iterable(list(range(min(n, 1_000)))),
        {**_SHARED, "max_elements": 1_000}),
    Own("from_async_iterable", lambda n: Flow.from_async_iterable(_numbers(n)), hops=True),
    Own("from_publisher", lambda n: Flow.from_publisher(_Foreign(n)), _SHARED),
    Own("defer", lambda n: Flow.defer(lambda: Flow.range(n)), _SHARED),
    Own("generate", lambda n: Flow.generate((0, n), _counted), _SHARED),
    Own("create", _create, _SHARED, hops=True),
    Own("create", _create_async, _SHARED, hops=True),
    Own("empty", lambda n: Flow.empty(), {**_SHARED, "max_elements": 0}),
    Own("never", lambda n: Flow.never(), {**_SHARED, "max_elements": 0, "completes": False}),
    Own("error", lambda n: Flow.error(ValueError("no good")), failing=True),
    # What is no identity is looked at as the end of a flow.
    Own("reduce", lambda n: Flow.range(max(n, 0)).reduce(max), {**_SHARED, "max_elements": 1}),
    Own("default_if_empty", lambda n: Flow.range(n).default_if_empty(-1).take(n), _SHARED),
    Own("switch_if_empty", lambda n: Flow.empty().switch_if_empty(Flow.range(n)), _SHARED),
    Own("buffer_weighted", lambda n: Flow.range(n).buffer_weighted(1, lambda _: 1), _SHARED),
    Own("start_with", lambda n: Flow.range(1, n).start_with(0) if n else Flow.empty(), _SHARED),
    Own("expand", lambda n: Flow.range(n).expand(lambda _: Flow.empty(), capacity=UNBOUNDED), _SHARED),
    Own("materialize", lambda n: Flow.range(n).materialize().take(n), _SHARED),
    Own("buffer", lambda n: Flow.range(n).buffer(1, 2).concat(Flow.range(n)).take(n), _SHARED),
    Own("buffer", lambda n: Flow.range(n).buffer(2, 1), _SHARED),
    Own("conflate", lambda n: Flow.range(min(n, 1)).conflate(max), {**_SHARED, "max_elements": 1}),
    Own("repeat_value", lambda n: Flow.repeat_value(7).take(n), _SHARED),
    Own("using", lambda n: Flow.using(nullcontext, lambda _: Flow.range(n)), _SHARED),
    Own("from_future", lambda n: Flow.from_future(_done(min(n, 1) or None)),
        {**_SHARED, "max_elements": 1}),
    Own("repeat", lambda n: Flow.range(min(n, 1)).repeat(n), _SHARED),
    Own("take_last", lambda n: Flow.range(min(n, 1_000)).take_last(1_000),
        {**_SHARED, "max_elements": 1_000}),
    Own("ignore_elements", lambda n: Flow.range(max(n, 0)).ignore_elements(),
        {**_SHARED, "max_elements": 0}),
    *(Own(name, make, {**_SHARED, "max_elements": 1}) for name, make in {
        "last": lambda n: Flow.range(max(n, 0)).last(default=0),
        "single": lambda n: Flow.range(min(n, 1)).single(default=0),
        "count": lambda n: Flow.range(max(n, 0)).count(),
        "sum": lambda n: Flow.range(max(n, 0)).sum(),
        "min": lambda n: Flow.range(max(n, 0)).min(default=0),
        "max": lambda n: Flow.range(max(n, 0)).max(default=0),
        "to_list": lambda n: Flow.range(min(n, 1_000)).to_list(),
        "to_set": lambda n: Flow.range(min(n, 1_000)).to_set(),
        "to_dict": lambda n: Flow.range(min(n, 1_000)).to_dict(str),
        "collect": lambda n: Flow.range(min(n, 1_000)).collect(list, list.append),
        "all": lambda n: Flow.range(max(n, 0)).all(lambda item: item < 9),
        "any": lambda n: Flow.range(max(n, 0)).any(lambda item: item > 9),
        "contains": lambda n: Flow.range(max(n, 0)).contains(9),
        "first": lambda n: Flow.range(max(n, 0)).first(default=0),
        "element_at": lambda n: Flow.range(max(n, 0)).element_at(2, default=0),
    }.items()),
    Own("on_backpressure_drop", lambda n: Flow.empty().on_backpressure_drop(),
        {**_SHARED, "max_elements": 0}),
    Own("on_backpressure_latest", lambda n: Flow.range(min(n, 1)).on_backpressure_latest(),
        {**_SHARED, "max_elements": 1}),
    Own("debounce", lambda n: Flow.range(min(n, 1)).debounce(1), {**_SHARED, "max_elements": 1}),
    Own("sample", lambda n: Flow.range(min(n, 1)).sample(1), {**_SHARED, "max_elements": 1}),
    Own("throttle_last", lambda n: Flow.range(min(n, 1)).throttle_last(1),
        {**_SHARED, "max_elements": 1}),
    Own("timer", lambda n: Flow.timer(0).take(n), {**_SHARED, "max_elements": 1}, hops=True),
    Own("interval", lambda n: Flow.interval(0.002).on_backpressure_buffer(UNBOUNDED).take(min(n, 3)),
        {**_SHARED, "max_elements": 3}, hops=True),
    Own("publish", lambda n: Flow.range(n).publish(prefetch=8).ref_count()),
    Own("share", lambda n: Flow.range(n).share(prefetch=8)),
    Own("replay", lambda n: Flow.range(n).replay(1, prefetch=8).ref_count()),
    Own("cache", lambda n: Flow.range(n).cache(), _SHARED),
    Own("broadcast", lambda n: Flow.range(n).broadcast(1, prefetch=8)[0]),
    Own("balance", lambda n: Flow.range(n).balance(1, prefetch=8)[0]),
    Own("parallel", lambda n: Flow.range(n).parallel(1, prefetch=8).sequential()),
    Own("partition", lambda n: Flow.range(n).partition(lambda _: 0, 1, prefetch=8)[0]),
    Own("also_to", lambda n: Flow.range(n).also_to(_Idle(), prefetch=8), _SHARED),
    Own("wire_tap", lambda n: Flow.range(n).wire_tap(_Idle(), prefetch=8), _SHARED),
    Own("switch_map", lambda n: Flow.of(0).switch_map(lambda _: Flow.range(n)), _SHARED),
    Own("combine_latest",
        lambda n: Flow.of(0).combine_latest(Flow.range(n)).map(lambda pair: pair[1]), _SHARED),
    Own("concat", lambda n: Flow.range(n // 2).concat(Flow.range(n // 2, n)), _SHARED),
    Own("shuffle", lambda n: Flow.range(n).shuffle(1, seed=1), _SHARED),
    Own("pairwise", lambda n: Flow.range(-1, n).pairwise().map(lambda pair: pair[1]), _SHARED),
    Own("merge", lambda n: Flow.range(n // 2).merge(Flow.range(n // 2, n)), _SHARED),
    Own("on_error_resume",
        lambda n: Flow.error(ValueError()).on_error_resume(lambda _: Flow.range(n)), _SHARED),
]  # fmt: skip

OPERATORS = [
    Own("map", lambda flow: flow.map(int)),
    Own("map_not_none", lambda flow: flow.map_not_none(int)),
    Own("filter", lambda flow: flow.filter(lambda _: True)),
    Own("take", lambda flow: flow.take(UNBOUNDED)),
    Own("take_while", lambda flow: flow.take_while(lambda _: True)),
    Own("skip", lambda flow: flow.skip(0)),
    Own("skip_while", lambda flow: flow.skip_while(lambda _: False)),
    Own("take_until", lambda flow: flow.take_until(lambda _: False)),
    Own("skip_last", lambda flow: flow.skip_last(0)),
    Own("of_type", lambda flow: flow.of_type(object)),
    Own("cast", lambda flow: flow.cast(object)),
    Own("scan", lambda flow: flow.scan(lambda _, item: item)),
    Own("enumerate", lambda flow: flow.enumerate().map(lambda pair: pair[1])),
    Own("distinct", lambda flow: flow.distinct()),
    Own("distinct_until_changed", lambda flow: flow.distinct_until_changed()),
    Own("flat_map_iterable", lambda flow: flow.flat_map_iterable(lambda item: [item])),
    Own("flat_map", lambda flow: flow.flat_map(Flow.of, concurrency=1)),
    Own("concat_map", lambda flow: flow.concat_map(Flow.of)),
    Own("map_async", lambda flow: flow.map_async(_same, concurrency=2), hops=True),
    Own("switch_on_first", lambda flow: flow.switch_on_first(lambda _, f: f, prefetch=8), {"buffer": 8}),
    Own("map_async", lambda flow: flow.map_async(_same, concurrency=2, key=str), hops=True),
    Own("map_batches", lambda flow: flow.map_batches(_themselves, max_size=2), {"buffer": 4}, hops=True),
    Own("buffer", lambda flow: flow.buffer(1).map(lambda items: items[0])),
    Own("race", lambda flow: flow.race(Flow.never())),
    Own("with_latest_from", lambda flow: flow.with_latest_from().map(lambda items: items[0]), {"buffer": 1}),
    Own("zip", lambda flow: flow.zip().map(lambda items: items[0])),
    Own("zip", lambda flow: flow.zip(Flow.range(200_000)).map(lambda items: items[0])),
    Own("merge", lambda flow: flow.merge()),
    Own("merge", lambda flow: flow.merge(Flow.empty())),
    Own("tap", lambda flow: flow.tap(lambda _: None)),
    Own("dematerialize", lambda flow: flow.map(OnNext).dematerialize()),
    Own("merge_sorted", lambda flow: flow.merge_sorted()),
    Own("interleave", lambda flow: flow.interleave()),
    Own("zip_longest", lambda flow: flow.zip_longest().map(lambda items: items[0])),
    Own("zip", lambda flow: flow.zip(strict=True).map(lambda items: items[0])),
    Own("concat_map_eager", lambda flow: flow.concat_map_eager(Flow.of, concurrency=1)),
    Own("cap_demand", lambda flow: flow.cap_demand(4), {"buffer": 4}),
    Own("valve", lambda flow: flow.valve(Valve(), prefetch=8), {"buffer": 8}),
    Own("extrapolate", lambda flow: flow.extrapolate(lambda _: ())),
    Own("batch_while_waiting", lambda flow: flow.batch_while_waiting(1).map(lambda items: items[0])),
    Own("on_start", lambda flow: flow.on_start(lambda: None)),
    Own("on_terminate", lambda flow: flow.on_terminate(lambda: None)),
    Own("on_error_map", lambda flow: flow.on_error_map(lambda error: error)),
    Own("skip_errors", lambda flow: flow.map(int).skip_errors(lambda letter: None)),
    Own("starmap", lambda flow: flow.map(lambda item: (item,)).starmap(int)),
    Own("on_finally", lambda flow: flow.on_finally(lambda: None)),
    Own("on_error_return", lambda flow: flow.on_error_return(-1), {"recovers": True}),
    Own("on_error_resume", lambda flow: flow.on_error_resume(Flow.error)),
    Own("retry", lambda flow: flow.retry(0)),
    Own("limit_rate", lambda flow: flow.limit_rate(4), {"buffer": 4}),
    Own("publish_on", lambda flow: flow.publish_on(immediate(), prefetch=8), {"buffer": 8}),
    Own("publish_on", lambda flow: flow.publish_on(thread("own"), prefetch=8), {"buffer": 8},
        hops=True),
    Own("cancel_on", lambda flow: flow.cancel_on(immediate())),
    Own("cancel_on", lambda flow: flow.cancel_on(thread("own")), hops=True),
    Own("subscribe_on", lambda flow: flow.subscribe_on(immediate())),
    Own("on_backpressure_buffer", lambda flow: flow.on_backpressure_buffer(200_000)),
    Own("delay", lambda flow: flow.delay(0, prefetch=8), {"buffer": 8}, hops=True),
    Own("delay_subscription", lambda flow: flow.delay_subscription(0, scheduler=immediate())),
    Own("timeout", lambda flow: flow.timeout(1, **_CLOCK)),
    Own("idle_timeout", lambda flow: flow.idle_timeout(1, **_CLOCK)),
    Own("backpressure_timeout", lambda flow: flow.backpressure_timeout(1, **_CLOCK)),
    Own("throttle_first", lambda flow: flow.throttle_first(0)),
    Own("buffer_time", lambda flow: flow.buffer_time(1e-9, capacity=1).map(lambda items: items[0]),
        {"buffer": 1}, hops=True),
    Own("buffer_size_or_time",
        lambda flow: flow.buffer_size_or_time(1, 1, **_CLOCK).map(lambda items: items[0]),
        {"buffer": 1}),
    Own("take_until", lambda flow: flow.take_until(1, **_CLOCK)),
    Own("skip_until", lambda flow: flow.skip_until(0)),
    Own("skip_until", lambda flow: flow.skip_until(Flow.empty())),
    Own("keep_alive", lambda flow: flow.keep_alive(1, int, **_CLOCK), {"buffer": 1}),
    Own("throttle", lambda flow: flow.throttle(1, burst=1_000_000, **_CLOCK), {"buffer": 1}),
    Own("shed", lambda flow: flow.shed(200_000, age=1, **_CLOCK)),
    Own("retry", lambda flow: flow.retry(0, backoff=1, **_CLOCK)),
    Own("restart", lambda flow: flow.restart(1, times=0, **_CLOCK)),
    Own("circuit_breaker", lambda flow: flow.circuit_breaker(CircuitBreaker(UNBOUNDED))),
    Own("kill_switch", lambda flow: flow.kill_switch(KillSwitch())),
    Own("timestamp", lambda flow: flow.timestamp().map(lambda pair: pair[1])),
    Own("time_interval", lambda flow: flow.time_interval().map(lambda pair: pair[1])),
    Own("group_by", lambda flow: flow.group_by(lambda _: 0, prefetch=8).concat_map(lambda g: g),
        {"buffer": 8}),
    Own("window", lambda flow: flow.window(4, prefetch=8).concat_map(lambda w: w), {"buffer": 8}),
    Own("window_until", lambda flow: flow.window_until(lambda _: True, prefetch=8)
        .concat_map(lambda w: w), {"buffer": 8}),
    Own("window_time", lambda flow: flow.window_time(60.0, prefetch=8).concat_map(lambda w: w),
        {"buffer": 8}),
    Own("on_discard", lambda flow: flow.on_discard(lambda _: None)),
    Own("checkpoint", lambda flow: Flow(Node(Checkpoint([], 0), flow.node))),
    Own("named", lambda flow: flow.named("identity")),
    Own("watch", lambda flow: flow.watch(stall=1000)),
    Own("apply", lambda flow: flow.apply(_Same())),
    Own("pipe", lambda flow: flow.pipe(lambda it: it)),
]  # fmt: skip

TAKING: dict[str, Callable[[], Any]] = {
    "Multicast": lambda: Multicast(8),
    "Unicast": lambda: Unicast(8),
    "Replay": lambda: Replay(1, capacity=8),
    "Latest": Latest,
    "PartitionHub": lambda: PartitionHub(lambda _, ids: ids[0], capacity=8),
}
"""The processors that can be subscribed to an upstream, and emitted into."""


def _fed(kind: str, elements: int) -> Any:
    processor = TAKING[kind]()
    Flow.range(elements).subscribe(processor)
    return processor


def _hub(elements: int) -> Any:
    hub = MergeHub[int](prefetch=8)
    hub.attach(Flow.range(elements))
    hub.complete()
    return hub


_ONE = {"max_elements": 1}
PROCESSORS = [
    Own("Multicast", lambda n: _fed("Multicast", n)),
    Own("Unicast", lambda n: _fed("Unicast", n)),
    Own("Replay", lambda n: _fed("Replay", min(n, 1)), _ONE),
    Own("Latest", lambda n: _fed("Latest", min(n, 1)), _ONE),
    Own("PartitionHub", lambda n: _fed("PartitionHub", n)),
    Own("MergeHub", _hub),
]
"""The processors, as what was pushed into them comes out again."""
