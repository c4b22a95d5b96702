"""watch: what is reported, when, how often, and that nothing stays behind."""

from __future__ import annotations

import gc
import logging
import threading
import weakref
from collections.abc import Callable
from typing import Any

import pytest

from operators import Flow
from operators.hooks import set_error_hook
from operators.schedulers import immediate, thread
from operators.testing import VirtualClock
from operators.watching import Stall, watch_all
from operators.watching.runs import Run, runs
from reactive_streams import UNBOUNDED
from tests.operators.kit import probe
from tests.operators.watching.hangs import Asking

DEADLINE = 20.0


def own() -> list[Run]:
    """The runs that were begun in this file; others may wait for the collector."""
    return [run for run in runs() if run.where.startswith("test_watch.py:")]


def test_a_stall_is_reported_once_until_something_moves():
    clock = VirtualClock()
    stalls: list[Stall] = []
    subscriptions: list[Any] = []

    class Consumer(Asking):
        def on_subscribe(self, subscription: Any) -> None:
            subscriptions.append(subscription)

    flow = Flow.range(9).map(str).watch(stall=4, report=stalls.append, scheduler=clock)
    flow.subscribe(Consumer())
    clock.advance(3)
    assert stalls == []
    clock.advance(20)
    (stall,) = stalls
    assert (stall.title, stall.requested, stall.emitted, stall.demand) == ("consumer", 0, 0, 0)
    assert 4 <= stall.seconds <= 5
    subscriptions[0].request(2)
    clock.advance(3)
    assert len(stalls) == 1
    clock.advance(20)
    assert [(each.requested, each.emitted) for each in stalls] == [(0, 0), (2, 2)]
    subscriptions[0].request(UNBOUNDED)
    clock.advance(20)
    assert len(stalls) == 2  # it is over


def test_without_a_report_it_is_logged(caplog: pytest.LogCaptureFixture):
    clock = VirtualClock()
    flow = Flow.never().named("quiet").watch(stall=1, scheduler=clock)
    handle = flow.for_each(print)
    with caplog.at_level(logging.WARNING, "operators.watching"):
        clock.advance(5)
    handle.cancel()
    (record,) = caplog.records
    assert "held up by  never 'quiet' (test_watch.py:" in record.getMessage()


def test_by_the_clock_on_the_wall():
    stalls: list[Stall] = []
    told = threading.Event()

    def report(stall: Stall) -> None:
        stalls.append(stall)
        told.set()

    handle = Flow.never().watch(stall=0.02, report=report).for_each(print)
    assert told.wait(DEADLINE)
    handle.cancel()
    assert stalls[0].title == "never"
    assert not own()


class _Refusing:
    """A scheduler whose workers take nothing."""

    def now(self) -> float:
        return 0.0

    def worker(self) -> _Refusing:
        return self

    def schedule(self, fn: Callable[[], object], delay: float = 0.0) -> None:
        raise RuntimeError("can't start new thread")

    def close(self) -> None:
        pass


@pytest.mark.parametrize("scheduler", [None, _Refusing()])
def test_a_run_that_cannot_be_watched_goes_on_and_the_next_one_is(
    scheduler: Any, monkeypatch: pytest.MonkeyPatch
):
    dropped: list[str] = []
    before = set_error_hook(lambda error, where: dropped.append(f"{error}, {where}"))
    try:
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", lambda _: _Refusing().schedule(print))
            seen = probe(Flow.range(3).watch(stall=0.02, scheduler=scheduler), 9)
    finally:
        set_error_hook(before)

    assert seen.items == [0, 1, 2]
    (told,) = dropped
    assert told.startswith("can't start new thread, raised where range, ")
    assert "test_watch.py" in told
    test_by_the_clock_on_the_wall()


def test_what_moves_is_not_reported():
    clock = VirtualClock()
    stalls: list[Stall] = []
    flow = Flow.interval(1.0, scheduler=clock).watch(stall=4, report=stalls.append, scheduler=clock)
    handle = flow.for_each(lambda _: None)
    clock.advance(40)
    handle.cancel()
    assert stalls == []


def test_what_the_report_raises_goes_to_the_hook():
    clock = VirtualClock()
    dropped: list[BaseException] = []

    def report(stall: Stall) -> None:
        raise ValueError("no paper")

    handle = Flow.never().watch(stall=1, report=report, scheduler=clock).for_each(print)
    before = set_error_hook(lambda error, where: dropped.append(error))
    try:
        clock.advance(3)
    finally:
        set_error_hook(before)
    handle.cancel()
    assert [str(error) for error in dropped] == ["no paper"]


@pytest.mark.parametrize("make", [
    lambda flow: flow,
    lambda flow: flow.map(str).filter(bool),
    lambda flow: Flow.range(99).zip(flow).map(lambda pair: pair[1]),
])  # fmt: skip
def test_what_is_downstream_and_what_a_flow_is_given_to_is_watched_too(make: Any):
    clock = VirtualClock()
    stalls: list[Stall] = []
    flow = make(Flow.never().watch(stall=1, report=stalls.append, scheduler=clock))
    handle = flow.for_each(lambda _: None)
    clock.advance(3)
    handle.cancel()
    assert [stall.title for stall in stalls] == ["never"]


def test_watch_all_watches_every_flow_inside_of_it():
    clock = VirtualClock()
    stalls: list[Stall] = []
    flow = Flow.never().named("any")
    with watch_all(stall=1, report=stalls.append, scheduler=clock):
        assert list(Flow.range(3)) == [0, 1, 2]
        handle = flow.for_each(lambda _: None)
    after = flow.for_each(lambda _: None)
    clock.advance(5)
    handle.cancel()
    after.cancel()
    assert [stall.title for stall in stalls] == ["never 'any'"]


def test_a_run_that_nobody_has_any_more_is_let_go_of():
    Flow.range(9).publish_on(immediate()).watch(stall=1000).subscribe(Asking())
    (run,) = own()
    gone = weakref.ref(run)
    del run
    gc.collect()
    assert gone() is None
    assert not own()


def test_many_runs_have_one_thread():
    flows = [Flow.never().watch(stall=1000).for_each(print) for _ in range(5)]
    names = [it.name for it in threading.enumerate() if it.name.startswith("operators-watch")]
    assert len(names) == 1
    assert len(own()) == 5
    for handle in flows:
        handle.cancel()
    assert not own()


@pytest.mark.parametrize(
    "run", [list, lambda flow: flow.run(), lambda flow: flow.for_each(str).result()]
)
def test_a_watched_flow_gives_the_same_and_ends(run: Any):
    flow = Flow.range(50).map(str).publish_on(thread()).buffer(3)
    assert run(flow.watch(stall=1000)) == run(flow)
    assert not own()


def test_what_makes_no_sense_is_refused():
    flow = Flow.range(1)
    for stall in (0, -1, "5"):
        with pytest.raises((TypeError, ValueError), match="stall"):
            flow.watch(stall=stall)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="report"):
        flow.watch(report=3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="Scheduler"):
        flow.watch(scheduler=3)  # type: ignore[arg-type]
