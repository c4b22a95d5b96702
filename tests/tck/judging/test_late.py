"""What a silence decides, and a late signal overturns: right ones pass, and wrong ones are found."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

import tck
from tck.checks.all import PUBLISHER_CHECKS
from tck.checks.model import Check
from tck.checks.player import Player
from tck.checks.publisher_kit import PublisherKit
from tck.checks.run import run_check
from tck.recording.recorder import Recorder
from tck.scripts.script import Action, Script
from tests.tck.judging.right import Numbers, NumbersLink, Taking, later
from tests.tck.judging.test_false_alarms import LATE, LONG, broken, of, right

pytestmark = pytest.mark.long

HALF = 0.5
"""Seconds: half of the deadline."""


def named(name: str) -> Check:
    return next(each for each in PUBLISHER_CHECKS if each.name == name)


# A Subscriber that asks again a while later: on a busy machine now before the end, now after it.


class AsksAgain(Taking):
    """Asks for a second element after what it takes a thread to get its turn: long once, then never."""

    def __init__(self, turns: Any) -> None:
        super().__init__()
        self.turns = turns
        self.lock = threading.RLock()

    def ask(self) -> None:
        self.left = 2
        self.one()
        later(next(self.turns), self.one)

    def one(self) -> None:
        with self.lock:
            self.subscription.request(1)


class AsksAtTheEnd(Taking):
    def on_complete(self) -> None:
        later(0.005, lambda: self.subscription.request(1))


class AsksAtTheEndAtLast(Taking):
    def on_complete(self) -> None:
        later(HALF / 2, lambda: self.subscription.request(1))


@pytest.mark.parametrize("slow", range(3))
def test_a_call_that_crosses_the_end_by_chance_is_no_answer_to_it(slow: int) -> None:
    turns = itertools.cycle([3 * LONG.quiet if n == slow else 0.001 for n in range(3)])
    right(tck.verify_subscriber(lambda: AsksAgain(turns), settings=LONG))


@pytest.mark.parametrize("factory", [AsksAtTheEnd, AsksAtTheEndAtLast])
def test_one_that_comes_each_time_is(factory: Any) -> None:
    report = tck.verify_subscriber(factory, settings=LONG)
    assert broken(report) == {"2.4"}


# A Subscriber that leaves its first Subscription as well, when it is given a second.


class LeavesBoth(Taking):
    """Cancels the second at once, and the first from a thread of its own; takes nothing after that."""

    left_both = False

    def another(self, subscription: Any) -> None:
        subscription.cancel()
        self.left_both = True
        later(HALF / 2, lambda: self.subscription.cancel())

    def on_next(self, item: Any) -> None:
        if item is None or not self.left_both:
            super().on_next(item)


class TakesNothingMore(LeavesBoth):
    """Stays, and takes nothing."""

    def another(self, subscription: Any) -> None:
        subscription.cancel()
        self.left_both = True


def test_who_is_given_a_second_subscription_may_leave_the_first_a_while_later() -> None:
    right(tck.verify_subscriber(LeavesBoth, whitebox=LeavesBoth, settings=LONG))


def test_but_not_keep_it_and_take_nothing() -> None:
    report = tck.verify_subscriber(TakesNothingMore, whitebox=TakesNothingMore, settings=LONG)
    assert broken(report) == {"3.8"}


# A Publisher whose thread has to wait for its turn before it gets out of on_subscribe.


class FromAThread(Numbers):
    def subscribe(self, subscriber: Any) -> None:
        if subscriber is None:
            raise TypeError("subscriber is None")
        link = self.link(subscriber)
        threading.Thread(target=link.start, daemon=True).start()


class CompletesAtTheSecondCancel(NumbersLink):
    def cancel(self) -> None:
        if self.subscriber is not None and self.demand >= 0:
            self.demand = -1
        elif (subscriber := self.subscriber) is not None:
            self.subscriber = None
            later(0.001, subscriber.on_complete)

    def loop(self) -> None:
        if self.demand >= 0:
            super().loop()


def test_on_subscribe_that_returns_late_is_no_answer_to_a_cancel(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    leave = Recorder.leave

    def late(self: Recorder, began: int, raised: BaseException | None = None) -> None:
        event = self.trace()[began] if began >= 0 else None
        if event is not None and event.kind == "on_subscribe" and "tck" not in event.thread:
            time.sleep(0.3)  # in the midst of the second silence
        leave(self, began, raised)

    monkeypatch.setattr(Recorder, "leave", late)
    name = "required_spec307_after_subscription_is_cancelled_additional_cancelations_must_be_nops"
    result = run_check(named(name), lambda: PublisherKit(FromAThread, settings=LONG.but(quiet=0.2)))
    assert (result.outcome, result.reason) == ("passed", "")


def test_what_comes_of_a_second_cancel_from_elsewhere_is() -> None:
    report = tck.verify_publisher(of(CompletesAtTheSecondCancel), settings=LONG)
    assert "3.7" in broken(report)


# A Publisher that may count on its Subscriber not to call it from two threads at once (§2.7).


class CountsOnIt(NumbersLink):
    """Loses demand where it is asked by two threads at once."""

    asked = 0

    def request(self, n: Any) -> None:
        if type(n) is int and n > 0:
            asked = self.asked
            time.sleep(0.002)
            self.asked = asked + n
        super().request(n)

    def take(self) -> Callable[[], None] | None:
        self.demand = self.asked - self.sent
        return super().take()


class CountsOnItFromAThread(FromAThread):
    def link(self, subscriber: Any) -> NumbersLink:
        return CountsOnIt(subscriber, self.elements, self)


def test_who_is_not_to_be_asked_from_two_threads_at_once_is_not() -> None:
    right(tck.verify_publisher(CountsOnItFromAThread, settings=LONG.but(concurrent_requests=False)))


def test_who_is_and_loses_demand_is_found() -> None:
    assert broken(tck.verify_publisher(CountsOnItFromAThread, settings=LONG)) & {"3.2", "3.8"}


# A Publisher whose Subscribers each get things of their own, some at a time.


class OfItsOwn:
    """Gives its Subscriber a new object in place of each number."""

    def __init__(self, subscriber: Any) -> None:
        self.subscriber = subscriber
        self.on_subscribe = subscriber.on_subscribe
        self.on_error = subscriber.on_error
        self.on_complete = subscriber.on_complete

    def on_next(self, item: int) -> None:
        self.subscriber.on_next(object())


class InTwoParts(NumbersLink):
    parted = False

    def take(self) -> Callable[[], None] | None:
        if not self.parted and self.subscriber is not None and self.sent == self.elements // 2 > 0:
            self.parted = True  # and busy until then
            later(HALF / 2, self.loop)
            return None
        return super().take()


class EachItsOwn(Numbers):
    def link(self, subscriber: Any) -> NumbersLink:
        return InTwoParts(OfItsOwn(subscriber), self.elements, self)


TWO = named("spec111_a_second_subscriber_takes_nothing_from_the_first")


def test_who_has_half_of_its_own_so_far_has_lost_none_to_another() -> None:
    result = run_check(TWO, lambda: PublisherKit(EachItsOwn, settings=LONG))
    assert (result.outcome, result.reason) == ("passed", "")


class OneCursor(Numbers):
    """Who asks gets the next of all."""

    def __init__(self, elements: int) -> None:
        super().__init__(elements)
        self.taken = 0

    def link(self, subscriber: Any) -> NumbersLink:
        return FromTheCursor(OfItsOwn(subscriber), self.elements, self)


class FromTheCursor(NumbersLink):
    def take(self) -> Callable[[], None] | None:
        assert isinstance(self.owner, OneCursor)
        self.elements = self.sent + self.owner.elements - self.owner.taken
        signal = super().take()
        self.owner.taken += self.subscriber is not None and signal is not None
        return signal


def test_who_gets_what_another_does_not_has() -> None:
    result = run_check(TWO, lambda: PublisherKit(OneCursor, settings=LONG))
    assert result.outcome == "warned"
    assert [each.rule for each in result.violations] == ["1.11"]


# A Publisher that sends the same to all who are in, and lets each in a while after it came.


class Broadcast:
    """The slowest sets the pace; nobody is in before `late` times its number has passed."""

    late = 0.0

    def __init__(self, elements: int) -> None:
        self.elements, self.at, self.came = elements, 0, 0
        self.lock = threading.RLock()
        self.inside: list[Listener] = []

    def subscribe(self, subscriber: Any) -> None:
        self.came += 1
        later(self.late * self.came, lambda: self.let_in(Listener(self, subscriber)))

    def let_in(self, listener: Listener) -> None:
        with self.lock:
            self.inside.append(listener)
            listener.subscriber.on_subscribe(listener)

    def go_on(self) -> None:
        while self.at < self.elements and all(each.demand for each in self.inside):
            self.at += 1
            for each in self.inside:
                each.demand -= 1
                self.send(each)

    def send(self, listener: Listener) -> None:
        listener.subscriber.on_next(self.at)


class Listener:
    def __init__(self, owner: Broadcast, subscriber: Any) -> None:
        self.owner, self.subscriber, self.demand = owner, subscriber, 0

    def request(self, n: int) -> None:
        with self.owner.lock:
            self.demand += n
            self.owner.go_on()

    def cancel(self) -> None:
        with self.owner.lock:
            self.owner.inside.remove(self)


class LetsInLate(Broadcast):
    late = LATE


class ForgetsTheSecond(Broadcast):
    def send(self, listener: Listener) -> None:
        if listener is self.inside[0]:
            super().send(listener)


BOTH = Script(
    "PublisherStand",
    (1,),
    (
        Action("subscribe", result="a"),
        Action("subscribe", result="b"),
        Action("request", "a", (1,)),
        Action("request", "b", (1,)),
    ),
)


@pytest.mark.parametrize(("factory", "found"), [(LetsInLate, False), (ForgetsTheSecond, True)])
def test_who_is_let_in_late_has_missed_what_came_before(factory: Any, found: bool) -> None:
    player = Player(factory, LONG.but(multicast=True, completes=False))
    assert (player.breach(BOTH, "1.11", leisure=True) is not None) is found
