"""Load shedding: under three times as much as can be done, what is done is done in time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from operators import Flow, adaptive
from operators.testing import VirtualClock
from tests.operators.concurrency.server import ALONE, SHAPES, TARGET, Server

pytestmark = pytest.mark.long

KNEE = 32
CAPACITY = KNEE / ALONE
"""Calls a second that the server can do."""
DEADLINE = 1.0
"""Seconds after which nobody waits for an answer any more."""
SECONDS = 20


class Asked(NamedTuple):
    """A question, and when it came."""

    number: int
    came: float


class Outcome(NamedTuple):
    """What came of a run, as shares of what the server can do."""

    good: float
    """Answers in time."""
    urgent: float
    """Answers in time to every tenth question, which is urgent: as a share of those."""


Calls = Callable[[Any, Server], Any]


def under_load(times: float, guard: Callable[[Any], Any], calls: Calls, shape: str) -> Outcome:
    """Return what comes of `times` as many questions as the server can answer."""
    clock = VirtualClock()
    server = Server(clock, shape, lambda _: KNEE)
    every = 1 / (times * CAPACITY)
    total = int(SECONDS / every)
    good = urgent = 0

    async def main() -> None:
        nonlocal good, urgent
        asked = Flow.interval(every).take(total).map(lambda n: Asked(n, clock.now()))
        async for question in calls(guard(asked), server):
            if clock.now() - question.came <= DEADLINE and clock.now() <= SECONDS:
                good += 1
                urgent += question.number % 10 == 0

    clock.run(main())
    return Outcome(good / (CAPACITY * SECONDS), urgent / (total / 10))


def at_once(flow: Any, server: Server) -> Any:
    """Return the answers, with as many calls as the server does best with."""
    return flow.map_async(server, concurrency=KNEE, ordered=False)


def adapting(flow: Any, server: Server) -> Any:
    """Return the answers, with nobody knowing how many that is."""
    return flow.map_async(
        server, concurrency=adaptive(1, 128, target_latency=TARGET), ordered=False
    )


def unguarded(flow: Any) -> Any:
    """Return what a queue makes of it in which all wait."""
    return flow.on_backpressure_buffer(1_000_000)


GUARDS: dict[str, Callable[[Any], Any]] = {
    "by age": lambda flow: flow.shed(1_000, age=0.7),
    "by the time that all have waited": lambda flow: flow.shed(1_000, target=0.05),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("guard", GUARDS)
@pytest.mark.parametrize("calls", [at_once, adapting])
def test_shedding_keeps_nine_tenths_of_the_capacity_in_time(
    calls: Calls, guard: str, shape: str
) -> None:
    outcome = under_load(3, GUARDS[guard], calls, shape)
    most = 0.9 if calls is at_once or shape == "linear" else 0.85  # within 15 % of the best limit
    assert outcome.good >= most, f"{outcome}"


@pytest.mark.parametrize("calls", [at_once, adapting])
def test_without_it_less_than_a_third_is(calls: Calls) -> None:
    assert under_load(3, unguarded, calls, "linear").good < 0.3


def test_by_priority_the_urgent_ones_come_first() -> None:
    def by_priority(flow: Any) -> Any:
        return flow.shed(200, age=0.8, priority=lambda asked: asked.number % 10 == 0)

    outcome = under_load(3, by_priority, at_once, "linear")
    assert outcome.good >= 0.9
    assert outcome.urgent >= 0.95


def test_without_overload_nothing_is_lost() -> None:
    assert under_load(0.8, GUARDS["by age"], at_once, "linear").good >= 0.78
