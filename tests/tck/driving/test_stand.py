"""The publisher stand: what it waits for, and for how long."""

from __future__ import annotations

import queue
import threading
import time
from typing import Any

import pytest

import tck


class Slow:
    """A right Publisher, on a thread, that takes its time for each element."""

    def __init__(self, elements: int, seconds: float) -> None:
        self.elements, self.seconds = elements, seconds
        self.asked: queue.SimpleQueue[int] = queue.SimpleQueue()

    def subscribe(self, subscriber: Any) -> None:
        self.subscriber = subscriber
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self) -> None:
        self.subscriber.on_subscribe(self)
        for number in range(self.elements):
            if self.asked.get() == 0:
                return
            time.sleep(self.seconds)
            self.subscriber.on_next(number)
        self.subscriber.on_complete()

    def request(self, n: int) -> None:
        self.asked.put(n)

    def cancel(self) -> None:
        self.asked.put(0)


@pytest.mark.parametrize("seconds", [0.03, 0.1])
def test_as_long_as_elements_come_a_slow_publisher_is_not_accused(seconds):
    made: list[Slow] = []

    def slow(elements: int) -> Slow:
        made.append(Slow(elements, seconds))
        return made[-1]

    with tck.PublisherStand(slow, 100_000, settings=tck.Settings(deadline=0.2)) as stand:
        stand.count_elements(100_000)
        stand.settle()
    for each in made:
        each.thread.join(10)
    assert stand.breaches() == []
