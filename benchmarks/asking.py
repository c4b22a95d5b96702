"""A Subscriber that asks for one item at a time, against one that asks for all."""

from __future__ import annotations

from typing import Any

from benchmarks.measure import Case, More
from benchmarks.support import OneByOne, count_of, plus_one
from operators import Flow

MANY = 20_000
SIDES = 50


def asked() -> list[Case]:
    """request(1) at each item, for each operator."""
    side = MANY // SIDES
    flows: dict[str, tuple[Flow[Any], int]] = {
        "map": (Flow.range(MANY).map(plus_one), MANY),
        "merge": (Flow.range(MANY // 2).merge(Flow.range(MANY // 2)), MANY),
        "zip": (Flow.range(MANY).zip(Flow.range(MANY)), MANY),
        "flat_map": (Flow.range(SIDES).flat_map(lambda n: Flow.range(side)), MANY),
        "flat_map of tiny flows": (Flow.range(MANY // 2).flat_map(lambda n: Flow.of(n, n)), MANY),
        "concat_map": (Flow.range(SIDES).concat_map(lambda n: Flow.range(side)), MANY),
        "limit_rate": (Flow.range(MANY).map(plus_one).limit_rate(256), MANY),
        "retry": (Flow.range(MANY).map(plus_one).retry(3), MANY),
    }
    return [
        Case(
            f"{name}, request(1)", lambda flow=flow: count_of(flow, OneByOne()), More(1.2), items,  # type: ignore[misc]
            lambda flow=flow: count_of(flow), "request(UNBOUNDED)",  # type: ignore[misc]
        )
        for name, (flow, items) in flows.items()
    ]  # fmt: skip
