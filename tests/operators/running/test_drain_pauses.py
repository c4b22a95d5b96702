"""drain in the midst of a pause: the run is over there and then, not when the pause would have been."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from operators import Backoff, Flow
from operators.schedulers import thread
from operators.testing import VirtualClock

FAILS = Flow.of(1).concat(Flow.error(KeyError("gone")))
Pausing = Callable[[VirtualClock], Flow[Any]]


def run(flow: Flow[Any], clock: VirtualClock) -> tuple[list[Any], Any]:
    got: list[Any] = []
    handle = flow.for_each(got.append)
    clock.advance(1)
    assert not handle.done
    handle.drain()
    return got, handle


@pytest.mark.parametrize(
    "pausing",
    [
        lambda clock: FAILS.retry(3, backoff=60, scheduler=clock),
        lambda clock: FAILS.restart(Backoff(60), scheduler=clock),
    ],
    ids=["retry", "restart"],
)
def test_the_error_before_the_pause_goes_on(pausing: Pausing):
    clock = VirtualClock()
    got, handle = run(pausing(clock), clock)
    assert handle.done
    with pytest.raises(KeyError, match="gone"):
        handle.result()
    clock.advance(1_000)
    assert got == [1]


@pytest.mark.parametrize(
    ("pausing", "items"),
    [
        (lambda clock: Flow.of(1).restart(60, scheduler=clock), [1]),
        (lambda clock: Flow.of(1).repeat(pause=60, scheduler=clock), [1]),
        (lambda clock: Flow.of(1).delay_subscription(60, scheduler=clock), []),
        (
            lambda clock: Flow.of(1).delay_subscription(60, scheduler=clock).default_if_empty(7),
            [7],
        ),
    ],
    ids=["restart", "repeat", "delay_subscription", "then something else"],
)
def test_who_had_completed_before_it_completes(pausing: Pausing, items: list[int]):
    clock = VirtualClock()
    got, handle = run(pausing(clock), clock)
    assert handle.done
    handle.result()
    clock.advance(1_000)
    assert got == items


def test_an_error_of_an_earlier_run_is_not_that_of_a_pause_after_a_completion():
    clock = VirtualClock()
    runs = iter([FAILS, Flow.of(2), Flow.of(3)])
    flow = Flow.defer(lambda: next(runs)).restart(Backoff(0.5, factor=120), scheduler=clock)
    got, handle = run(flow, clock)
    assert handle.done
    handle.result()
    assert got == [1, 2]


def test_what_is_subscribed_to_after_its_delay_still_gives_out_what_it_holds():
    clock = VirtualClock()
    got: list[Any] = []
    flow = Flow.interval(1.0, scheduler=clock).buffer(100)
    handle = flow.delay_subscription(1, scheduler=clock).for_each(got.append)
    clock.advance(3.5)
    handle.drain()
    handle.result()
    assert got == [[0, 1]]


def test_a_pause_of_a_flow_made_of_an_item_is_work_that_is_finished():
    clock = VirtualClock()
    tries = iter([FAILS, Flow.of(2)])
    inner = Flow.defer(lambda: next(tries)).retry(3, backoff=60, scheduler=clock)
    got, handle = run(Flow.of(0).flat_map(lambda _: inner), clock)
    assert not handle.done
    clock.advance(60)
    handle.result()
    assert got == [1, 2]


def test_a_drain_races_with_the_end_of_the_pause():
    for _ in range(50):
        gate = threading.Barrier(2)

        def told(_: object, gate: threading.Barrier = gate) -> None:
            gate.wait(10)

        flow = Flow.of(1).restart(1e-6, times=1, on_restart=told).subscribe_on(thread())
        handle = flow.for_each(str)
        gate.wait(10)
        handle.drain()
        handle.result(10)


@pytest.mark.parametrize(
    "flow",
    [
        Flow.never().repeat(),
        Flow.concat(*[Flow.never()] * 3),
        Flow.never().repeat().repeat(),
        Flow.defer(Flow.never).repeat().map(str),
    ],
    ids=["repeat", "concat", "repeat twice", "defer"],
)
def test_a_flow_of_flows_is_ended_before_what_it_has_given(flow: Flow[Any]):
    handle = flow.for_each(str)
    drains = threading.Thread(target=handle.drain, daemon=True)  # it may not come back
    drains.start()
    drains.join(10)
    assert handle.done
    handle.result()
