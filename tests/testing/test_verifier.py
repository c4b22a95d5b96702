"""The step verifier: what it accepts, what it refuses, and what it then says."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from typing import Any

import pytest

from operators import Flow
from operators.schedulers import event_loop, thread
from operators.testing import TestPublisher, VirtualClock, expect
from reactive_streams import UNBOUNDED


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


def failing() -> Flow[str]:
    return Flow.of("a", "b").concat(Flow.error(ValueError("no more")))


async def slow(n: int) -> int:
    await asyncio.sleep(5)
    return n


def said(caught: pytest.ExceptionInfo[AssertionError]) -> tuple[str, list[str]]:
    """The message's first line, and the signals of its picture."""
    text = str(caught.value)
    rows = [line.split("|")[1].strip("<>- ") for line in text.splitlines() if "|" in line]
    return text.splitlines()[0], rows


# What it accepts ------------------------------------------------------------------------------------


def test_the_steps_of_the_documentation(clock: VirtualClock):
    steps = expect(failing(), clock=clock).request(2).next("a", "b").no_event(for_=5)
    steps.request(1).error(ValueError).within(1)
    assert clock.now() == 5.0
    assert [str(each) for each in steps.signals] == [
        "on_subscribe", "request(2)", "next 'a'", "next 'b'", "request(1)",
        "error ValueError('no more')",
    ]  # fmt: skip
    assert not clock.has_loop


def test_in_real_time_too():
    expect(failing()).request(2).next("a", "b").no_event(for_=0.01).request(1).error(
        ValueError, match="more"
    ).within(5)


def test_without_a_request_the_demand_is_unbounded():
    steps = expect(Flow.range(3)).next(0).next(1, 2).complete()
    assert steps.signals[1].value == UNBOUNDED
    assert steps.items == [0, 1, 2]
    expect(Flow.range(3), request=1).next(0).no_event(for_=0.01).request(2).next(1, 2).complete()


def test_items_that_fit(clock: VirtualClock):
    expect(Flow.range(9)).next_count(4).next_where(lambda n: n > 3).next(5).next_count(3).complete()
    nan = float("nan")
    expect(Flow.of(nan)).next(nan).complete()
    expect(Flow.error(KeyError("k"))).error(KeyError("k"))


def test_a_flow_on_another_thread():
    expect(Flow.range(1000).publish_on(thread())).next(*range(1000)).complete()


def test_calls_on_the_clocks_loop(clock: VirtualClock):
    flow = Flow.range(4).map_async(slow, concurrency=2)
    steps = expect(flow, clock=clock).no_event(for_=4.999).next(0, 1).within(0.001)
    steps.no_event(for_=4).next(2, 3).complete().within(1)
    assert (clock.now(), steps.elapsed) == (10.0, 10.0)


def test_the_default_scheduler_is_virtual_on_a_clock(clock: VirtualClock):
    scheduler = event_loop()
    expect(Flow.range(2).publish_on(scheduler), clock=clock).next(0, 1).complete()


def test_functions_in_between(clock: VirtualClock):
    source = TestPublisher[str]()
    steps = expect(Flow.from_publisher(source), clock=clock).request(2)
    steps.then(lambda: source.emit("a")).next("a")
    source.emit("b")
    steps.next("b").cancel()
    source.assert_cancelled()


def test_what_is_no_flow(clock: VirtualClock):
    source = TestPublisher[str]()
    expect(source).request(1).then(lambda: source.emit("a").complete()).next("a").complete()


# What it refuses ------------------------------------------------------------------------------------


def test_another_item():
    with pytest.raises(AssertionError) as caught:
        expect(failing()).request(2).next("a", "x")
    head, rows = said(caught)
    assert head.startswith("next('a', 'x'), at test_verifier.py:")
    assert head.endswith("expected next 'x', got next 'b'")
    assert rows == ["on_subscribe", "request(2)", "next 'a'", "next 'b'"]


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (lambda it: it.complete(), "expected complete, got next 'a'"),
        (lambda it: it.error(), "expected error Exception, got next 'a'"),
        (lambda it: it.next("a", "b", "c"), "expected next 'c', got error ValueError('no more')"),
        (
            lambda it: it.next("a", "b").error(KeyError),
            "expected error KeyError, got error ValueError",
        ),
        (
            lambda it: it.next("a", "b").error(ValueError("other")),
            "got error ValueError('no more')",
        ),
        (lambda it: it.next("a", "b").error(match="less"), "expected an error that matches 'less'"),
        (lambda it: it.no_event(for_=1), "expected no event for 1 seconds, got next 'a'"),
        (lambda it: it.next_count(3), "expected item 3 of 3, got error"),
        (lambda it: it.next_where(str.isupper), "the predicate holds, got next 'a'"),
    ],
)
def test_another_signal(step: Any, expected: str):
    with pytest.raises(AssertionError) as caught:
        step(expect(failing()))
    assert expected in str(caught.value)
    assert "error ValueError('no more')" in said(caught)[1]


def test_an_error_that_was_not_expected_is_the_cause():
    with pytest.raises(AssertionError) as caught:
        expect(failing()).next("a", "b", "c")
    assert isinstance(caught.value.__cause__, ValueError)


def test_an_item_that_nobody_has_asked_for():
    begun = time.monotonic()
    with pytest.raises(AssertionError, match="expected next 'b', which nobody has asked for"):
        expect(failing()).request(1).next("a", "b")
    assert time.monotonic() - begun < 5


