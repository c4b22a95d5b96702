"""Fused and pushed chains are indistinguishable except in speed (DESIGN 6), over random pipelines."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from operators import Flow
from operators.watching import watching
from tests.properties.pipelines import (
    FLAT,
    SWITCHING,
    SYNCHRONOUS,
    Source,
    Step,
    Trace,
    early_exits,
    sources,
    step_lists,
)
from tests.properties.worlds import (
    FROM_OUTSIDE,
    ONE_BY_ONE,
    UNLIMITED,
    Demand,
    Opaque,
    Run,
    Splitter,
    build,
    by_async_for,
    by_for,
    by_subscriber,
    fused,
    listed,
    listed_pushed,
    pushed,
    split,
    with_identities,
)

Make = Callable[[Source, list[Step], Trace], Flow[Any]]
ANY = (*SYNCHRONOUS, *SWITCHING)
# Signals that a loop does not see, and the moment of a cleanup, which has tests of its own.
ONLY_PUSHED = ("complete", "failed", "closed", "finally", "ask")


def looped(make: Make, source: Source, steps: list[Step], most: int | None) -> Run:
    trace = Trace()
    return by_for(make(source, steps, trace), trace, most)


def delivered(
    make: Make, source: Source, steps: list[Step], most: int | None, demand: Demand = ONE_BY_ONE
) -> Run:
    trace = Trace()
    return by_subscriber(make(source, steps, trace), trace, most, demand)


def same(left: Run, right: Run, *, but: tuple[str, ...] = ONLY_PUSHED) -> None:
    """Values, side effects, pulls in the same order; the same end; each source closed once."""
    assert left.trace.without(*but) == right.trace.without(*but)
    assert left.ended == right.ended
    for run in (left, right):
        begun = sorted(event[1] for event in run.trace.only("begin"))
        closed = sorted(event[1] for event in run.trace.only("closed"))
        assert begun == closed
    assert sorted(left.trace.only("closed")) == sorted(right.trace.only("closed"))


@given(sources(), step_lists(ANY), early_exits)
@settings(max_examples=300)
def test_a_loop_sees_no_difference(source: Source, steps: list[Step], most: int | None) -> None:
    reference = looped(fused, source, steps, most)
    event(f"ended: {reference.ended[0]}")
    same(reference, looped(pushed, source, steps, most))
    same(reference, looped(with_identities, source, steps, most))
    trace = Trace()
    with watching(Splitter()):
        same(reference, by_for(fused(source, steps, trace), trace, most))


demands = st.builds(Demand, st.sampled_from([0, 1, 2, 3, 7]), st.integers(1, 4), st.booleans())


@given(sources(), step_lists(ANY), early_exits, demands)
@settings(max_examples=300)
def test_a_subscriber_sees_no_difference(
    source: Source, steps: list[Step], most: int | None, demand: Demand
) -> None:
    reference = delivered(fused, source, steps, most, demand)
    # What comes first, the end of the stream or what is to be done at the end of what is above a queue,
    # is up to when that queue is looked at.
    but = ("closed", "finally")
    trace = Trace()
    for run in (
        delivered(pushed, source, steps, most, demand),
        split(fused(source, steps, trace), trace, most, demand),
    ):
        same(reference, run, but=but)
        assert sorted(run.trace.only("finally")) == sorted(reference.trace.only("finally"))


@given(sources(), step_lists(FLAT), early_exits, demands)
@settings(max_examples=300)
def test_a_source_is_cleaned_up_at_the_same_moment(
    source: Source, steps: list[Step], most: int | None, demand: Demand
) -> None:
    reference = delivered(fused, source, steps, most, demand)
    same(reference, delivered(pushed, source, steps, most, demand), but=())
    trace = Trace()
    same(reference, split(fused(source, steps, trace), trace, most, demand), but=())


@given(sources(), step_lists(FLAT), early_exits, demands)
@settings(max_examples=300)
def test_an_end_that_is_known_is_told_at_the_same_moment(
    source: Source, steps: list[Step], most: int | None, demand: Demand
) -> None:
    reference = delivered(listed, source, steps, most, demand)
    same(reference, delivered(listed_pushed, source, steps, most, demand), but=())
    trace = Trace()
    same(reference, split(listed(source, steps, trace), trace, most, demand), but=())


@given(sources(), step_lists(ANY), early_exits)
@settings(max_examples=200)
def test_all_ways_to_ask_bring_the_same(
    source: Source, steps: list[Step], most: int | None
) -> None:
    reference = looped(fused, source, steps, most)
    for make in (fused, pushed):
        for demand in (ONE_BY_ONE, FROM_OUTSIDE, UNLIMITED):
            run = delivered(make, source, steps, most, demand)
            assert run.ended == reference.ended
            assert run.trace.only("out") == reference.trace.only("out")
            if "limit_rate" not in {step.name for step in steps}:
                same(reference, run)


def from_async(source: Source, steps: list[Step], trace: Trace) -> Flow[Any]:
    return build(aopened(source, trace), steps, trace)


def from_async_pushed(source: Source, steps: list[Step], trace: Trace) -> Flow[Any]:
    return build(Flow.from_publisher(Opaque(aopened(source, trace))), steps, trace)


def aopened(source: Source, trace: Trace) -> Flow[Any]:
    return Flow.from_async_iterable(trace.agenerator("source", source))


@pytest.fixture(scope="module")
def runner() -> Any:
    with asyncio.Runner() as runner:
        yield runner


@given(sources(), step_lists(ANY), early_exits)
@settings(max_examples=150)
def test_async_for_sees_no_difference(
    runner: asyncio.Runner, source: Source, steps: list[Step], most: int | None
) -> None:
    reference = looped(fused, source, steps, most)

    async def compare() -> None:
        for make in (fused, pushed, with_identities):
            trace = Trace()
            same(reference, await by_async_for(make(source, steps, trace), trace, most))

    runner.run(compare())


@given(sources(), step_lists((*SYNCHRONOUS, "concat_map")), early_exits)
@settings(max_examples=150)
def test_an_async_source_makes_no_difference(
    runner: asyncio.Runner, source: Source, steps: list[Step], most: int | None
) -> None:
    reference = looped(fused, source, steps, most)

    async def compare() -> None:
        expected = None
        for make in (from_async, from_async_pushed):
            trace = Trace()
            run = await by_async_for(make(source, steps, trace), trace, most)
            await settled(trace)
            assert run.trace.without("closed") == reference.trace.without("closed")
            expected = expected or run  # its notes name from_async_iterable
            same(expected, run)

    runner.run(compare())


async def settled(trace: Trace) -> None:
    """A pushed async source is closed by its own task, soon after it was cancelled."""
    async with asyncio.timeout(20):
        while len(trace.only("begin")) > len(trace.only("closed")):  # noqa: ASYNC110 - no event there
            await asyncio.sleep(0)


@given(sources(), step_lists(ANY), early_exits)
@settings(max_examples=60)
def test_an_async_source_brings_a_plain_loop_the_same(
    source: Source, steps: list[Step], most: int | None
) -> None:
    # It runs in another thread, and ahead of the loop, so that the order in between is open.
    reference = looped(fused, source, steps, most)
    run = looped(from_async, source, steps, most)
    assert run.trace.only("out") == reference.trace.only("out")
    assert run.ended[:2] == reference.ended[:2]
