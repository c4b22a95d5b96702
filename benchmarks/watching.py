"""What it costs to be watched, against the same flow unwatched, on a queue hop."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from benchmarks.measure import SHOWN, AtMost, Case
from benchmarks.support import OneByOne, by_for, by_for_each, count_of
from operators import Flow
from operators.schedulers import immediate, thread

HOPS = 300_000


def _by_one(flow: Flow[int]) -> None:
    count_of(flow, OneByOne())


BY: dict[str, Callable[[Flow[Any]], None]] = {
    "for": by_for,
    "for_each": by_for_each,
    "request(1)": _by_one,
}


def watched() -> list[Case]:
    """A hop through a queue whose stage is read from outside, and one whose every link is counted.

    On one thread nothing but the queue takes time; what a thread does by itself is no part of the watch,
    and only shown.
    """
    here = Flow.range(HOPS).publish_on(immediate(), prefetch=256)
    there = Flow.range(HOPS).publish_on(thread(), prefetch=256)
    return [
        Case(
            f"{what}, {by}", partial(run, flow.watch(each=each)), limit, HOPS, partial(run, flow),
            "the same, unwatched", least=2.0,
        )
        for what, flow, each, limit in (
            ("its queues watched, one thread", here, "queue", AtMost(1.03)),
            ("its queues watched, two threads", there, "queue", SHOWN),
            ("each operator watched, one thread", here, "operator", SHOWN),
        )
        for by, run in BY.items()
    ]  # fmt: skip
