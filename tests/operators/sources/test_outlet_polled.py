"""An outlet whose items a loop takes out, in place of its drain: the last queue of a chain is the loop's."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from operators import BackpressureError, Flow
from operators._kernel.links.emitter import Outlet
from operators._kernel.plan.node import Node, Operator
from operators._kernel.subscription.scope import Scope
from tests.operators.kit import DEADLINE


class Bell:
    """What a loop that polls is woken by, and the Subscriber behind it; it counts how often it rings."""

    def __init__(self) -> None:
        self.rung = 0
        self._changed = threading.Semaphore(0)

    def ring(self) -> None:
        self.rung += 1
        self._changed.release()

    def wait(self) -> None:
        assert self._changed.acquire(timeout=DEADLINE)

    def on_next(self, item: Any) -> None:
        raise AssertionError("it is pushed to")

    def on_subscribe(self, subscription: Any) -> None:
        subscription.polled_by(self)


class Somewhere(Operator):
    name = "somewhere"


PAUSE = object()


class Polling:
    """A loop over an outlet, one step at a time."""

    def __init__(self, overflow: str = "block", capacity: int = 4) -> None:
        self.bell = Bell()
        self.left: list[Any] = []
        scope = Scope().discarding(self.left.append)
        node = Node(Somewhere(), Flow.of(1).node)
        self.outlet = Outlet(self.bell, node, scope, capacity, overflow)
        self.outlet.open()
        self.items: Iterator[Any] = self.outlet.polled(lambda: PAUSE)

    def take(self) -> Any:
        return next(self.items)


def test_it_asks_for_an_item_when_it_wants_one():
    polling = Polling()
    outlet, bell = polling.outlet, polling.bell
    bell.rung = 0
    assert outlet.offer(1) is True
    assert (outlet.demand.value, bell.rung) == (0, 0)  # nobody waits
    assert polling.take() == 1
    assert outlet.demand.value == 0
    assert polling.take() is PAUSE
    assert outlet.demand.value == 1
    assert outlet.offer(2) is True
    assert bell.rung == 1
    assert outlet.offer(3) is True
    assert (outlet.demand.value, bell.rung) == (0, 1)  # it is on its way, and looks by itself
    assert [polling.take(), polling.take(), polling.take()] == [2, 3, PAUSE]


def test_the_latest_is_the_newest_at_the_moment_it_is_taken():
    polling = Polling("latest", 1)
    assert polling.take() is PAUSE
    for n in range(5):
        polling.outlet.offer(n)
    assert polling.take() == 4
    for n in range(5, 9):
        polling.outlet.offer(n)
    assert [polling.take(), polling.take()] == [8, PAUSE]
    assert polling.left == [0, 1, 2, 3, 5, 6, 7]


def test_what_nobody_waits_for_is_dropped():
    polling = Polling("drop_newest", 0)
    polling.outlet.offer("early")
    assert polling.take() is PAUSE
    polling.outlet.offer("a")
    polling.outlet.offer("b")
    assert polling.take() == "a"
    polling.outlet.offer("c")
    assert polling.take() is PAUSE
    assert polling.left == ["early", "b", "c"]


def test_an_end_comes_after_what_waits():
    polling = Polling()
    polling.outlet.offer(1)
    polling.outlet.complete()
    assert not polling.outlet.is_over()
    assert polling.take() == 1
    assert polling.outlet.is_over()
    assert list(polling.items) == []

    polling = Polling()
    polling.outlet.offer(1)
    polling.outlet.complete(KeyError("waited"))
    assert polling.take() == 1
    with pytest.raises(KeyError):
        polling.take()


def test_an_error_that_does_not_wait_discards_what_does():
    polling = Polling("error", 1)
    polling.outlet.offer(1)
    assert polling.outlet.offer(2) is False
    assert polling.outlet.is_over()
    with pytest.raises(BackpressureError):
        polling.take()
    assert list(polling.items) == []
    assert polling.left == [1]


def test_room_that_is_made_wakes_up_who_waits_for_it():
    polling = Polling(capacity=1)
    polling.outlet.push(1)
    waiting = threading.Thread(target=polling.outlet.push, args=(2,))
    waiting.start()
    assert polling.take() == 1
    while (item := polling.take()) is PAUSE:
        polling.bell.wait()
    assert item == 2
    waiting.join(DEADLINE)


def test_who_takes_out_must_not_wait_for_room():
    polling = Polling(capacity=1)
    assert polling.take() is PAUSE
    polling.outlet.push(1)
    with pytest.raises(RuntimeError, match="would wait for this very thread"):
        polling.outlet.push(2)
    assert polling.take() == 1
