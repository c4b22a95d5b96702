"""A cancel that comes while a Processor is inside of its upstream's request: who is right, who is told of."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from typing import Any

import pytest

from tck.checks.processor import PROCESSOR_BEYOND
from tck.checks.processor_kit import ProcessorKit
from tck.checks.run import run_check
from tck.reports.results import Result
from tck.settings import Settings

CHECK = next(
    each
    for each in PROCESSOR_BEYOND.all
    if each.name == "spec207_a_cancel_waits_until_a_request_is_over"
)


def result(factory: Callable[[], Any]) -> Result:
    brief = Settings(deadline=0.4, quiet=0.02, hang=2.0)
    return run_check(CHECK, lambda: ProcessorKit(factory, brief))


class Locked:
    """Waits for a lock with each call upstream, and asks for one more with each element."""

    def __init__(self) -> None:
        self.lock: Any = threading.RLock()
        self.up: Any = None
        self.down: Any = None

    def subscribe(self, subscriber: Any) -> None:
        self.down = subscriber
        if self.up is not None:
            subscriber.on_subscribe(self)

    def on_subscribe(self, subscription: Any) -> None:
        self.up = subscription
        if self.down is not None:
            self.down.on_subscribe(self)

    def on_next(self, item: Any) -> None:
        self.down.on_next(item)
        self.request(1)

    def on_error(self, error: Exception) -> None:
        self.down.on_error(error)

    def on_complete(self) -> None:
        self.down.on_complete()

    def request(self, n: int) -> None:
        with self.lock:
            self.up.request(n)

    def cancel(self) -> None:
        with self.lock:
            self.up.cancel()


class PassingOn(Locked):
    """Asks for what its Subscriber asks for, and nothing else."""

    def on_next(self, item: Any) -> None:
        self.down.on_next(item)


class Unlocked(Locked):
    def __init__(self) -> None:
        super().__init__()
        self.lock = nullcontext()


class Forgetful(Locked):
    """Does not cancel where it finds a request under way, and nor does anybody else."""

    def cancel(self) -> None:
        if self.lock.acquire(blocking=False):
            self.up.cancel()
            self.lock.release()


class OnPool(Unlocked):
    pool: Executor

    def request(self, n: int) -> None:
        self.pool.submit(super().request, n)

    def cancel(self) -> None:
        self.pool.submit(super().cancel)


@contextmanager
def on_threads(number: int) -> Iterator[type[OnPool]]:
    with ThreadPoolExecutor(number) as threads:

        class OnThisPool(OnPool):
            pool = threads

        yield OnThisPool


def test_who_waits_for_a_lock_is_right() -> None:
    assert result(Locked).outcome == "passed"


def test_who_leaves_all_calls_to_one_thread_is_right() -> None:
    with on_threads(1) as factory:
        assert result(factory).outcome == "passed"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_who_leaves_them_to_two_threads_is_told_of() -> None:
    with on_threads(2) as factory:
        assert [each.rule for each in result(factory).violations] == ["2.7"]


def test_calls_on_two_threads_at_once_are_told_of() -> None:
    found = result(Unlocked)
    assert [each.rule for each in found.violations] == ["2.7"]
    assert "cancel() began on thread tck-leaver while request(1) was" in found.violations[0].message
    assert 'stand.cancel_while_asking("on_next", 10)' in found.violations[0].script


def test_a_cancel_that_is_lost_is_told_of() -> None:
    found = result(Forgetful)
    assert [each.rule for each in found.violations] == ["2.6"]
    assert 'up.expect_cancel("2.6"' in found.violations[0].script


def test_who_asks_for_nothing_by_itself_has_nothing_to_be_looked_at() -> None:
    found = result(PassingOn)
    assert found.outcome == "skipped"
    assert "inside of its Subscriber's request" in found.reason
