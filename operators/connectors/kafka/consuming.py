"""Consuming: a run of a source, to look at and to stop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PartitionReading:
    """What a partition was at: offsets are numbers of messages, None where they are not known yet."""

    topic: str
    partition: int
    position: int | None
    """The offset of the next message to be given."""
    committed: int | None
    """The offset up to which this run has committed."""
    end: int | None
    """The offset after the last message there is."""
    lag: int | None
    """How many messages there are that were not given yet."""
    unacknowledged: int
    """How many were given and not acknowledged."""
    paused: bool
    """Whether it is paused, for nobody has asked for more for a while."""


class Consuming:
    """One run of a source: what it has, how far it is behind, and the way to end it in order.

    `partitions` is what it was at within the last `commit_interval` and the time that the client took since.
    """

    def __init__(self, stop: Callable[[], object]) -> None:
        self._stop = stop
        self.partitions: tuple[PartitionReading, ...] = ()
        """A reading of each partition that the run has."""
        self.rebalances: int = 0
        """How often partitions were given to it, or taken away."""

    @property
    def lag(self) -> int:
        """How many messages there are, in its partitions, that were not given yet, as far as is known."""
        return sum(each.lag or 0 for each in self.partitions)

    @property
    def paused(self) -> int:
        """How many of its partitions are paused."""
        return sum(each.paused for each in self.partitions)

    def stop(self) -> None:
        """Give no more messages, wait for the answers to those given, commit, and complete the flow.

        The answers are waited for for `drain` seconds. From any thread; a second call has no effect.
        """
        self._stop()
