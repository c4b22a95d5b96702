"""Sources that push, and stages that hold what is pushed: microseconds an item."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.measure import Case, Limit, Micros
from benchmarks.support import Asked, by_for, by_for_each, count_of, on_a_loop
from operators import Flow

MANY = 20_000
WAYS: dict[str, Callable[[Flow[Any]], object]] = {
    "for": by_for,
    "async for": on_a_loop,
    "for_each": by_for_each,
    "Subscriber": count_of,
}


def _rows(name: str, flow: Flow[Any], limit: Limit, items: int) -> list[Case]:
    return [
        Case(f"{name}, {way}", lambda run=run: run(flow), limit, items)  # type: ignore[misc]
        for way, run in WAYS.items()
    ]


def _produce(emitter: Any) -> None:
    for n in range(MANY):
        emitter.emit(n)
    emitter.complete()


async def _aproduce(emitter: Any) -> None:
    for n in range(MANY):
        await emitter.emit(n)
    emitter.complete()


def produced() -> list[Case]:
    """create, with a plain and with a coroutine producer."""
    return [
        *_rows("create, plain producer", Flow.create(_produce), Micros(1.0), MANY),
        *_rows("create, coroutine producer", Flow.create(_aproduce), Micros(1.5), MANY),
    ]


def buffered() -> list[Case]:
    """on_backpressure_* behind a range, all of which is pushed at once."""
    flow, limit = Flow.range(MANY), Micros(0.8)
    return [
        *_rows("on_backpressure_buffer", flow.on_backpressure_buffer(MANY), limit, MANY),
        *_rows(
            "on_backpressure_buffer, block",
            flow.on_backpressure_buffer(256, overflow="block"), limit, MANY,
        ),
        *_rows("on_backpressure_drop", flow.on_backpressure_drop(), limit, MANY),
        *_rows("on_backpressure_latest", flow.on_backpressure_latest(), limit, MANY),
    ]  # fmt: skip


def mixed() -> list[Case]:
    """flat_map of many tiny flows, and a zip of what somebody pushes."""
    tiny = Flow.range(MANY // 2).flat_map(lambda n: Flow.of(n, n))
    one, two = (Flow.from_publisher(Asked(range(MANY))) for _ in range(2))
    return [
        *_rows("flat_map of tiny flows", tiny, Micros(2.0), MANY),
        *_rows("zip of pushed flows", one.zip(two), Micros(1.5), MANY),
    ]
