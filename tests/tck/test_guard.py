"""The guard: a kept rule costs nothing, a broken one is told to whoever broke it."""

from __future__ import annotations

import logging
import sys
import threading
from typing import Any

import pytest

from tck.guard import RuleViolation, guard
from tck.oracle.model import Bounds
from tck.oracle.rules import Judge
from tck.recording.breach import Breach
from tck.recording.trace import Event


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
        "§3.9: request(0) was called: 0 is not positive; expected: request(n) with an int of 1 or more"
    ]


def test_an_error_of_the_one_called_goes_on_with_a_note(caplog):
    class Failing(Taker):
        def on_next(self, element):
            raise KeyError(element)

    with pytest.raises(KeyError) as caught:
        guard(Numbers(9)).subscribe(Failing())
    (note,) = caught.value.__notes__
    assert note.startswith("tck.guard: §2.13: on_next(1) raised KeyError('1'); expected: ")
    assert len(caplog.records) == 1


async def awaited(breach):
    pass


@pytest.mark.parametrize(
    ("given", "kind", "says"),
    [
        ({"report": "shout"}, ValueError, '"raise", "log" or a callable, not \'shout\''),
        ({"report": None}, ValueError, '"raise", "log" or a callable, not None'),
        ({"report": []}, ValueError, '"raise", "log" or a callable, not []'),
        (
            {"report": awaited},
            TypeError,
            "report is a coroutine function, which nobody would await",
        ),
        ({"publisher": None}, TypeError, "None is no Publisher: it has no subscribe()"),
        ({"publisher": [1]}, TypeError, "[1] is no Publisher: it has no subscribe()"),
        ({"publisher": Numbers}, TypeError, "Numbers is a class: give one of its publishers"),
        ({"bounds": {"recursion": 1}}, TypeError, "bounds is a tck.Bounds, not {'recursion': 1}"),
    ],
)
def test_what_makes_no_sense_is_refused_at_once(given, kind, says):
    arguments = {"publisher": Numbers(1), **given}
    publisher = arguments.pop("publisher")
    with pytest.raises(kind) as refused:
        guard(publisher, **arguments)
    assert str(refused.value).startswith("guard: ")
    assert says in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [("recursion", -1), ("recursion", 1.5), ("linger", float("nan")), ("responsive", "1"),
     ("crossing", True), ("serial_cancel", 1)],
)  # fmt: skip
def test_bounds_that_make_no_sense_are_refused(name, value):
    with pytest.raises(ValueError, match=f"Bounds: {name} must be .*, not "):
        Bounds(**{name: value})


def test_what_the_report_raises_is_not_put_down_to_anybody():
    class Stop(Exception):
        pass

    found: list[Any] = []

    def tell(breach):
        found.append(breach.rule)
        raise Stop

    with pytest.raises(Stop):
        guard(Numbers(9, extra=1), report=tell).subscribe(Taker(2))
    assert found == ["1.1"]


def test_none_that_is_kept_back_is_not_the_subscribers_fault(caplog):
    class Nothing(Numbers):
        def request(self, n):
            self.subscriber.on_next(None)

    taker = Taker(1)
    with caplog.at_level(logging.ERROR, "tck"), pytest.raises(RuleViolation, match=r"§2\.13"):
        guard(Nothing(1)).subscribe(taker)
    assert taker.got == []
    assert caplog.records == []


def delivering(count: int, pause: float) -> list[Breach]:
    """Returns what is broken by a request that delivers so many elements, with pauses between."""
    common: dict[str, Any] = {"thread": "one", "link": "a", "by": "component"}
    events = [
        Event(seq=0, time=0.0, kind="on_subscribe", began=0, subscription=1, **common),
        Event(seq=1, time=0.0, kind="on_subscribe", began=0, phase="exit", **common),
        Event(seq=2, time=0.0, kind="request", began=2, n=count, subscription=1, **common),
    ]
    now = 0.0
    for number in range(count):
        now += pause
        at = len(events)
        events += [
            Event(seq=at, time=now, kind="on_next", began=at, inside=2, item=number, **common),
            Event(seq=at + 1, time=now, kind="on_next", began=at, phase="exit", **common),
        ]
    end = now + pause
    events.append(
        Event(seq=len(events), time=end, kind="request", began=2, n=count, phase="exit", **common)
    )
    judge = Judge(Bounds(responsive=0.5), both=True)
    return [breach for event in events for breach in judge.see(event)]


def test_a_long_synchronous_stream_is_no_slow_request():
    assert delivering(2_000, 0.001) == []


def test_a_request_that_waits_is_slow_however_much_it_delivers():
    assert [breach.rule for breach in delivering(3, 0.7)] == ["3.4"]


def test_a_long_stream_takes_no_more_memory_than_a_short_one():
    blocks: list[int] = []

    class Counting(Taker):
        def on_next(self, element):
            self.n += 1
            if self.n % step == 0:
                blocks.append(sys.getallocatedblocks())

    taker, count = Counting(0), 100_000
    step = count // 5
    guarded = guard(Numbers(count))
    taker.n = count
    guarded.subscribe(taker)
    assert len(blocks) == 5
    assert max(blocks) - blocks[0] < 500


def test_guards_inside_one_another_agree():
    inner: list[Breach] = []
    outer: list[Breach] = []
    publisher = guard(guard(Numbers(9, extra=1), report=inner.append), report=outer.append)
    publisher.subscribe(Taker(2))
    assert [breach.rule for breach in inner] == [breach.rule for breach in outer] == ["1.1"]


def test_threads_ask_while_another_emits():
    found: list[Any] = []
    elements, over = 2_000, threading.Event()

    class Queued(Numbers):
        def subscribe(self, subscriber):
            self.lock, self.demand = threading.Condition(), 0
            super().subscribe(subscriber)
            threading.Thread(target=self.emit, name="emits").start()

        def request(self, n):
            with self.lock:
                self.demand += n
                self.lock.notify()

        def emit(self):
            for number in range(self.size):
                with self.lock:
                    assert self.lock.wait_for(lambda: self.demand, 10)
                    self.demand -= 1
                self.subscriber.on_next(number)
            self.subscriber.on_complete()

    class Asking(Taker):
        def on_subscribe(self, subscription):
            self.subscription = subscription

        def on_complete(self):
            over.set()

    taker, turn = Asking(), threading.Lock()
    guard(Queued(elements), report=found.append).subscribe(taker)

    def ask():
        for _ in range(elements // 2):
            with turn:  # §2.7
                taker.subscription.request(1)

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert over.wait(10)
    assert taker.got == list(range(elements))
    assert found == []
