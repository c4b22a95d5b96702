"""The guard: a kept rule costs nothing, a broken one is told to whoever broke it."""

from __future__ import annotations

import logging

import pytest

from tck.guard import RuleViolation, guard
from tck.rules import Breach


class Numbers:
    """Sends its numbers as asked for, and as many more as it is told to."""

    def __init__(self, size, extra=0):
        self.size, self.extra = size, extra
        self.caught = []

    def subscribe(self, subscriber):
        self.subscriber, self.sent, self.over = subscriber, 0, False
        subscriber.on_subscribe(self)

    def request(self, n):
        if n <= 0:
            self.over = True
            self.subscriber.on_error(ValueError("§3.9"))
        for _ in range(n + self.extra):
            if self.over:
                return
            try:
                self.sent += 1
                self.subscriber.on_next(self.sent)
            except RuleViolation as violation:
                self.caught.append(violation)
            if self.sent == self.size:
                self.over = True
                self.subscriber.on_complete()

    def cancel(self):
        self.over = True


class Taker:
    def __init__(self, n=2):
        self.n, self.got = n, []

    def on_subscribe(self, subscription):
        subscription.request(self.n)

    def on_next(self, element):
        self.got.append(element)

    def on_error(self, error):
        self.got.append(error)

    def on_complete(self):
        self.got.append("done")


def test_a_good_stream_is_unchanged():
    taker = Taker(5)
    guard(Numbers(3)).subscribe(taker)
    assert taker.got == [1, 2, 3, "done"]


def test_raise_tells_the_publisher_and_keeps_the_element_back():
    publisher, taker = Numbers(9, extra=1), Taker(2)
    guard(publisher).subscribe(taker)
    assert [violation.rule for violation in publisher.caught] == ["1.1"]
    assert taker.got == [1, 2]


def test_raise_tells_the_subscriber():
    with pytest.raises(RuleViolation, match=r"§3\.9: request\(0\)"):
        guard(Numbers(9)).subscribe(Taker(0))


def test_callable_is_told_and_the_stream_goes_on():
    found: list[Breach] = []
    taker = Taker(2)
    guard(Numbers(9, extra=2), report=found.append).subscribe(taker)
    assert [breach.rule for breach in found] == ["1.1"]
    assert taker.got == [1, 2, 3, 4]


def test_log_goes_to_the_logger(caplog):
    with caplog.at_level(logging.ERROR, "tck"):
        guard(Numbers(9), report="log").subscribe(Taker(0))
    assert [record.getMessage() for record in caplog.records] == [
        "§3.9: request(0): 0 is not positive"
    ]


def test_an_error_of_the_one_called_goes_on_with_a_note(caplog):
    class Failing(Taker):
        def on_next(self, element):
            raise KeyError(element)

    with pytest.raises(KeyError) as caught:
        guard(Numbers(9)).subscribe(Failing())
    assert caught.value.__notes__ == ["tck.guard: §2.13: on_next(1) raised KeyError('1')"]
    assert len(caplog.records) == 1


def test_another_report_is_refused():
    with pytest.raises(ValueError, match="report"):
        guard(Numbers(1), report="shout")  # type: ignore[arg-type]
