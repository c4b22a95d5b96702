"""Meters: a Watcher that counts what passes each stage of a pipeline, and says who is waited for."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from operators._kernel.links.metering import Count, Metering

if TYPE_CHECKING:
    from operators._kernel.plan.node import Node
    from operators.flow import Flow

__all__ = ["ENDS", "Meters", "Reading", "StageReading"]

ENDS = ("not begun", "completed", "failed", "cancelled")
"""The states of a stage that is not under way."""


@dataclass(frozen=True, slots=True)
class StageReading:
    """What the meters of one stage showed; all numbers are items since the pipeline was begun."""

    title: str
    inner: int
    """How deep it stands in flows that other operators were given, such as the second one of a zip."""
    made: bool
    """Whether its flow was made while the pipeline ran: then all flows made at that place count together."""
    requested: int
    """Asked of it by what is downstream; UNBOUNDED where that is so."""
    emitted: int
    """Given by it to what is downstream."""
    in_flight: int
    """Worked on by it now: in its function, or in calls or inner flows that it has begun."""
    buffered: int
    """Waiting in it now, for demand or for others that go along."""
    dropped: int
    """Dropped by its overflow policy."""
    most_held: int
    """The largest number in flight and buffered at any time so far; 0 for one that only passes on."""
    holds: int
    """The bound of that: the sum of its places, or UNBOUNDED."""
    state: str
    """"works", "delivers", "waits for items", "waits for demand", or one of ENDS."""
    waits_for: str
    """Whose items or demand it waits for, or whom it delivers to: a title, or "consumer", or nobody: ""."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What all meters of a pipeline showed at one time."""

    at: float
    """Seconds of the monotonic clock."""
    stages: tuple[StageReading, ...]
    """From the source down, in the order of Flow.describe(); then those of flows made meanwhile."""
    in_flight: int
    """Items between the sources and the consumer: held by a stage, or in the hand of one."""
    most_in_flight: int
    """The largest number in flight at any time so far."""
    waited_for: str
    """The title of the stage that the pipeline waits for, "consumer", or "" once it is over."""

    def rates(self, earlier: Reading) -> tuple[float, ...]:
        """Return what each stage has emitted since an earlier reading, in items per second."""
        seconds = max(self.at - earlier.at, 1e-9)
        before = [stage.emitted for stage in earlier.stages]
        before += [0] * (len(self.stages) - len(before))
        pairs = zip(self.stages, before, strict=True)
        return tuple((stage.emitted - emitted) / seconds for stage, emitted in pairs)


def read(metering: Metering) -> Reading:
    """Return what the counts of a pipeline are now; where they are exact, the lock is to be held."""
    awaited = metering.awaited()
    if awaited is not None:
        waited_for = _title(awaited)
    else:
        waited_for = "consumer" if metering.last.live else ""
    return Reading(
        time.monotonic(),
        tuple([_read(count) for count in metering.counts]),
        metering.in_flight(),
        metering.most_in_flight,
        waited_for,
    )


class Meters:
    """A Watcher for one flow: install it by `watching`, and read it from any thread.

    >>> from operators import Flow
    >>> from operators.watching import Meters, watching
    >>> flow = Flow.range(9).filter(lambda n: n % 2).take(2)
    >>> meters = Meters(flow)
    >>> with watching(meters):
    ...     list(flow)
    [1, 3]
    >>> [(stage.title, stage.requested, stage.emitted) for stage in meters.read().stages]
    [('range', 4, 4), ('filter', 2, 2), ('take', 2, 2)]
    """

    splits = True
    sees_links = True

    def __init__(self, flow: Flow[Any]) -> None:
        self._metering = Metering(flow.node, exact=True)

    def link(self, node: Node, downstream: Any) -> Any:
        """Return the Subscriber that counts what `node` emits."""
        return self._metering.link(node, downstream)

    def stage(self, node: Node, stage: Any) -> None:
        """Take note of the object that does the work of `node`."""
        self._metering.stage(node, stage)

    def discarded(self, node: Node | None) -> None:
        """Take note of an item that nobody will have."""
        self._metering.discarded(node)

    def read(self) -> Reading:
        """Return what the meters show now."""
        with self._metering.lock:
            return read(self._metering)


def _read(count: Count) -> StageReading:
    state, whom = state_of(count)
    return StageReading(
        _title(count), count.inner, count.made, count.requested, count.emitted, count.in_flight,
        count.buffered, count.dropped, count.most_held, count.node.operator.holds, state, whom,
    )  # fmt: skip


def state_of(count: Count) -> tuple[str, str]:
    """Return the state of a stage, and whose items or demand it waits for."""
    if not count.live:
        return count.end or "not begun", ""
    if count.in_flight:
        return "works", ""
    if count.delivering:
        return "delivers", _title(count.output) if count.output else "consumer"
    if not count.wanting:
        return "waits for demand", _title(count.output) if count.output else "consumer"
    asked = [each for each in count.inputs if each.live and each.wanting]
    if asked:
        return "waits for items", _title(min(asked, key=lambda each: each.emitted))
    return "works", ""


def _title(count: Count) -> str:
    return count.node.label or count.node.title
