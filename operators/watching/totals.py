"""Totals: what all runs of a flow have done together, those that are over included; for exporters."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from operators.watching.metrics import Classes, Latency, RunMetrics, StageMetrics, latency_of
from reactive_streams import UNBOUNDED

Place = tuple[str, str, str, str]
"""A flow, where it was begun, a stage of it, and where that was written."""


@dataclass(slots=True)
class StageTotal:
    """What one stage has done in all runs of a flow since they are watched; numbers are items."""

    flow: str
    """The last operator of the flow, with its name."""
    begun_at: str
    """Where the flow was begun, as file:line."""
    stage: str
    where: str
    requested: int = 0
    """UNBOUNDED where any run has asked without bound."""
    emitted: int = 0
    dropped: int = 0
    discarded: int = 0
    in_flight: int = 0
    """In the runs that are under way, as is the next one."""
    buffered: int = 0
    slowed: float = 0.0
    """Seconds without demand, over all runs; as the next one."""
    starved: float = 0.0
    classes: Classes = field(default_factory=dict[int, int])

    @property
    def latency(self) -> Latency | None:
        """How long items stay in it; None where it holds nothing, or has emitted nothing yet."""
        return latency_of(self.classes)

    def add(self, stage: StageMetrics) -> None:
        """Add what it has done in one run."""
        self.requested = min(self.requested + stage.requested, UNBOUNDED)
        self.emitted += stage.emitted
        self.dropped += stage.dropped
        self.discarded += stage.discarded
        self.in_flight += stage.in_flight
        self.buffered += stage.buffered
        self.slowed += stage.slowed
        self.starved += stage.starved
        for place, items in stage.classes.items():
            self.classes[place] = self.classes.get(place, 0) + items


class Totals:
    """The sums, by place in the user's code: as many as there are of these, however many runs there were."""

    def __init__(self) -> None:
        self.stages: dict[Place, StageTotal] = {}
        self.runs: dict[tuple[str, str], int] = {}

    def add(self, run: RunMetrics, *, over: bool) -> None:
        """Add a run; of one that is over nothing is under way any more."""
        flow = (run.title, run.where)
        self.runs[flow] = self.runs.get(flow, 0) + 1
        seen: dict[tuple[str, str], int] = {}
        for stage in run.stages:
            n = seen[stage.title, stage.where] = seen.get((stage.title, stage.where), 0) + 1
            title = stage.title if n == 1 else f"{stage.title} ({n})"  # twice in one line
            place = (*flow, title, stage.where)
            total = self.stages.get(place)
            if total is None:
                total = self.stages[place] = StageTotal(*place)
            total.add(stage)
            if over:
                total.in_flight -= stage.in_flight
                total.buffered -= stage.buffered

    def and_of(self, runs: Iterable[RunMetrics]) -> Totals:
        """Return these and those of runs that are under way, together."""
        both = Totals()
        both.runs = dict(self.runs)
        for place, total in self.stages.items():
            both.stages[place] = StageTotal(
                *place, total.requested, total.emitted, total.dropped, total.discarded, 0, 0,
                total.slowed, total.starved, dict(total.classes),
            )  # fmt: skip
        for run in runs:
            both.add(run, over=False)
        return both
