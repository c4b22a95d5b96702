"""TestSubscriber: demand by hand, what came, and what the Publisher did against the rules."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from operators import Flow
from operators.schedulers import thread
from operators.testing import TestPublisher, TestSubscriber, VirtualClock
from reactive_streams import UNBOUNDED, Subscriber


def subscribed(publisher: Any, request: int = 0, **settings: Any) -> TestSubscriber[Any]:
    seen = TestSubscriber[Any](request, **settings)
    publisher.subscribe(seen)
    return seen


def test_it_is_a_subscriber_and_no_test():
    assert isinstance(TestSubscriber(), Subscriber)
    assert TestSubscriber.__test__ is False


def test_items_come_as_they_are_asked_for():
    seen = subscribed(Flow.range(5), 1)
    seen.assert_items(0).assert_not_ended()
    assert (seen.requested, seen.outstanding) == (1, 0)
    seen.request(2).assert_items(0, 1, 2).assert_count(3)
    seen.request(UNBOUNDED).assert_items(0, 1, 2, 3, 4).assert_completed()
    assert seen.outstanding == UNBOUNDED
    assert [str(each) for each in seen.signals] == [
        "on_subscribe", "request(1)", "next 0", "request(2)", "next 1", "next 2",
        "request(UNBOUNDED)", "next 3", "next 4", "complete",
    ]  # fmt: skip


def test_a_cancel_is_the_end():
    seen = subscribed(Flow.range(5), 2)
    seen.cancel().request(2).assert_items(0, 1).assert_not_ended()
    assert seen.cancelled
    assert seen.waits_for == "the stream is over"


def test_it_waits_for_items_and_the_end():
    seen = subscribed(Flow.range(50).publish_on(thread()), 20)
    seen.await_items(20)
    seen.request(UNBOUNDED).await_end().assert_count(50).assert_completed()


def test_it_moves_a_clock_on_while_it_waits():
    clock = VirtualClock()
    seen = subscribed(Flow.range(3).publish_on(clock), 3, clock=clock)
    clock.worker().schedule(lambda: None, 7)
    seen.assert_nothing().await_end().assert_items(0, 1, 2)
    assert clock.now() == 0.0


def test_an_error_and_its_text():
    seen = subscribed(Flow.error(ValueError("seven is wrong")), 1)
    seen.assert_error(ValueError, match="seven").assert_items()
    with pytest.raises(AssertionError, match="expected error KeyError, but it has failed with"):
        seen.assert_error(KeyError)
    with pytest.raises(AssertionError, match="expected an error that matches 'eight'"):
        seen.assert_error(ValueError, match="eight")
    with pytest.raises(AssertionError, match="expected complete, but it has failed"):
        seen.assert_completed()
    with pytest.raises(AssertionError, match="expected no end"):
        seen.assert_not_ended()


def test_what_fails_shows_all_signals():
    seen = subscribed(Flow.of("a", "b"), 1)
    with pytest.raises(AssertionError) as caught:
        seen.assert_items("a", "b")
    text = str(caught.value)
    assert text.startswith("expected ['a', 'b'], got ['a']")
    rows = [line.split("|")[1].strip("<>- ") for line in text.splitlines() if "|" in line]
    assert rows == ["on_subscribe", "request(1)", "next 'a'"]


def test_waiting_in_vain_says_who_waits_for_whom():
    never = subscribed(Flow.never(), 2, deadline=0.05)
    with pytest.raises(AssertionError, match=r"within 0.05 seconds; the test waits for the flow"):
        never.await_items(1)
    unasked = subscribed(Flow.range(2), 1, deadline=0.05)
    with pytest.raises(AssertionError, match="the flow waits for the test: all 1 items"):
        unasked.await_end()
    with pytest.raises(AssertionError, match="nobody to request from"):
        TestSubscriber[int]().request(1)


def test_waiting_on_an_event_loop_is_refused():
    async def main() -> None:
        with pytest.raises(RuntimeError, match="block the running event loop"):
            subscribed(Flow.never(), 1).await_items(1)

    asyncio.run(main())


def broken(seen: TestSubscriber[Any]) -> str:
    with pytest.raises(AssertionError, match="has broken the rules") as caught:
        seen.assert_count(0, at_least=True)
    return str(caught.value)


def test_more_items_than_were_asked_for():
    source = TestPublisher[int](misbehave="overflow")
    seen = subscribed(source, 1)
    source.emit(1, 2)
    assert "next 2 although only 1 were asked for (§1.1)" in broken(seen)


def test_signals_after_the_end():
    source = TestPublisher[int](misbehave="late signals")
    seen = subscribed(source, 2)
    source.complete().emit(1)
    assert "next 1 after the end (§1.7)" in broken(seen)


def test_a_second_subscription_is_cancelled():
    source = TestPublisher[int](misbehave="second on_subscribe")
    seen = subscribed(source, 1)
    assert "on_subscribe a second time (§2.12)" in broken(seen)
    assert [each.name for each in source.signals].count("cancel") == 1
    source.emit(1)
    assert seen.items == [1]


def test_none_is_refused_and_noted():
    seen = TestSubscriber[Any]()
    for method in (seen.on_subscribe, seen.on_next, seen.on_error):
        with pytest.raises(TypeError, match=r"§2.13"):
            method(None)  # type: ignore[arg-type]
    assert "before on_subscribe (§1.9)" in broken(seen)
    assert "(§2.13)" in broken(seen)


def test_signals_of_two_threads_at_once():
    inside, go_on = threading.Event(), threading.Event()

    class Slow(TestSubscriber[int]):
        def on_next(self, item: int) -> None:
            with self._signal("on_next", item):
                if item == 1:
                    inside.set()
                    assert go_on.wait(20)

    source, seen = TestPublisher[int](), Slow(2)
    source.subscribe(seen)
    first = threading.Thread(target=source.emit, args=(1,))
    first.start()
    assert inside.wait(20)
    source.emit(2)
    go_on.set()
    first.join()
    assert "next 2 while another thread signals (§1.3)" in broken(seen)


def test_a_bad_request_is_passed_on_and_answered_by_an_error():
    seen = subscribed(Flow.range(3))
    seen.request(0).assert_error(ValueError, match=r"3\.9")
    assert seen.requested == 0