def test_a_request_beside_unbounded_demand():
    with pytest.raises(AssertionError, match=r"expect\(flow, request=0\) begins with none"):
        expect(failing()).next("a").request(1)


def test_broken_rules():
    source = TestPublisher[str](misbehave="overflow")
    with pytest.raises(AssertionError, match=r"the flow has broken the rules: next 'b' although"):
        expect(source).request(1).then(lambda: source.emit("a", "b")).next("a")


# Time -----------------------------------------------------------------------------------------------


def test_within_is_of_the_step_before(clock: VirtualClock):
    flow = Flow.range(4).map_async(slow, concurrency=1)
    expect(flow, clock=clock).next(0).within(5).next(1, 2).within(10).next(3).cancel()
    with pytest.raises(AssertionError, match=r"within\(4.9\): the step before took 5.000 seconds"):
        expect(flow, clock=clock).next(0).within(4.9)


def test_a_finite_deadline_and_who_waits_for_whom():
    begun = time.monotonic()
    flow = Flow.never().map(str).publish_on(thread("hop"))
    with pytest.raises(AssertionError) as caught:
        expect(flow, deadline=0.1).next("a")
    assert 0.1 <= time.monotonic() - begun < 10
    text = str(caught.value)
    assert "the test waits for the flow: it has asked without bound, and 0 have come" in text
    assert "publish_on waits for items, of map: asked without bound, has emitted 0" in text
    assert "map waits for items, of never: asked for 256" in text
    assert "never works" in text
    assert f"at {__file__.rpartition('/')[2]}:" in text


def test_on_a_clock_the_tasks_that_wait_are_told(clock: VirtualClock):
    async def hopeless(n: int) -> int:
        return await asyncio.get_running_loop().create_future()

    begun = time.monotonic()
    with pytest.raises(AssertionError) as caught:
        expect(Flow.range(5).map_async(hopeless, concurrency=2), clock=clock).next(0)
    assert time.monotonic() - begun < 10
    text = str(caught.value)
    assert "map_async works: asked without bound, has emitted 0, holds 2" in text
    assert "hopeless (" in text
    assert "waits, for a Future" in text


def test_a_flow_that_waits_for_the_test():
    with pytest.raises(AssertionError, match="the flow waits for the test: all 1 items"):
        expect(Flow.from_iterable(iter("ab")), deadline=0.1).request(1).next("a").complete()
    with pytest.raises(AssertionError, match="the flow waits for the test: no request"):
        expect(Flow.range(2), request=0, deadline=0.1).complete()


def test_ticks_for_ever_do_not_keep_it_for_ever():
    clock = VirtualClock(patience=0.3)
    worker = clock.worker()

    def tick() -> None:
        worker.schedule(tick, 0.001)

    tick()
    begun = time.monotonic()
    with pytest.raises(AssertionError, match="nothing has come in time"):
        expect(Flow.never(), clock=clock).next_count(1)
    assert time.monotonic() - begun < 10


# In a coroutine -------------------------------------------------------------------------------------


def test_in_a_coroutine_it_is_awaited(clock: VirtualClock):
    async def main() -> None:
        flow = Flow.range(3).map_async(slow, concurrency=1)
        steps = await expect(flow).request(1).no_event(for_=4.9).next(0).within(1)
        assert (steps.items, steps.elapsed) == ([0], 5.0)
        await steps.request(2).next(1, 2).complete()
        with pytest.raises(AssertionError, match="nothing has come in time"):
            await expect(flow).next(0).within(4)
        assert clock.now() == 19.0

    clock.run(main())


def test_in_a_coroutine_on_a_real_loop():
    async def main() -> None:
        await expect(Flow.range(3).publish_on(thread())).next(0, 1, 2).complete()
        with pytest.raises(AssertionError, match="expected next 7, got next 0"):
            await expect(Flow.range(3)).next(7)

    asyncio.run(main())


def test_forgetting_to_await_is_told():
    async def main() -> None:
        with pytest.warns(RuntimeWarning, match="never awaited"):
            expect(Flow.range(3)).next(7)

    asyncio.run(main())


def test_a_plain_one_is_not_awaited():
    steps = expect(Flow.range(1)).next(0)

    async def main() -> None:
        with pytest.raises(RuntimeError, match="made in a plain function"):
            await steps
        with pytest.raises(RuntimeError, match="made in a plain function"):
            steps.complete()

    asyncio.run(main())
    steps.complete()


# Nothing is left ------------------------------------------------------------------------------------


def test_one_that_is_dropped_half_way_cancels(clock: VirtualClock):
    source = TestPublisher[str]()
    expect(source).request(2).then(lambda: source.emit("a")).next("a")
    gc.collect()
    source.assert_cancelled()
    expect(Flow.range(4).map_async(slow, concurrency=2), clock=clock).next(0)
    gc.collect()
    assert not clock.has_loop


def test_a_failure_cancels():
    source = TestPublisher[str]()
    with pytest.raises(AssertionError):
        expect(source).request(2).then(lambda: source.emit("a")).next("b")
    source.assert_cancelled()


def test_long_sequences_are_cut_short():
    with pytest.raises(AssertionError) as caught:
        expect(Flow.range(10_000)).next_count(10_000).next(7)
    text = str(caught.value)
    assert "more ..." in text
    assert len(text.splitlines()) < 120


def test_from_many_threads_at_once():
    threads = [
        threading.Thread(
            target=lambda: expect(Flow.range(100).publish_on(thread())).next(*range(100)).complete()
        )
        for _ in range(8)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
