"""Metrics: what each stage of the flows that are watched has done, as plain data."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from operators._kernel.links.metering import Count, Metering
from operators._kernel.plan.node import short
from operators.watching.meters import state_of

if TYPE_CHECKING:
    from operators.watching.runs import Run

_FINEST = 1e-6  # seconds: what is less is told as this
_STEP = 2 ** (1 / 4)  # from one class of latencies to the next: percentiles are right within 19 %


Classes = dict[int, int]
"""Items by the class of their latency, each of which begins a fifth above the one before."""


@dataclass(frozen=True, slots=True)
class Latency:
    """How long items stay in a stage, in seconds."""

    p50: float
    p90: float
    p99: float


@dataclass(frozen=True, slots=True)
class StageMetrics:
    """What one stage of a run has done so far; numbers are items."""

    title: str
    where: str
    """The place in the user's code, as file:line."""
    state: str
    """"works", "delivers", "waits for items", "waits for demand", or how it has ended."""
    requested: int
    """Asked of it; UNBOUNDED where that is so."""
    emitted: int
    in_flight: int
    """Worked on by it now."""
    buffered: int
    """Waiting in it now."""
    dropped: int
    """By its overflow policy."""
    discarded: int
    """Held by it, or on the way to it, when the run was cancelled or failed."""
    latency: Latency | None
    """None where it holds nothing, or has emitted nothing yet."""
    slowed: float
    """Seconds without demand: slowed by downstream."""
    starved: float
    """Seconds with demand and without items: starved by upstream."""
    classes: Classes = field(default_factory=dict[int, int], repr=False)
    """The items by how long they stayed: `latency_of` makes percentiles of these."""


@dataclass(frozen=True, slots=True)
class RunMetrics:
    """What a run has done so far."""

    number: int
    """Its place in the order in which runs were begun."""
    title: str
    """The last operator of the flow, with its name."""
    where: str
    """Where it was begun, as file:line."""
    seconds: float
    """Since it was begun."""
    stages: tuple[StageMetrics, ...]
    """From the source down; then those of flows made meanwhile."""


class Sampler:
    """Looks at the counts of a run now and then, and keeps what only time can tell of each stage."""

    def __init__(self, metering: Metering) -> None:
        self._metering = metering
        self._at: float | None = None
        self._timed: dict[int, _Timed] = {}

    def look(self, now: float) -> None:
        """Take a sample at the time `now`, in seconds."""
        seconds = 0.0 if self._at is None else now - self._at
        self._at = now
        for count in list(self._metering.counts):
            if count.begun:
                timed = self._timed.get(id(count))
                if timed is None:
                    timed = self._timed[id(count)] = _Timed(now)
                timed.look(count, now, seconds)

    def stages(self) -> tuple[StageMetrics, ...]:
        """Return what each stage that has begun has done."""
        counts = [count for count in list(self._metering.counts) if count.begun]
        return tuple([self._stage(count) for count in counts])

    def _stage(self, count: Count) -> StageMetrics:
        timed = self._timed.get(id(count))
        return StageMetrics(
            count.node.title, count.node.place, state_of(count)[0], count.requested, count.emitted,
            count.in_flight, count.buffered, count.dropped, count.discarded,
            None if timed is None else latency_of(timed.classes),
            0.0 if timed is None else timed.slowed,
            0.0 if timed is None else timed.starved,
            {} if timed is None else dict(timed.classes),
        )  # fmt: skip


class _Timed:
    """What is known of one stage by looking at it now and then.

    How long an item stays is what a stage holds, over what leaves it in a second (Little's law): so it is
    known of each stretch between two looks, however fast items pass in it, and of no single item.
    """

    __slots__ = ("_emitted", "_held", "_left_at", "classes", "slowed", "starved")

    def __init__(self, now: float) -> None:
        self.slowed = 0.0
        self.starved = 0.0
        self._emitted = 0
        self._held = 0.0
        self._left_at = now
        self.classes: Classes = {}

    def look(self, count: Count, now: float, seconds: float) -> None:
        """Take a sample; the last one was so many seconds before."""
        state, _ = state_of(count)
        if state == "waits for demand":
            self.slowed += seconds
        elif state == "waits for items":
            self.starved += seconds
        held = count.in_flight + count.buffered if count.queues else 0
        emitted = count.emitted
        left = emitted - self._emitted
        if left > 0:
            stretch = now - self._left_at
            mean = (self._held + held) / 2
            if mean and stretch > 0:
                self._add(mean * stretch / left, left)
            self._left_at = now
            self._emitted = emitted
            self._held = held
        elif not held:
            self._left_at = now
            self._held = held

    def _add(self, latency: float, items: int) -> None:
        place = round(math.log(max(latency, _FINEST) / _FINEST, _STEP))
        self.classes[place] = self.classes.get(place, 0) + items


def latency_of(classes: Classes) -> Latency | None:
    """Return the percentiles; None where nothing is known."""
    total = sum(classes.values())
    if not total:
        return None
    return Latency(*[_percentile(classes, share * total) for share in (0.5, 0.9, 0.99)])


def _percentile(classes: Classes, items: float) -> float:
    passed = 0
    for place, some in sorted(classes.items()):
        passed += some
        if passed >= items:
            return float(_FINEST * _STEP**place)
    raise AssertionError("all items are in some class")


def metrics_of(run: Run) -> RunMetrics:
    """Return what a run has done."""
    return RunMetrics(
        run.number, run.metering.last.node.title, short(run.site), run.seconds, run.sampler.stages()
    )
