"""Stations: the stages of a pipeline that queue, read from outside, so that no item pays for it.

A queue knows what came and what went, as far as it has asked for more; its demand keeps the account of
what was asked for and given in all. So nothing stands in the links, and all runs as it would unwatched:
only what lies between two queues, or is one loop from its source to its consumer, is not seen by parts.
"""

from __future__ import annotations

from typing import Any, cast

from operators._kernel.kinds import NoneCheck
from operators._kernel.links.inbox import InboxStage
from operators._kernel.links.metering import Count, Metering
from operators._kernel.links.queued import QueuedStage
from operators._kernel.plan.node import Node
from operators._kernel.subscription.demand import Tally
from reactive_streams import UNBOUNDED


class _Given:
    """What a stage that queues was asked for and has given, in place of a link below it."""

    __slots__ = ("stage",)

    def __init__(self, stage: QueuedStage) -> None:
        self.stage = stage

    @property
    def emitted(self) -> int:
        stage = self.stage
        if isinstance(stage, InboxStage):
            return stage.inbox.given
        return cast("Tally", stage.demand).given

    @property
    def requested(self) -> int:
        stage = self.stage
        if not isinstance(stage, InboxStage):
            return cast("Tally", stage.demand).asked
        if stage.polls:  # whoever polls wants one whenever there is none
            return stage.inbox.given + (not stage.inbox.items)
        wanted = stage.demand.value
        return UNBOUNDED if wanted == UNBOUNDED else stage.inbox.given + wanted

    @property
    def delivering(self) -> int:
        return 1 if self.stage.runner else 0


class _Taken:
    """What a stage that queues has asked for and got, in place of a link above it."""

    __slots__ = ("stage",)
    delivering = 0

    def __init__(self, stage: Any) -> None:
        self.stage = stage

    @property
    def emitted(self) -> int:
        arrived: int = self.stage.arrived
        return arrived

    @property
    def requested(self) -> int:
        asked: int = getattr(self.stage, "asked", 0)
        return max(asked, self.emitted)


class Stations(Metering):
    """The counts of one pipeline, of its queues and of what is above each of them."""

    def __init__(self, node: Node) -> None:
        super().__init__(node, exact=False)
        self._above = {id(count): list(count.inputs) for count in self.counts}

    def stage(self, node: Node, stage: Any) -> None:
        if isinstance(node.operator, NoneCheck) or not (
            isinstance(stage, QueuedStage) and stage.keeps_count
        ):
            return
        if not isinstance(stage, InboxStage):
            stage.demand = Tally()
        count = self.count(node)
        with self.lock:
            count.add_stage(stage)
            count.add_link(_Given(stage))
            if hasattr(type(stage), "arrived") and len(count.inputs) == 1 and not count.made:
                above = self._above[id(count)][0]
                if not above.queues:
                    above.add_link(_Taken(stage))
            if not count.made and not self.last.begun:
                self.last = count
            for each in self.counts:
                if not each.made:
                    each.inputs = self._begun(each)

    def _begun(self, count: Count) -> list[Count]:
        """Return those that it has its items of, as far as these are seen."""
        found: list[Count] = []
        for each in self._above[id(count)]:
            found += [each] if each.begun else self._begun(each)
        return found

    def refresh(self) -> bool:
        """Take note of the stages that are over; return whether the run is, which had begun."""
        with self.lock:
            for count in self.counts:
                for link in [link for link in count.links if link.stage.done]:
                    count.drop_link(link, _end(link.stage))
        return self.last.begun and not any(count.live for count in self.counts)


def _end(stage: QueuedStage) -> str:
    if stage.cancelled:
        return "cancelled"
    return "failed" if stage.bad is not None or stage.failure is not None else "completed"
