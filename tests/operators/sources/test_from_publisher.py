"""from_publisher: anybody's Publisher, held to the rules."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from operators import Flow, RuleViolation
from reactive_streams import UNBOUNDED
from tests.operators.kit import Handmade, line_of, notes, probe


def violation(seen: Any) -> str:
    assert isinstance(seen.error, RuleViolation), seen.signals
    assert seen.violations == []
    return seen.error.rule


def test_signals_pass_and_demand_goes_up_as_it_is():
    publisher = Handmade()
    seen = probe(Flow.from_publisher(publisher)).request(2).request(5)
    publisher.emit("a", "b")
    publisher.complete()

    assert publisher.requests == [2, 5]
    assert seen.signals[1:] == [("on_next", "a"), ("on_next", "b"), ("on_complete", None)]


def test_its_error_passes_as_it_is():
    publisher = Handmade()
    lost = KeyError("lost")
    seen = probe(Flow.from_publisher(publisher))
    publisher.fail(lost)

    assert seen.error is lost


def test_a_cancel_goes_up_once():
    publisher = Handmade()
    seen = probe(Flow.from_publisher(publisher))
    seen.cancel()
    seen.cancel()
    seen.request(3)

    assert publisher.cancels == 1
    assert publisher.requests == []


def test_unbounded_demand_takes_all_that_comes():
    publisher = Handmade()
    seen = probe(Flow.from_publisher(publisher), UNBOUNDED).request(UNBOUNDED)
    publisher.emit(*range(100))

    assert seen.items == list(range(100))
    assert publisher.requests == [UNBOUNDED, UNBOUNDED]


def test_too_many_items_break_rule_1_1():
    publisher = Handmade()
    left: list[Any] = []
    flow = Flow.from_publisher(publisher)  # held to it
    seen = probe(flow.on_discard(left.append), 1)
    publisher.emit("a", "b", "c")

    assert violation(seen) == "1.1"
    assert "sent item number 2 when only 1 had been asked for" in str(seen.error)
    assert f"in from_publisher, written at {line_of('# held to it', __file__)}" in notes(seen.error)
    assert seen.items == ["a"]
    assert publisher.cancels == 1
    assert left == ["b", "c"]


def test_none_is_refused_and_told_to_both_sides():
    publisher = Handmade()
    seen = probe(Flow.from_publisher(publisher), 5)
    with pytest.raises(TypeError, match="None is not an element"):
        publisher.emit(None)

    assert isinstance(seen.error, TypeError)
    assert "§2.13" in str(seen.error)
    assert publisher.cancels == 1


def test_no_error_is_refused():
    publisher = Handmade()
    seen = probe(Flow.from_publisher(publisher), 5)
    with pytest.raises(TypeError, match="None is not an error"):
        publisher.fail(None)  # type: ignore[arg-type]

    assert isinstance(seen.error, TypeError)


def test_a_second_subscription_is_cancelled_by_rule_2_5():
    publisher, second = Handmade(), Handmade()
    seen = probe(Flow.from_publisher(publisher), 2)
    publisher.subscriber.on_subscribe(second)
    publisher.emit("a")

    assert (publisher.cancels, second.cancels) == (0, 1)
    assert seen.signals == [("on_subscribe", None), ("on_next", "a")]


@pytest.mark.parametrize("subscription", [None, 5, object()])
def test_what_is_no_subscription_is_refused(subscription: Any):
    class Careless:
        def subscribe(self, subscriber: Any) -> None:
            subscriber.on_subscribe(subscription)

    seen = probe(Flow.from_publisher(Careless()))
    assert violation(seen) == "1.9"
    assert isinstance(seen.error.__cause__, TypeError)
    assert "is not a Subscription" in str(seen.error.__cause__)


class Silent:
    """A Publisher that leaves on_subscribe out."""

    def __init__(self, then: Any) -> None:
        self._then = then

    def subscribe(self, subscriber: Any) -> None:
        self._then(subscriber)


def test_an_item_before_on_subscribe_breaks_rule_1_9():
    seen = probe(Flow.from_publisher(Silent(lambda it: it.on_next("a"))), 5)

    assert isinstance(seen.error, RuleViolation)
    assert "before on_subscribe (§1.9)" in str(seen.error)
    assert [name for name, _ in seen.signals] == ["on_subscribe", "on_error"]


def test_an_end_without_on_subscribe_still_comes_after_one():
    seen = probe(Flow.from_publisher(Silent(lambda it: it.on_complete())))
    assert [name for name, _ in seen.signals] == ["on_subscribe", "on_complete"]

    lost = KeyError()
    seen = probe(Flow.from_publisher(Silent(lambda it: it.on_error(lost))))
    assert seen.signals == [("on_subscribe", None), ("on_error", lost)]


def test_a_subscribe_that_raises_breaks_rule_1_9():
    def refuse(_: Any) -> None:
        raise OSError("shut")

    seen = probe(Flow.from_publisher(Silent(refuse)))

    assert violation(seen) == "1.9"
    assert isinstance(seen.error.__cause__, OSError)


def test_a_request_that_raises_breaks_rule_3_16():
    class Broken(Handmade):
        def request(self, n: Any) -> None:
            raise OSError("shut")

    publisher = Broken()
    seen = probe(Flow.from_publisher(publisher)).request(1)

    assert violation(seen) == "3.16"
    assert isinstance(seen.error.__cause__, OSError)
    assert publisher.cancels == 1


def test_a_cancel_that_raises_goes_to_the_hook(dropped: Any):
    class Broken(Handmade):
        def cancel(self) -> None:
            super().cancel()
            raise OSError("shut")

    seen = probe(Flow.from_publisher(Broken()))
    seen.cancel()
    assert "3.15" in dropped.take(OSError)[1]

    broken = Broken()
    seen = probe(Flow.from_publisher(broken))
    broken.emit("nobody asked")
    assert violation(seen) == "1.1"
    dropped.take(OSError)

    probe(Flow.from_publisher(Handmade())).cancel()
    second = Broken()
    publisher = Handmade()
    probe(Flow.from_publisher(publisher))
    publisher.subscriber.on_subscribe(second)
    assert "3.15" in dropped.take(OSError)[1]


def test_what_comes_after_the_end_goes_no_further(dropped: Any):
    publisher = Handmade()
    left: list[Any] = []
    seen = probe(Flow.from_publisher(publisher).on_discard(left.append), 5)
    publisher.complete()
    publisher.emit("late")
    publisher.complete()
    publisher.fail(KeyError("late"))

    assert seen.signals == [("on_subscribe", None), ("on_complete", None)]
    assert left == ["late"]
    dropped.take(KeyError)


def test_what_comes_after_a_cancel_is_discarded():
    publisher = Handmade()
    left: list[Any] = []
    seen = probe(Flow.from_publisher(publisher).on_discard(left.append), 5)
    seen.cancel()
    publisher.emit("a", "b")

    assert seen.items == []
    assert left == ["a", "b"]


def test_a_bad_request_is_answered_here_and_not_passed_on():
    publisher = Handmade()
    seen = probe(Flow.from_publisher(publisher)).request(0)

    assert isinstance(seen.error, ValueError)
    assert publisher.requests == []
    assert publisher.cancels == 1


def test_a_bad_request_from_another_thread_waits_for_the_item_under_way():
    publisher = Handmade()
    inside, leave = threading.Event(), threading.Event()

    def hold(seen: Any, item: Any) -> None:
        inside.set()
        assert leave.wait(20)

    seen = probe(Flow.from_publisher(publisher).map(str), 2, then=hold)
    emitting = threading.Thread(target=publisher.emit, args=(1,))
    emitting.start()
    assert inside.wait(20)
    seen.request(-1)
    leave.set()
    emitting.join()

    assert seen.violations == []
    assert [name for name, _ in seen.signals] == ["on_subscribe", "on_next", "on_error"]
    assert publisher.cancels == 1


def test_a_flow_of_our_own_is_a_publisher_too():
    flow = Flow.from_publisher(Flow.range(5))

    assert list(flow) == [0, 1, 2, 3, 4]
    assert probe(flow, 2).items == [0, 1]


def test_it_may_recurse_from_request_to_on_next():
    class Naive:
        """Emits inside request, with no loop of its own."""

        def __init__(self) -> None:
            self.n = 0

        def subscribe(self, subscriber: Any) -> None:
            self.subscriber = subscriber
            subscriber.on_subscribe(self)

        def request(self, n: int) -> None:
            for _ in range(n):
                self.n += 1
                if self.n <= 20:
                    self.subscriber.on_next(self.n)
                elif self.n == 21:
                    self.subscriber.on_complete()

        def cancel(self) -> None:
            self.n = 100

    seen = probe(Flow.from_publisher(Naive()).map(str), 1, each=1)
    assert sorted(map(int, seen.items)) == list(range(1, 21))
    assert seen.completed
    assert list(Flow.from_publisher(Naive()).filter(lambda n: n % 2)) == list(range(1, 21, 2))
