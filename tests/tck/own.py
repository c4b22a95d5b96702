"""What there is in `operators`, as the conformance kit is to see it; a gate looks whether all is here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from operators import Flow
from operators.schedulers import immediate, thread
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


async def _same(item: int) -> int:
    return item


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
    Own("on_backpressure_drop", lambda n: Flow.empty().on_backpressure_drop(),
        {**_SHARED, "max_elements": 0}),
    Own("on_backpressure_latest", lambda n: Flow.range(min(n, 1)).on_backpressure_latest(),
        {**_SHARED, "max_elements": 1}),
    Own("concat", lambda n: Flow.range(n // 2).concat(Flow.range(n // 2, n)), _SHARED),
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
    Own("scan", lambda flow: flow.scan(lambda _, item: item)),
    Own("enumerate", lambda flow: flow.enumerate().map(lambda pair: pair[1])),
    Own("distinct", lambda flow: flow.distinct()),
    Own("distinct_until_changed", lambda flow: flow.distinct_until_changed()),
    Own("flat_map_iterable", lambda flow: flow.flat_map_iterable(lambda item: [item])),
    Own("flat_map", lambda flow: flow.flat_map(Flow.of, concurrency=1)),
    Own("concat_map", lambda flow: flow.concat_map(Flow.of)),
    Own("map_async", lambda flow: flow.map_async(_same, concurrency=2), hops=True),
    Own("buffer", lambda flow: flow.buffer(1).map(lambda items: items[0])),
    Own("zip", lambda flow: flow.zip().map(lambda items: items[0])),
    Own("zip", lambda flow: flow.zip(Flow.range(200_000)).map(lambda items: items[0])),
    Own("merge", lambda flow: flow.merge()),
    Own("merge", lambda flow: flow.merge(Flow.empty())),
    Own("tap", lambda flow: flow.tap(lambda _: None)),
    Own("on_finally", lambda flow: flow.on_finally(lambda: None)),
    Own("on_error_return", lambda flow: flow.on_error_return(-1), {"recovers": True}),
    Own("on_error_resume", lambda flow: flow.on_error_resume(Flow.error)),
    Own("retry", lambda flow: flow.retry(0)),
    Own("limit_rate", lambda flow: flow.limit_rate(4), {"buffer": 4}),
    Own("publish_on", lambda flow: flow.publish_on(immediate(), prefetch=8), {"buffer": 8}),
    Own("publish_on", lambda flow: flow.publish_on(thread("tck"), prefetch=8), {"buffer": 8},
        hops=True),
    Own("subscribe_on", lambda flow: flow.subscribe_on(immediate())),
    Own("on_backpressure_buffer", lambda flow: flow.on_backpressure_buffer(200_000)),
    Own("on_discard", lambda flow: flow.on_discard(lambda _: None)),
    Own("named", lambda flow: flow.named("identity")),
    Own("pipe", lambda flow: flow.pipe(lambda it: it)),
]  # fmt: skip
