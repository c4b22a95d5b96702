"""What comes late, by a thread that had made no sound, is found although nobody stood and waited for it."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tck import Settings
from tck.checks.run import run_checks
from tck.checks.subscriber_beyond import WHITEBOX_BEYOND
from tck.checks.subscriber_kit import SubscriberKit

NAME = "spec204_a_probed_one_calls_nothing_after_the_end"
LATE = 0.02
"""Seconds: longer than the kit stands still for, and shorter than it listens on."""


class Clerk:
    """A thread that is there before anything is verified, and does things a little later."""

    def __init__(self) -> None:
        self._due: list[tuple[float, int, Callable[[], Any]]] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._over = False
        self._thread = threading.Thread(target=self._work, name="clerk", daemon=True)
        self._thread.start()

    def later(self, call: Callable[[], Any]) -> None:
        with self._changed:
            heapq.heappush(self._due, (time.monotonic() + LATE, next(self._numbers), call))
            self._changed.notify()

    def close(self) -> None:
        with self._changed:
            self._over = True
            self._changed.notify()
        self._thread.join(30)

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._over and (
                    not self._due or (left := self._due[0][0] - time.monotonic()) > 0
                ):
                    self._changed.wait(left if self._due else None)
                if self._over:
                    return
                call = heapq.heappop(self._due)[2]
            call()


@pytest.fixture
def clerk() -> Iterator[Clerk]:
    clerk = Clerk()
    yield clerk
    clerk.close()


class Cancelling:
    """Has its Subscription cancelled when it has ended, by somebody else."""

    def __init__(self, clerk: Clerk, probe: Any) -> None:
        self._clerk = clerk
        self._probe = probe
        self._subscription: Any = None

    def on_subscribe(self, subscription: Any) -> None:
        if subscription is None:
            raise TypeError
        if self._subscription is not None:
            subscription.cancel()
            return
        self._subscription = subscription
        self._probe.on_subscribe(subscription)

    def on_next(self, item: Any) -> None:
        if item is None:
            raise TypeError
        self._probe.on_next(item)

    def on_error(self, error: Any) -> None:
        if error is None:
            raise TypeError
        self._probe.on_error(error)
        self._clerk.later(self._subscription.cancel)

    def on_complete(self) -> None:
        self._probe.on_complete()
        self._clerk.later(self._subscription.cancel)


def test_a_call_after_the_end_is_found_when_it_is_listened_for_later(clerk: Clerk) -> None:
    settings = Settings(quiet=0.5, deadline=0.1)  # so that it is heard on the busiest machine
    results = run_checks(
        [check for check in WHITEBOX_BEYOND.all if check.name == NAME],
        lambda: SubscriberKit(None, lambda probe: Cancelling(clerk, probe), settings),
        "Cancelling",
        "whitebox",
    )
    assert [result.outcome for result in results] == ["failed"]
    assert [violation.rule for violation in results[0].violations] == ["2.4"]
