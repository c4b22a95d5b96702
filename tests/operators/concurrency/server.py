"""A simulated server: calls take longer the more of them are at it at once, in the time of the loop."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from operators import Adaptive, Flow, adaptive
from operators.testing import VirtualClock

ALONE = 0.1
"""Seconds that a call takes on its own."""
TARGET = 0.2

SHAPES: dict[str, Callable[[float], float]] = {
    "linear": lambda load: max(1.0, load),
    "square": lambda load: max(1.0, load) ** 2,
    "steep": lambda load: 1.0 + max(0.0, 2 * (load - 1)),
}
"""How much longer a call takes, by how many there are for each that the server can work on at once."""


class Server:
    """Takes calls, and keeps when each ended and how long it took."""

    def __init__(
        self, clock: VirtualClock, shape: str, knee: Callable[[float], int], noise: float = 0.05
    ) -> None:
        self._clock = clock
        self._shape = SHAPES[shape]
        self._knee = knee
        self._chance = random.Random(7)
        self._noise = noise
        self.at_it = 0
        self.ended: list[tuple[float, float]] = []

    async def __call__(self, item: Any) -> Any:
        self.at_it += 1
        began = self._clock.now()
        load = self.at_it / self._knee(began)
        await asyncio.sleep(ALONE * self._shape(load) * self._chance.lognormvariate(0, self._noise))
        self.at_it -= 1
        self.ended.append((self._clock.now(), self._clock.now() - began))
        return item

    def run(self, concurrency: int | Adaptive, seconds: float) -> None:
        """Have as many calls in flight as may be, for so long."""

        async def main() -> None:
            flow = Flow.range(1_000_000).map_async(self, concurrency=concurrency, ordered=False)
            async for _ in flow:
                if self._clock.now() >= seconds:
                    return

        self._clock.run(main())

    def rate(self, first: int, last: int) -> float:
        """Return the calls a second, from the end of one to that of another."""
        began = self.ended[first - 1][0] if first else 0.0
        return (last - first) / (self.ended[last - 1][0] - began)

    def between(self, since: float, until: float) -> list[float]:
        """Return how long the calls took that ended in that time."""
        return [took for when, took in self.ended if since <= when < until]

    def slowest_of_a_hundred(self) -> float:
        """Return the 99th percentile."""
        return percentile([took for _, took in self.ended])


def percentile(values: list[float]) -> float:
    """Return the 99th percentile."""
    return sorted(values)[int(len(values) * 0.99) - 1]


def run(
    concurrency: int | Adaptive,
    calls: int,
    shape: str = "linear",
    knee: Callable[[float], int] = lambda _: 32,
) -> Server:
    """Return the server after so many calls, with as many in flight as may be."""
    clock = VirtualClock()
    server = Server(clock, shape, knee)

    async def main() -> None:
        flow = Flow.range(calls).map_async(server, concurrency=concurrency, ordered=False)
        assert sorted([n async for n in flow]) == list(range(calls))

    clock.run(main())
    return server


def follower(limits: list[int] | None = None) -> Adaptive:
    """Return what is shown in the tests and in the picture; its limits are added to the list."""
    told = None if limits is None else limits.append
    return adaptive(1, 128, target_latency=TARGET, on_change=told)


def watched(clock: VirtualClock, limits: list[tuple[float, int]]) -> Adaptive:
    """Return the same, whose limits are added with their time."""
    made = follower()
    limits.append((clock.now(), made.initial))
    return replace(made, on_change=lambda value: limits.append((clock.now(), value)))
