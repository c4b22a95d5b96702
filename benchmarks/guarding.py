"""What it costs to have a guard of the conformance kit look on, against the same stream without."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.measure import Case, More
from benchmarks.support import OneByOne, Summing, count_of
from operators import Flow
from operators.schedulers import thread
from tck.guard import guard

MANY = 20_000
FEW = 1_000
"""From thread to thread: short enough for a moment in which both have a core."""


def guarded() -> list[Case]:
    """report="log", with nothing to report: asked for at once or in parts, and from another thread."""
    flow = Flow.range(MANY)
    hop = Flow.range(FEW).publish_on(thread(), prefetch=256)
    shapes: dict[str, tuple[Flow[int], Callable[[], Summing]]] = {
        "request(UNBOUNDED)": (flow, Summing),
        "request(1)": (flow, OneByOne),
        "request(16)": (flow, lambda: Summing(16)),
        "on a thread, request(UNBOUNDED)": (hop, Summing),
        "on a thread, request(1)": (hop, OneByOne),
    }
    return [
        Case(
            f"guard, {name}",
            lambda flow=flow, make=make: count_of(guard(flow, report="log"), make()),  # type: ignore[misc]
            More(3.0), FEW if flow is hop else MANY,
            lambda flow=flow, make=make: count_of(flow, make()),  # type: ignore[misc]
            "without guard", least=3.0 if flow is hop else 0.0,
        )
        for name, (flow, make) in shapes.items()
    ]  # fmt: skip
