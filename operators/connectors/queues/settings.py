"""Settings of the queues' source and sink."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from operators._kernel.failures.checks import need_count, need_seconds
from operators.connectors.arguments import need_fields

NO_END: Final[Any] = object()
"""No item ends it."""


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """How to read a queue.

    `end` is the item that ends the flow, compared by `==`; None by default, which is no element (§2.13).
    `prefetch` is the number of items in hand, at least 1: with more than one they are taken together where
    several are there. `longest_wait` is in seconds, and for queues that cannot be awaited: how long after
    an item has come it is seen, at most, where the queue was empty before.
    """

    end: Any = None
    prefetch: int = 1
    longest_wait: float = 0.01

    def __post_init__(self) -> None:
        need_fields("queues", self)
        need_count("queues", "prefetch", self.prefetch)
        need_seconds("queues", "longest_wait", self.longest_wait)


@dataclass(frozen=True, slots=True)
class SinkSettings:
    """How to write into a queue.

    `end`, where it is given, is put in when the flow has completed, and only then. `batch` is the number
    of items that wait for the queue, at least 1, beside as many in hand. `longest_wait` is in seconds, and
    for queues that cannot be awaited: how long after there is room in a full queue the next item is put
    in, at most.
    """

    end: Any = NO_END
    batch: int = 64
    longest_wait: float = 0.01

    def __post_init__(self) -> None:
        need_fields("queues", self)
        need_count("queues", "batch", self.batch)
        need_seconds("queues", "longest_wait", self.longest_wait)
