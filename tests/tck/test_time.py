"""How long a whole run takes, in seconds of its own: what others keep the cores for does not count."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from tck import Settings, verify_publisher
from tck.correct import CORRECT
from tck.recording.own_time import Clock
from tck.recording.recorder import Recorder

pytestmark = pytest.mark.long

RIGHT = {each.name: each for each in CORRECT}


class Link:
    """A right Subscription over a range, unless a method is replaced."""

    def __init__(self, subscriber: Any, elements: int) -> None:
        self.subscriber, self.elements = subscriber, elements
        self.given = self.demand = 0
        self.over = self.busy = False

    def request(self, n: Any) -> None:
        self.demand += n if type(n) is int and n > 0 else 0
        if self.busy:
            return
        self.busy = True
        while self.demand and not self.over and self.given < self.elements:
            self.demand -= 1
            self.given += 1
            self.subscriber.on_next(self.given)
        self.busy = False
        if self.given >= self.elements and not self.over:
            self.over = True
            self.subscriber.on_complete()

    def cancel(self) -> None:
        self.over = True


class Wrong:
    """A Publisher that is wrong in the way of that name."""

    def __init__(self, way: str, elements: int) -> None:
        self.way, self.elements = way, elements

    def subscribe(self, subscriber: Any) -> None:
        link: Any = Link(subscriber, self.elements)
        if subscriber is None:
            raise TypeError("None is no Subscriber")
        if self.way.endswith("hangs"):
            setattr(link, self.way.split()[0], lambda *_: threading.Event().wait(60))
        if self.way == "never calls on_subscribe":
            return
        subscriber.on_subscribe(link)
        if self.way == "floods without end":
            while True:
                subscriber.on_next(1)
        if self.way == "floods until cancel":
            while not link.over:
                subscriber.on_next(1)


@pytest.fixture
def listened(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long was listened for silence, each time."""
    times: list[float] = []
    listen = Recorder.listen

    def timed(recorder: Recorder, quiet: float, most: float) -> bool:
        times.append(quiet)
        return listen(recorder, quiet, most)

    monkeypatch.setattr(Recorder, "listen", timed)
    return times


@pytest.mark.parametrize(
    ("name", "most"),
    [("SynchronousPublisher", 2.0), ("ThreadedPublisher", 3.0), ("AsyncioPublisher", 3.0)],
)
def test_a_right_publisher_is_verified_soon(name: str, most: float, listened: list[float]) -> None:
    exhibit = RIGHT[name]
    busy = time.process_time()
    report = verify_publisher(exhibit.factory, failed=exhibit.failed, settings=Settings())
    assert report.passed, report
    # It works or listens, and waits for nothing else.
    assert time.process_time() - busy + sum(listened) < most


@pytest.mark.timeout(120)
@pytest.mark.may_leave("thread", reason="its Publisher hangs")
@pytest.mark.parametrize("way", ["request hangs", "cancel hangs", "never calls on_subscribe"])
def test_a_publisher_that_hangs_is_verified_soon(way: str) -> None:
    clock = Clock()
    report = verify_publisher(lambda n: Wrong(way, n))
    assert not report.passed
    assert clock.now() < 15


@pytest.mark.timeout(120)
@pytest.mark.parametrize("way", ["floods without end", "floods until cancel"])
def test_a_publisher_that_ignores_demand_is_verified_soon(way: str) -> None:
    busy = time.process_time()
    report = verify_publisher(lambda n: Wrong(way, n))
    assert not report.passed
    assert time.process_time() - busy < 10  # it waits for nothing, and the rest is silence
