"""adaptive: a concurrency that follows how long calls take."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt

from operators._kernel.failures.checks import need_callable, need_count, need_seconds
from operators.concurrency._latency_limit import LatencyLimit


@dataclass(frozen=True)
class Adaptive:
    """How many calls may be in flight: between two bounds, as many as do not slow each other down."""

    least: int
    most: int
    target_latency: float
    """Seconds that all calls but one in a hundred are to take at most."""
    initial: int
    """How many there may be at first."""
    on_change: Callable[[int], object] | None = None
    """Is called with each new limit."""

    def limit(self) -> LatencyLimit:
        """Return a new limit for one subscription."""
        return LatencyLimit(
            self.least, self.most, self.target_latency, self.initial, self.on_change
        )

    def __str__(self) -> str:
        return f"adaptive({self.least}, {self.most}, target_latency={self.target_latency})"


def adaptive(
    min: int,
    max: int,
    *,
    target_latency: float,
    initial: int | None = None,
    on_change: Callable[[int], object] | None = None,
) -> Adaptive:
    """Return a concurrency for map_async and map_batches that follows how long calls take.

    It begins with `initial` calls in flight (the geometric mean of `min` and `max`), and lets in more,
    quickly at first, as long as calls take no longer than they do among few. Where they do, or where one
    in a hundred would take more than `target_latency` seconds, it goes back. So it settles at the knee,
    where more calls would only wait for each other, and follows when that moves. Calls that fail say
    nothing.
    Each subscription learns for itself. `on_change` is called with each new limit, by any thread.
    Raises ValueError where not 1 <= min <= initial <= max, or for a target of 0.

    >>> from operators import Flow, adaptive
    >>> limit = adaptive(1, 64, target_latency=0.5)
    >>> list(Flow.of("a", "b").map_async(str.upper, concurrency=limit))
    ['A', 'B']
    """
    need_count("adaptive", "min", min)
    need_count("adaptive", "max", max)
    if max < min:
        raise ValueError(f"adaptive: max must be at least min, {min}, got {max}")
    need_seconds("adaptive", "target_latency", target_latency)
    if not target_latency:
        raise ValueError("adaptive: target_latency must be more than 0 seconds")
    if initial is None:
        initial = round(sqrt(min * max))
    need_count("adaptive", "initial", initial)
    if not min <= initial <= max:
        raise ValueError(f"adaptive: initial must lie in {min}..{max}, got {initial}")
    if on_change is not None:
        need_callable("adaptive", "on_change", on_change)
    return Adaptive(min, max, target_latency, initial, on_change)
