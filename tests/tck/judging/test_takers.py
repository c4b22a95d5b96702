"""Subscribers of many styles: no right one is accused, and each wrong one is named by its rule."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import tck
from tests.tck.judging.takers import (
    ON_LOOPS,
    PLAIN,
    Everything,
    InBatches,
    Locked,
    OneByOne,
    Pooled,
    Probed,
    Queued,
    Taker,
    Told,
)

pytestmark = pytest.mark.long

BRIEF = tck.Settings(deadline=0.6, quiet=0.02, hang=1.5)


STUCK = threading.Event()


@pytest.fixture(autouse=True)
def pool() -> Iterator[None]:
    with (
        ThreadPoolExecutor(1, thread_name_prefix="takers") as Pooled.pool,
        ThreadPoolExecutor(2, thread_name_prefix="takers") as PooledByTwo.pool,
    ):
        STUCK.clear()
        yield
        STUCK.set()


def conforms(report: tck.Report) -> None:
    assert [f"{each.rule}: {each.message} ({each.check})" for each in report.violations] == []
    assert report.verdict == "conforms"


@pytest.mark.parametrize("factory", PLAIN)
def test_a_right_one_is_not_accused(factory: Any) -> None:
    conforms(tck.verify_subscriber(factory, settings=BRIEF))


@pytest.mark.parametrize(("factory", "loop"), ON_LOOPS)
def test_a_right_one_on_a_loop_is_not_accused(factory: Any, loop: Any) -> None:
    conforms(tck.verify_subscriber(factory, settings=BRIEF, loop=loop))


def test_a_right_one_with_a_probe_inside_is_not_accused() -> None:
    conforms(tck.verify_subscriber(whitebox=lambda p: Probed(Told(), p), settings=BRIEF))


class AsksForNone(OneByOne):
    """3.9"""

    def begin(self) -> None:
        self.subscription.request(0)


class AsksForLess(InBatches):
    """3.9"""

    def take(self, item: Any) -> None:
        self.subscription.request(-1)


class Silent(Taker):
    """2.1"""


class AsksTooLate(Taker):
    """2.1"""

    def take(self, item: Any) -> None:
        self.subscription.request(1)  # nothing comes that it could answer


class FailsAtTheFirst(Everything):
    """2.13"""

    def take(self, item: Any) -> None:
        raise LookupError(item)


class FailsAtTheThird(InBatches):
    """2.13"""

    def take(self, item: Any) -> None:
        super().take(item)
        if self.left == 3:
            raise LookupError(item)


class RunsOutOfStack(Everything):
    """2.13"""

    def take(self, item: Any) -> None:
        self.take(item)


class Exits(Everything):
    """2.13"""

    def take(self, item: Any) -> None:
        raise SystemExit(3)


class FailsWhenSubscribed(OneByOne):
    """2.13"""

    def begin(self) -> None:
        super().begin()
        raise OSError("no file")


class KeepsBoth(OneByOne):
    """2.5"""

    def on_subscribe(self, subscription: Any) -> None:
        if self.subscription is None:
            super().on_subscribe(subscription)


class ChangesOver(OneByOne):
    """2.5"""

    def on_subscribe(self, subscription: Any) -> None:
        self.subscription = None
        super().on_subscribe(subscription)


class AsksBoth(OneByOne):
    """2.5"""

    def on_subscribe(self, subscription: Any) -> None:
        if self.subscription is not None:
            subscription.request(1)
        super().on_subscribe(subscription)


class AsksAtTheEnd(OneByOne):
    """2.3"""

    def end(self) -> None:
        self.subscription.request(1)


class LeavesAtTheEnd(Locked):
    """2.3"""

    def end(self) -> None:
        with self.lock:
            self.subscription.cancel()


class AsksWhenAllIsOver(OneByOne):
    """2.4"""

    def end(self) -> None:
        timer = threading.Timer(0.01, self.begin)
        timer.daemon = True
        timer.start()


class AsksFromTwoThreads(Taker):
    """2.7"""

    def begin(self) -> None:
        threads = [threading.Thread(target=self.ask) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def ask(self) -> None:
        for _ in range(20):
            self.subscription.request(1)


class Waits(Everything):
    """2.2"""

    def take(self, item: Any) -> None:
        STUCK.wait(30)


class TakesNone(OneByOne):
    """2.13"""

    def on_next(self, item: Any) -> None:
        self.take(item)


class SpeaksOfNoneInItsOwnWay(OneByOne):
    """2.13"""

    def on_error(self, error: Any) -> None:
        if error is None:
            raise AssertionError("error")


class PooledByTwo(Pooled):
    """2.7"""


class ExpectsAnElement(OneByOne):
    """2.13"""

    count = 0

    def begin(self) -> None:
        self.subscription.request(1)

    def take(self, item: Any) -> None:
        self.count += 1
        super().take(item)

    def on_complete(self) -> None:
        if not self.count:
            raise LookupError("there is no first")


class ThrowsWhatItIsTold(Queued):
    """2.13"""

    def on_error(self, error: Any) -> None:
        super().on_error(error)
        raise error


class HasAskedForNothing(Taker):
    """2.9"""

    def begin(self) -> None:
        timer = threading.Timer(0.05, self.subscription.request, [1])
        timer.daemon = True
        timer.start()

    def on_complete(self) -> None:
        raise LookupError("there is no first")


class ExpectsNothingAfterItLeft(InBatches):
    """2.8"""

    left = False

    def take(self, item: Any) -> None:
        if self.left:
            raise RuntimeError("it has left")
        self.left = True
        self.subscription.cancel()


WRONG = [
    AsksForNone, AsksForLess, Silent, AsksTooLate, FailsAtTheFirst, FailsAtTheThird, RunsOutOfStack,
    Exits, FailsWhenSubscribed, KeepsBoth, ChangesOver, AsksBoth, AsksAtTheEnd, LeavesAtTheEnd,
    AsksWhenAllIsOver, AsksFromTwoThreads, PooledByTwo,
    HasAskedForNothing, Waits, TakesNone, SpeaksOfNoneInItsOwnWay,
    ExpectsAnElement, ThrowsWhatItIsTold, ExpectsNothingAfterItLeft,
]  # fmt: skip


def failed(report: tck.Report) -> set[str]:
    return {rule for rule, status in report.by_rule().items() if status == "failed"}


@pytest.mark.parametrize("factory", WRONG)
def test_a_wrong_one_is_named_by_its_rule(factory: Any) -> None:
    report = tck.verify_subscriber(factory, settings=BRIEF)
    assert factory.__doc__ in failed(report), report


class Forgets(Probed):
    """3.8"""

    def on_next(self, item: Any) -> None:
        if item == 1:
            self.inner.on_next(item)
        else:
            super().on_next(item)


class Swaps(Probed):
    """3.8"""

    kept: Any = None

    def on_next(self, item: Any) -> None:
        if item == 1:
            self.kept = item
            self.inner.on_next(item)
            return
        super().on_next(item)
        if self.kept is not None:
            self.probe.on_next(self.kept)
            self.kept = None


class KeepsTheEnd(Probed):
    """2.9"""

    def on_complete(self) -> None:
        self.inner.on_complete()


class KeepsTheError(Probed):
    """2.10"""

    def on_error(self, error: Any) -> None:
        self.inner.on_error(error)


class TellsOfAnotherError(Probed):
    """2.10"""

    def on_error(self, error: Any) -> None:
        self.inner.on_error(error)
        self.probe.on_error(LookupError("another"))


@pytest.mark.parametrize("kind", [Forgets, Swaps, KeepsTheEnd, KeepsTheError, TellsOfAnotherError])
def test_a_wrong_one_with_a_probe_inside_is_named_by_its_rule(kind: Any) -> None:
    report = tck.verify_subscriber(whitebox=lambda probe: kind(Told(), probe), settings=BRIEF)
    assert kind.__doc__ in failed(report), report


class AsksForNoneAtTheFourth(Probed):
    """3.9"""

    count = 0

    def on_next(self, item: Any) -> None:
        self.count += 1
        if self.count == 4:
            self.inner.subscription.request(0)
        super().on_next(item)


def test_the_end_that_was_not_sent_to_one_that_asks_wrongly_is_not_missed() -> None:
    report = tck.verify_subscriber(
        whitebox=lambda probe: AsksForNoneAtTheFourth(Told(), probe), settings=BRIEF
    )
    assert failed(report) == {AsksForNoneAtTheFourth.__doc__}, report
