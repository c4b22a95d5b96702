"""Settings of the source and the sink for reactivex."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from operators._kernel.failures.checks import need_choice, need_count
from operators._kernel.links.emitter import OVERFLOWS
from operators.connectors.arguments import need_fields


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """What to do with an Observable, which knows no demand.

    Up to `capacity` items wait; then `overflow` decides, as it does for `Flow.create`: "block" has the
    Observable's thread wait, "drop_newest", "drop_oldest" and "latest" drop, "error" fails.
    """

    overflow: Literal["block", "drop_newest", "drop_oldest", "latest", "error"] = "block"
    capacity: int = 256

    def __post_init__(self) -> None:
        need_fields("rx", self)
        need_choice("rx", "overflow", self.overflow, OVERFLOWS)
        need_count("rx", "capacity", self.capacity)


@dataclass(frozen=True, slots=True)
class SinkSettings:
    """How to hand items to an observer: up to `batch` of them wait while one is taken in."""

    batch: int = 64

    def __post_init__(self) -> None:
        need_fields("rx", self)
        need_count("rx", "batch", self.batch)
