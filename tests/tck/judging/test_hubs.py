"""Processors of many styles: no right one is accused, and each wrong one is named by its rule."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import tck
from tests.tck.judging.hubs import ON_LOOPS, PLAIN, UNBOUNDED, Hub, OnPool, Outlet, Prefetching

pytestmark = pytest.mark.long

BRIEF = tck.Settings(deadline=0.6, quiet=0.02, hang=1.5)


@pytest.fixture(autouse=True)
def pool() -> Iterator[None]:
    with ThreadPoolExecutor(4, thread_name_prefix="hubs") as OnPool.pool:
        yield


def conforms(report: tck.Report) -> None:
    assert [f"{each.rule}: {each.message} ({each.check})" for each in report.violations] == []
    assert report.verdict == "conforms"


@pytest.mark.parametrize("factory", PLAIN)
def test_a_right_one_is_not_accused(factory: Any) -> None:
    conforms(tck.verify_processor(factory, settings=BRIEF))


@pytest.mark.parametrize("factory", ON_LOOPS)
def test_a_right_one_on_a_loop_is_not_accused(factory: Any) -> None:
    conforms(tck.verify_processor(factory, settings=BRIEF, loop="asyncio"))


class GivesUnasked(Hub):
    """1.1"""

    def emit(self) -> None:
        for outlet in self.outlets:
            outlet.demand = max(1, outlet.demand)
        super().emit()


class ForgetsTheEnd(Hub):
    """1.5"""

    def finish(self, outlet: Outlet) -> None:
        if self.end != ("on_complete",):
            super().finish(outlet)


class EndsTwice(Hub):
    """1.7"""

    def finish(self, outlet: Outlet) -> None:
        subscriber = outlet.subscriber
        super().finish(outlet)
        if subscriber is not None and self.end == ("on_complete",):
            subscriber.on_complete()


class CompletesAfterItsError(Hub):
    """1.7"""

    def finish(self, outlet: Outlet) -> None:
        subscriber = outlet.subscriber
        super().finish(outlet)
        if subscriber is not None and self.end is not None and self.end[0] == "on_error":
            subscriber.on_complete()


class EndsBeforeItsElements(Prefetching):
    """1.5"""

    def over(self, *end: Any) -> None:
        self.queue.clear()
        super().over(*end)


class Loses(Hub):
    """3.8"""

    def send(self, outlet: Outlet, item: Any) -> None:
        if item != 2:
            super().send(outlet, item)


class Repeats(Hub):
    """3.8"""

    def take(self, item: Any) -> None:
        super().take(item)
        if item == 2:
            self.came -= 1
            super().take(item)


class Reverses(Prefetching):
    """3.8"""

    def take(self, item: Any) -> None:
        self.came += 1
        self.queue.appendleft(item)
        self.emit()


class KeepsTheError(Hub):
    """4.2"""

    def over(self, *end: Any) -> None:
        if end == ("on_complete",):
            super().over(*end)


class CompletesInsteadOfFailing(Hub):
    """4.2"""

    def over(self, *end: Any) -> None:
        super().over("on_complete")


class FailsInItsOwnWords(Hub):
    """4.2"""

    def over(self, *end: Any) -> None:
        super().over(*(end[:1] if len(end) == 1 else ("on_error", LookupError("something"))))


class AsksForNothing(Hub):
    """2.1"""

    def pull(self) -> None: ...


class AsksNoMore(Hub):
    """2.1"""

    def wanted(self) -> int:
        return super().wanted() if self.asked_for < 30 else 0


class AsksForWhatIsNotThere(Hub):
    """3.9"""

    def pull(self) -> None:
        super().pull()
        if self.up is not None and self.came == 1 and self.end is None:
            self.up.request(0)


class HoldsMoreThanItSays(Hub):
    """4.1"""

    def wanted(self) -> int:
        return 0 if self.asked_for else UNBOUNDED


class StaysWhenAllHaveLeft(Hub):
    """2.6"""

    def close(self) -> None:
        self.queue.clear()


class TakesTwo(Hub):
    """2.5"""

    def connect(self, subscription: Any) -> None:
        self.up = None
        super().connect(subscription)


class TakesNone(Hub):
    """2.13"""

    def on_next(self, item: Any) -> None:
        self.post(lambda: self.take(item))


class TakesNoSubscriber(Hub):
    """1.9"""

    def subscribe(self, subscriber: Any) -> None:
        if subscriber is not None:
            super().subscribe(subscriber)


class LeavesOthersWaiting(Hub):
    """1.9"""

    def add(self, outlet: Outlet) -> None:
        if not self.served:
            super().add(outlet)


class LooksAwayFromNonsense(Hub):
    """3.9"""

    def asked(self, outlet: Outlet, n: Any) -> None:
        if type(n) is int and n > 0:
            super().asked(outlet, n)


class UsesUpstreamAfterTheEnd(Hub):
    """2.3"""

    def on_complete(self) -> None:
        if self.up is not None:
            self.up.cancel()
        super().on_complete()


WRONG = [
    GivesUnasked, ForgetsTheEnd, EndsTwice, CompletesAfterItsError, EndsBeforeItsElements, Loses,
    Repeats, Reverses, KeepsTheError, CompletesInsteadOfFailing, FailsInItsOwnWords, AsksForNothing,
    AsksNoMore, AsksForWhatIsNotThere, HoldsMoreThanItSays,
    StaysWhenAllHaveLeft, TakesTwo, TakesNone, TakesNoSubscriber, LeavesOthersWaiting,
    LooksAwayFromNonsense, UsesUpstreamAfterTheEnd,
]  # fmt: skip


@pytest.mark.parametrize("factory", WRONG)
def test_a_wrong_one_is_named_by_its_rule(factory: Any) -> None:
    settings = BRIEF.but(buffer=8) if factory is HoldsMoreThanItSays else BRIEF
    report = tck.verify_processor(factory, settings=settings)
    failed = {rule for rule, status in report.by_rule().items() if status == "failed"}
    assert factory.__doc__ in failed, report
