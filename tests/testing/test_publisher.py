"""TestPublisher: signals by hand, within the rules unless told otherwise."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from operators import Flow, RuleViolation
from operators.schedulers import thread
from operators.testing import TestPublisher, TestSubscriber, VirtualClock
from reactive_streams import UNBOUNDED, Publisher


def pair(request: int = 0, **settings: Any) -> tuple[TestPublisher[Any], TestSubscriber[Any]]:
    source, seen = TestPublisher[Any](**settings), TestSubscriber[Any](request)
    source.subscribe(seen)
    return source, seen


def test_it_is_a_publisher_and_no_test():
    assert isinstance(TestPublisher(), Publisher)
    assert TestPublisher.__test__ is False


def test_it_tells_what_it_was_asked_for():
    source, seen = pair(2)
    source.assert_subscribed().assert_requested(2).assert_not_cancelled().emit("a")
    assert source.outstanding == 1
    seen.request(5)
    assert (source.requests, source.requested, source.outstanding) == ([2, 5], 7, 6)
    seen.request(UNBOUNDED)
    assert (source.requested, source.outstanding) == (UNBOUNDED, UNBOUNDED)
    seen.cancel()
    source.assert_cancelled()
    assert source.outstanding == 0


def test_nobody_gets_what_nobody_asked_for():
    source, seen = pair(1)
    with pytest.raises(
        AssertionError, match=r"next 'b': nobody has asked for it \(§1.1\)"
    ) as caught:
        source.emit("a", "b")
    assert "request(1)" in str(caught.value)
    seen.assert_items("a").assert_not_ended()


def test_after_a_cancel_it_is_silent_and_keeps_what_was_not_delivered():
    source, seen = pair(5)
    seen.cancel()
    source.emit("late").complete()
    seen.assert_nothing()
    assert source.undelivered == ["late"]


def test_after_the_end_there_is_nothing_to_signal():
    source, _ = pair(5)
    source.complete()
    for signal in (source.complete, lambda: source.emit("x"), lambda: source.fail(KeyError())):
        with pytest.raises(AssertionError, match=r"\(§1.7\)"):
            signal()


def test_nobody_is_there():
    with pytest.raises(AssertionError, match="nobody has subscribed"):
        TestPublisher[int]().emit(1)
    with pytest.raises(AssertionError, match="expected a Subscriber"):
        TestPublisher[int]().assert_subscribed()
    with pytest.raises(AssertionError, match="expected a cancel"):
        TestPublisher[int]().assert_cancelled()


def test_a_later_subscriber_gets_what_comes_from_then_on():
    source, first = pair(5)
    source.emit(1)
    second, third = TestSubscriber[Any](5), TestSubscriber[Any](5)
    source.subscribe(second)
    source.emit(2).fail(KeyError("end"))
    source.subscribe(third)
    source.emit(3).complete()
    first.assert_items(1, 2).assert_error(KeyError)
    second.assert_items(2).assert_error(KeyError)
    third.assert_items(3).assert_completed()
    assert source.subscriptions == 3


def test_the_slowest_subscriber_counts():
    source, first = pair(5)
    source.subscribe(TestSubscriber[Any](1))
    source.emit(1)
    assert source.outstanding == 0
    with pytest.raises(AssertionError, match="nobody has asked"):
        source.emit(2)
    first.assert_items(1)
    assert first.outstanding == 4


def test_retry_subscribes_again():
    source, seen = TestPublisher[int](), TestSubscriber[int](3)
    Flow.from_publisher(source).retry(times=1).subscribe(seen)
    source.emit(1).fail(KeyError()).assert_requested(3 + 2).emit(2).fail(IndexError())
    assert source.subscriptions == 2
    seen.assert_items(1, 2).assert_error(IndexError)
    with pytest.raises(AssertionError, match=r"after the end \(§1.7\)"):
        source.emit(3)


def test_a_bad_request_is_answered_by_an_error():
    source, seen = pair()
    seen.request(-1).assert_error(ValueError, match=r"3\.9")
    assert source.cancelled


def test_it_waits_for_what_comes_from_below():
    source: TestPublisher[int] = TestPublisher()
    seen = TestSubscriber[int](1)
    flow = Flow.from_publisher(source).publish_on(thread(), prefetch=4)
    other = threading.Thread(target=flow.subscribe, args=(seen,))
    other.start()
    source.await_subscriber().await_request(4).emit(1, 2, 3)
    other.join()
    seen.await_items(1).cancel()
    source.await_cancel().assert_cancelled()
    impatient = TestPublisher[int](deadline=0.05)
    with pytest.raises(AssertionError, match=r"nobody has subscribed: not within 0.05 seconds"):
        impatient.await_subscriber()
    virtual = TestPublisher[int](clock=VirtualClock())
    with pytest.raises(AssertionError, match="it should be cancelled: not within 86400 seconds"):
        virtual.await_cancel()


def test_none_only_where_it_is_wanted():
    source, _ = pair(1)
    with pytest.raises(TypeError, match=r"None is no item \(§2.13\)"):
        source.emit(None)
    with pytest.raises(ValueError, match="misbehave must be of overflow, none"):
        TestPublisher(misbehave="nonsense")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("misbehave", "signals", "rule"),
    [
        ("overflow", lambda source: source.emit(1, 2, 3), "1.1"),
        ("none", lambda source: source.emit(None), "2.13"),
        ("second on_subscribe", lambda source: source, ""),
    ],
)
def test_the_library_catches_each_misbehaviour(misbehave: Any, signals: Any, rule: str):
    source, seen = TestPublisher[Any](misbehave=misbehave), TestSubscriber[Any](2)
    Flow.from_publisher(source).map(str).subscribe(seen)
    signals(source)
    assert seen.violations == []
    if rule:
        seen.assert_error((RuleViolation, TypeError), match=rule)
    else:
        seen.assert_not_ended()
        assert not source.cancelled  # the second one only


def test_late_signals_reach_the_subscriber_when_that_is_asked_for():
    source, seen = pair(5, misbehave="late signals")
    source.emit(1)
    seen.cancel()
    source.emit(2).complete().emit(3)
    assert seen.items == [1, 2, 3]
    assert len(seen.violations) == 1


def test_several_misbehaviours():
    source, seen = pair(0, misbehave=["overflow", "late signals"])
    source.complete().emit(1)
    assert seen.items == [1]
    assert any("§1.1" in each for each in seen.violations)
