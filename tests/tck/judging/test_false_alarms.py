"""No false alarm: of each kind a right component that passes, and a wrong one that is found."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

import tck
from operators import as_processor
from tests.tck.judging import mailboxes
from tests.tck.judging.right import Numbers, NumbersLink, Taking, later

pytestmark = pytest.mark.long

BRIEF = tck.Settings(deadline=0.4, quiet=0.02, examples=12)
LATE = 0.1
LONG = BRIEF.but(deadline=1.0)
"""For who is late on purpose: on a busy machine that is not all that he is late by."""


def publisher(factory: Callable[[int], Any], settings: tck.Settings = BRIEF) -> tck.Report:
    return tck.verify_publisher(factory, settings=settings)


def subscriber(factory: Any, settings: tck.Settings = BRIEF) -> tck.Report:
    return tck.verify_subscriber(factory, whitebox=factory, settings=settings)


def rules(report: tck.Report) -> set[str]:
    return {each.rule for each in report.violations}


def broken(report: tck.Report) -> set[str]:
    return {rule for rule, status in report.by_rule().items() if status == "failed"}


def right(report: tck.Report) -> None:
    assert [f"{each.rule}: {each.message} ({each.check})" for each in report.violations] == []
    assert report.passed, report
    assert report.verdict == "conforms"


def of(link: type[NumbersLink]) -> Callable[[int], Any]:
    """Returns a factory of publishers with such links."""

    class Those(Numbers):
        def link(self, subscriber: Any) -> NumbersLink:
            return link(subscriber, self.elements, self)

    return Those


# Elements that are under way when the cancel comes.

MAILBOXES = [
    mailboxes.Mailbox, mailboxes.ThreadedMailbox, mailboxes.LoopMailbox, mailboxes.Prefetched,
]  # fmt: skip


@pytest.mark.parametrize("factory", MAILBOXES)
def test_what_is_under_way_in_a_mailbox_may_come_after_a_cancel(factory: Any) -> None:
    right(publisher(factory))


@pytest.mark.parametrize("factory", [mailboxes.DeafMailbox, mailboxes.DeafThreadedMailbox])
def test_a_mailbox_without_an_ear_for_cancel_is_found(factory: Any) -> None:
    assert {"1.8", "3.12"} <= broken(publisher(factory))


def test_a_slow_one_that_goes_on_for_ever_after_a_cancel_is_found() -> None:
    assert {"1.8", "3.12"} <= broken(publisher(mailboxes.DeafTicks, BRIEF.but(max_elements=100)))


def test_a_slow_one_that_stops_is_not() -> None:
    right(publisher(mailboxes.Ticks, BRIEF.but(max_elements=100)))


def test_how_many_may_be_under_way_is_a_setting_and_is_honoured() -> None:
    class Large(mailboxes.Mailbox):
        batch = 100

    assert {"1.8", "3.12"} <= broken(publisher(Large))
    right(publisher(Large, BRIEF.but(after_cancel=100)))
    assert {"1.8", "3.12"} <= broken(publisher(mailboxes.Mailbox, BRIEF.but(after_cancel=3)))
    right(publisher(Numbers, BRIEF.but(after_cancel=0)))


# A stream that is shorter than what was asked for.


@pytest.mark.parametrize("most", [1, 3])
def test_a_stream_that_was_over_owes_no_error(most: int) -> None:
    class Short(Numbers):
        def __init__(self, elements: int) -> None:
            super().__init__(min(elements, most))

    assert rules(publisher(Short)) == {"1.5"}
    right(publisher(Short, BRIEF.but(max_elements=most)))


@pytest.mark.parametrize("most", [0, 1, 3])
def test_nor_does_one_that_ends_a_while_after_its_last_element(most: int) -> None:
    class Ends(NumbersLink):
        def take(self) -> Callable[[], None] | None:
            signal = super().take()
            if signal is not None and self.subscriber is None and self.wrong is None:
                later(0.02, signal)
                return None
            return signal

    report = publisher(lambda n: of(Ends)(min(n, most)))
    assert "3.9" not in rules(report), report


def test_one_that_completes_where_an_error_is_due_is_found() -> None:
    class Completes(NumbersLink):
        def request(self, n: Any) -> None:
            if type(n) is int and n <= 0:
                self.elements, n = self.sent, 1
            super().request(n)

    assert broken(publisher(of(Completes))) == {"3.9"}


# Subscribers that cancel, or ask, in their own way.


class CancelsAtOnce(Taking):
    def begin(self) -> None:
        if self.probe is not None:
            self.probe.on_subscribe(self)
        self.subscription.cancel()


class CancelsSoon(Taking):
    """Cancels from another thread, and sees to it that the calls do not overlap (2.7)."""

    def __init__(self, probe: Any = None) -> None:
        super().__init__(probe)
        self.lock = threading.RLock()

    def begin(self) -> None:
        if self.probe is not None:
            self.probe.on_subscribe(self)
        later(0.01, self.leave)

    def leave(self) -> None:
        with self.lock:
            self.subscription.cancel()

    def ask(self) -> None:
        with self.lock:
            super().ask()

    def request(self, n: int) -> None:
        with self.lock:
            super().request(n)


class AsksTwice(Taking):
    def ask(self) -> None:
        self.left = 2
        self.subscription.request(1)
        self.subscription.request(1)


class AsksManyTimes(Taking):
    def ask(self) -> None:
        self.left = 40
        for _ in range(40):
            self.subscription.request(1)


class AsksAndCancels(Taking):
    """Takes one element, and asks for one more before it thinks better of it."""

    def on_next(self, item: Any) -> None:
        super().on_next(item)
        if self.probe is None:
            self.subscription.request(1)
            self.subscription.cancel()


class CancelsBoth(Taking):
    def another(self, subscription: Any) -> None:
        subscription.cancel()
        self.subscription.cancel()


class CancelsTheFirstBefore(Taking):
    def another(self, subscription: Any) -> None:
        self.subscription.cancel()
        subscription.cancel()


RIGHT = [
    Taking, CancelsAtOnce, CancelsSoon, AsksTwice, AsksManyTimes, AsksAndCancels, CancelsBoth,
    CancelsTheFirstBefore,
]  # fmt: skip


@pytest.mark.parametrize("factory", RIGHT)
def test_a_subscriber_may_cancel_and_ask_as_it_likes(factory: Any) -> None:
    right(subscriber(factory))


class AsksForNothing(Taking):
    def ask(self) -> None: ...

    def request(self, n: int) -> None: ...


class CancelsWhenItIsToAsk(Taking):
    def request(self, n: int) -> None:
        self.subscription.cancel()


class AsksAfterTheEnd(Taking):
    def on_complete(self) -> None:
        super().on_complete()
        later(0.01, lambda: self.subscription.request(1))


class AsksWhenOver(Taking):
    """Asks on in a method that is called when all is over."""

    def on_error(self, error: Any) -> None:
        super().on_error(error)
        self.subscription.request(1)


class KeepsTheSecond(Taking):
    def another(self, subscription: Any) -> None:
        self.subscription.cancel()


WRONG = [
    (AsksForNothing, "2.1"), (CancelsWhenItIsToAsk, "2.1"), (AsksAfterTheEnd, "2.4"),
    (AsksWhenOver, "2.3"), (KeepsTheSecond, "2.5"),
]  # fmt: skip


@pytest.mark.parametrize(("factory", "rule"), WRONG)
def test_a_subscriber_that_is_wrong_is_found(factory: Any, rule: str) -> None:
    assert rule in broken(subscriber(factory))


# Lateness.


class AsksLate(Taking):
    """Asks for one at a time, each a good while late; one call at a time, from whatever timer (§2.7)."""

    def __init__(self, probe: Any = None) -> None:
        super().__init__(probe)
        self.lock = threading.RLock()
        self.owed = 0

    def ask(self) -> None:
        self.left = 1
        later(LATE, lambda: self.say("request", 1))

    def request(self, n: int) -> None:
        with self.lock:
            begins, self.owed = not self.owed, self.owed + n
        if begins:
            later(LATE, self.one)

    def cancel(self) -> None:
        self.say("cancel")

    def say(self, call: str, *args: int) -> None:
        with self.lock:
            getattr(self.subscription, call)(*args)

    def one(self) -> None:
        self.say("request", 1)
        with self.lock:
            self.owed -= 1
        if self.owed:
            later(LATE, self.one)


class ForgetsSome(AsksLate):
    def one(self) -> None:
        self.owed = 1
        super().one()


def test_a_subscriber_that_asks_late_is_not_accused() -> None:
    right(subscriber(AsksLate, LONG))


def test_one_that_is_late_and_asks_for_too_little_is() -> None:
    assert "3.8" in broken(subscriber(ForgetsSome))


class LateLink(NumbersLink):
    """Each signal comes a good while after it was due."""

    def loop(self) -> None:
        signal = self.take()
        if signal is not None:
            later(LATE, lambda: self.go_on(signal))

    def go_on(self, signal: Callable[[], None]) -> None:
        self.tell(signal)
        self.loop()


class LateNumbers(Numbers):
    def link(self, subscriber: Any) -> NumbersLink:
        return LateLink(subscriber, self.elements, self)


def test_a_publisher_whose_elements_come_late_is_not_accused() -> None:
    report = publisher(LateNumbers, LONG.but(max_elements=12))
    assert [(each.rule, each.message) for each in report.violations] == []


def test_one_that_is_late_and_loses_an_element_is() -> None:
    class Loses(LateLink):
        def take(self) -> Callable[[], None] | None:
            if self.demand > 1 and self.sent == 2:
                self.demand -= 1
            return super().take()

    assert broken(publisher(of(Loses), BRIEF.but(max_elements=8))) == {"3.8"}


# What the Subscriber raised, made known in the words of the Publisher.


def wrapped(error: Exception) -> Exception:
    return RuntimeError("the Subscriber has failed")


def grouped(error: Exception) -> Exception:
    return ExceptionGroup("the Subscriber has failed", [error])


@pytest.mark.parametrize("words", [wrapped, grouped])
def test_an_error_raised_from_the_subscribers_is_the_subscribers(words: Any) -> None:
    class Wraps(Numbers):
        wrap = staticmethod(words)

    right(publisher(Wraps))


def test_an_error_raised_while_it_is_handled_is_so_too() -> None:
    class Raises(NumbersLink):
        def tell(self, signal: Callable[[], None]) -> None:
            try:
                signal()
            except Exception:
                self.subscriber = None
                raise LookupError("the Subscriber has failed") from None

    right(publisher(of(Raises)))


def test_an_error_that_is_made_anew_on_its_way_is_so_too() -> None:
    class Bridged(NumbersLink):
        def request(self, n: Any) -> None:
            if type(n) is int and n < 1:
                raise LookupError("a number over 0")
            super().request(n)

        def tell(self, signal: Callable[[], None]) -> None:
            made: Exception | None = None
            try:
                signal()
            except Exception as error:
                self.subscriber = None
                made = type(error)(*error.args)
                made.__cause__ = RuntimeError("over there")
            if made is not None:
                raise made

    assert "1.9" not in broken(publisher(of(Bridged)))


def test_an_error_of_its_own_is_not() -> None:
    class Raises(NumbersLink):
        def request(self, n: Any) -> None:
            super().request(n)
            if self.sent:
                raise LookupError("no more of this")

    assert "3.16" in broken(publisher(of(Raises)))


def test_nor_is_one_that_it_keeps_raising_afterwards() -> None:
    class Raises(NumbersLink):
        gone = False

        def failed(self, error: Exception) -> None:
            self.gone = True

        def cancel(self) -> None:
            if self.gone:
                raise LookupError("there is no Subscriber any more")
            super().cancel()

    with tck.PublisherStand(of(Raises), 5, BRIEF) as stand:
        a = stand.subscribe(tck.Reactions(after={1: (tck.Raise(),)}))
        a.request(2)
        a.cancel()
    assert [each.rule for each in stand.breaches()] == ["3.15"]


# What the specification does not speak of.


class IgnoresOdd(NumbersLink):
    def odd(self, n: Any) -> None: ...


class RaisesForOdd(NumbersLink):
    def odd(self, n: Any) -> None:
        raise TypeError(f"request({n!r})")


class ServesOdd(NumbersLink):
    def odd(self, n: Any) -> None:
        self.demand += int(n or 10**6)


class CompletesForOdd(NumbersLink):
    def odd(self, n: Any) -> None:
        self.elements, self.demand = self.sent, 1


class FailsOtherwiseForOdd(NumbersLink):
    def odd(self, n: Any) -> None:
        self.wrong = RuntimeError("what is that?")


ODD = [IgnoresOdd, RaisesForOdd, ServesOdd, CompletesForOdd, FailsOtherwiseForOdd]


@pytest.mark.parametrize("link", ODD)
def test_what_only_python_makes_possible_is_a_warning_apart(link: Any) -> None:
    report = publisher(of(link))
    assert report.passed
    assert report.verdict.startswith("conforms")
    assert report.violations
    assert {each.kind for each in report.violations} == {"python"}
    assert not any(each.fails for each in report.violations)
    assert set(report.by_rule().values()) & {"failed", "warned"} == set()
    text = str(report)
    assert text.index("only Python makes possible") < text.index("! §3.")


@pytest.mark.parametrize("link", ODD)
def test_which_fails_where_that_is_wanted(link: Any) -> None:
    report = publisher(of(link), BRIEF.but(strict_python=True))
    assert not report.passed
    assert all(each.kind == "python" and each.fails for each in report.violations)
    assert "does not conform" in report.verdict


@pytest.mark.parametrize("link", ODD)
def test_and_is_not_even_tried_where_it_cannot_cross(link: Any) -> None:
    right(publisher(of(link), BRIEF.but(non_int="cannot cross")))


def test_what_is_wrong_with_ints_is_found_all_the_same() -> None:
    class IgnoresBad(NumbersLink):
        def request(self, n: Any) -> None:
            if type(n) is int and n > 0:
                super().request(n)

    report = publisher(of(IgnoresBad))
    assert broken(report) == {"3.9"}
    assert [each.kind for each in report.violations] == ["rule"]


def test_a_slow_answer_to_a_bad_request_is_in_time_though_the_odd_ones_get_none() -> None:
    class Answers(IgnoresOdd):
        def request(self, n: Any) -> None:
            if type(n) is int and n <= 0:
                later(LATE, lambda: NumbersLink.request(self, n))
            else:
                super().request(n)

    assert broken(publisher(of(Answers), LONG)) == set()


def test_a_subscriber_that_asks_for_a_float_is_warned_of() -> None:
    class Asks(Taking):
        def ask(self) -> None:
            self.subscription.request(4.0)

    report = tck.verify_subscriber(Asks, settings=BRIEF)
    assert report.passed
    assert {(each.rule, each.kind) for each in report.violations} == {("3.9", "python")}


# What is disputed.


def test_on_error_after_the_subscriber_raised_is_a_warning_in_the_words_of_the_rule() -> None:
    class Tells(NumbersLink):
        def tell(self, signal: Callable[[], None]) -> None:
            subscriber = self.subscriber
            try:
                signal()
            except Exception as error:
                if self.subscriber is not None:
                    self.subscriber = None
                    subscriber.on_error(error)

    report = publisher(of(Tells))
    assert report.passed
    assert report.verdict == "conforms, with 1 warning"
    (found,) = report.violations
    assert (found.rule, found.kind, found.fails) == ("2.13", "doubt", False)
    assert "MUST be considered as canceled" in found.message


def test_elements_after_the_subscriber_raised_are_a_failure() -> None:
    class GoesOn(NumbersLink):
        def tell(self, signal: Callable[[], None]) -> None:
            with suppress(Exception):
                signal()

    assert "2.13" in broken(publisher(of(GoesOn)))


# A second Subscriber that is turned away, and is told so late.


class NoPlace:
    def __init__(self) -> None:
        self.subscriber: Any = None

    def tell(self, subscriber: Any, error: Exception) -> None:
        self.subscriber = subscriber
        subscriber.on_subscribe(self)
        later(LATE, lambda: self.end(error))

    def end(self, error: Exception) -> None:
        if (subscriber := self.subscriber) is not None:
            subscriber.on_error(error)

    def request(self, n: Any) -> None:
        if n < 1:
            self.end(ValueError(f"3.9: request({n})"))
            self.cancel()

    def cancel(self) -> None:
        self.subscriber = None


class TakesOne:
    """Passes on to its first Subscriber."""

    def __init__(self) -> None:
        self.through: Any = as_processor(lambda flow: flow)
        self.taken = False
        self.on_subscribe = self.through.on_subscribe
        self.on_next = self.through.on_next
        self.on_error = self.through.on_error
        self.on_complete = self.through.on_complete

    def subscribe(self, subscriber: Any) -> None:
        if self.taken and subscriber is not None:
            self.turn_away(subscriber)
        else:
            self.taken = subscriber is not None
            self.through.subscribe(subscriber)

    def turn_away(self, subscriber: Any) -> None:
        NoPlace().tell(subscriber, RuntimeError("it has its Subscriber"))


class TellsTheSecondAnother(TakesOne):
    """Has its second Subscriber wait for the end, of which it tells something else."""

    def __init__(self) -> None:
        super().__init__()
        self.second: list[Any] = []

    def turn_away(self, subscriber: Any) -> None:
        self.second.append(subscriber)
        subscriber.on_subscribe(NoPlace())

    def on_error(self, error: Exception) -> None:
        self.through.on_error(error)
        for second in self.second:
            second.on_error(RuntimeError("something else"))


def test_one_that_is_turned_away_late_is_not_due_what_upstream_fails_with() -> None:
    right(tck.verify_processor(TakesOne, settings=LONG))


def test_one_that_has_a_place_is() -> None:
    assert "4.2" in rules(tck.verify_processor(TellsTheSecondAnother, settings=LONG))
