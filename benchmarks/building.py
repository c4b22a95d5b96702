"""What it takes to build a flow, and to run one that has hardly anything to do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from benchmarks.measure import AtMost, Case, Micros
from benchmarks.support import by_async_for, by_for, by_for_each, count_of, on_a_loop, plus_one
from operators import Flow

TIMES = 500
CALLS = 20_000
DEEP = 10_000
LINEAR = AtMost(2.6)
"""Twice as many take twice as long: a little more for what gets into the caches' way."""


def subscribed() -> list[Case]:
    """Subscribing, running one item through one map, and ending."""
    flow = Flow.of(1).map(plus_one)

    def often(run: Callable[[Any], Any]) -> Callable[[], None]:
        def runs() -> None:
            for _ in range(TIMES):
                run(flow)

        return runs

    async def loops() -> None:
        for _ in range(TIMES):
            await by_async_for(flow)

    limit = Micros(8)
    return [
        Case("one item, for", often(by_for), limit, TIMES),
        Case("one item, async for", lambda: asyncio.run(loops()), limit, TIMES),
        Case("one item, for_each", often(by_for_each), limit, TIMES),
        Case("one item, Subscriber", often(count_of), limit, TIMES),
    ]


def _chained(calls: int, join: Callable[[Flow[int], Flow[int]], Flow[int]]) -> Flow[int]:
    flow, other = Flow.of(1), Flow.of(2)
    for _ in range(calls):
        flow = join(flow, other)
    return flow


def _nested(depth: int, join: Callable[[Flow[int], Flow[int]], Flow[int]]) -> Flow[int]:
    flow, other = Flow.of(1), Flow.of(1)
    for _ in range(depth):
        flow = join(other, flow)
    return flow


def _build(depth: int) -> None:
    _nested(depth, _concat)


def _concat(flow: Flow[int], other: Flow[int]) -> Flow[int]:
    return flow.concat(other)


def _merge(flow: Flow[int], other: Flow[int]) -> Flow[int]:
    return flow.merge(other)


def built() -> list[Case]:
    """Chains of many calls: within a second, and in linear time."""
    rows: list[Case] = []
    for name, join in {"concat": _concat, "merge": _merge}.items():

        def many(join: Any = join) -> None:
            _chained(CALLS, join)

        def half(join: Any = join) -> None:
            _chained(CALLS // 2, join)

        rows += [
            Case(f"20,000 {name} calls, each", many, Micros(1e6 / CALLS), CALLS),
            Case(f"20,000 {name} calls", many, LINEAR, 1, half, "half as many"),
        ]
    ways: dict[str, Callable[[Any], Any]] = {
        "for": by_for, "async for": on_a_loop, "Subscriber": count_of,
    }  # fmt: skip
    for way, run in ways.items():
        deep, half_as_deep = _nested(DEEP, _concat), _nested(DEEP // 2, _concat)
        rows.append(
            Case(
                f"concat nested 10,000 deep, {way}", lambda run=run, flow=deep: _drained(run, flow),  # type: ignore[misc]
                LINEAR, 1, lambda run=run, flow=half_as_deep: _drained(run, flow), "half as deep",  # type: ignore[misc]
                proof=_right,
            )
        )  # fmt: skip
    rows.append(
        Case(
            "concat nested 10,000 deep, building", lambda: _build(DEEP), LINEAR, 1,
            lambda: _build(DEEP // 2), "half as deep",
        )
    )  # fmt: skip
    return rows


def _drained(run: Callable[[Any], Any], flow: Flow[int]) -> None:
    run(flow)


def _right() -> bool:
    return list(_nested(100, _concat)) == [1] * 101
