"""Nothing masks a fault: what is close enough does not pass, and each fault is named for what it is."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tck
from tck.checks.all import PUBLISHER_CHECKS
from tck.checks.publisher_kit import PublisherKit
from tck.checks.run import run_check
from tck.gallery.broken._relay import IdentityProcessor
from tests.tck.judging.right import Numbers, NumbersLink
from tests.tck.judging.test_false_alarms import BRIEF, broken, of, publisher, right

pytestmark = pytest.mark.long

ROOT = Path(__file__).resolve().parents[3]

# What is close to right.


class OneMore(Numbers):
    def __init__(self, elements: int) -> None:
        super().__init__(elements + 1)


def test_one_element_more_than_was_to_be_had_is_found() -> None:
    assert broken(publisher(OneMore)) == {"1.5"}


FINITE = [
    "required_create_publisher1_must_produce_a_stream_of_exactly1_element",
    "required_create_publisher3_must_produce_a_stream_of_exactly3_elements",
    "required_spec102_may_signal_less_than_requested_and_terminate_subscription",
    "required_spec105_must_signal_on_complete_when_finite_stream_terminates",
    "required_spec107_must_not_emit_further_signals_once_on_complete_has_been_signalled",
    "required_spec317_must_support_a_pending_element_count_up_to_long_max_value",
    "required_spec317_must_support_a_cumulative_pending_element_count_up_to_long_max_value",
]


@pytest.mark.parametrize("name", FINITE)
def test_by_each_check_alone_that_the_official_kit_finds_it_with(name: str) -> None:
    (check,) = (each for each in PUBLISHER_CHECKS if each.name == name)
    result = run_check(check, lambda: PublisherKit(OneMore, None, BRIEF))
    assert result.outcome == "failed", result


def test_an_endless_stream_that_is_declared_so_may_be_as_long_as_it_likes() -> None:
    class Endless(Numbers):
        def __init__(self, elements: int) -> None:
            super().__init__(10**9)

    right(publisher(Endless, BRIEF.but(completes=False)))


# Faults side by side.


class Idle(Numbers):
    def subscribe(self, subscriber: Any) -> None:
        if subscriber is None:
            raise TypeError("subscriber is None")
        subscriber.on_subscribe(self)

    def request(self, n: Any) -> None: ...

    def cancel(self) -> None: ...


def test_one_that_does_nothing_is_deaf_to_bad_requests_as_well() -> None:
    report = publisher(Idle)
    assert broken(report) == {"3.8", "3.9"}


def test_what_may_only_follow_is_listed_with_its_cause() -> None:
    report = publisher(Idle)
    assert {each.rule for each in report.also} >= {"1.5", "3.17"}
    assert {each.follows for each in report.also} == {"3.8"}
    text = str(report)
    assert "also seen" in text
    assert "§1.5, which may follow from 3.8" in text
    assert tck.Report.from_json(report.to_json()).also


def test_a_failed_one_that_never_subscribes_does_not_hide_what_the_others_lose() -> None:
    class Loses(NumbersLink):
        def request(self, n: Any) -> None:
            super().request(n - 1 if type(n) is int and n > 9 else n)

    class Silent(Numbers):
        def subscribe(self, subscriber: Any) -> None:
            if subscriber is None:
                raise TypeError("subscriber is None")

    report = tck.verify_publisher(of(Loses), failed=lambda: Silent(0), settings=BRIEF)
    assert broken(report) == {"1.9", "3.8"}


def test_one_that_fails_at_endless_demand_breaks_the_rule_of_that() -> None:
    class Fails(NumbersLink):
        def request(self, n: Any) -> None:
            if type(n) is int and self.demand + n >= 2**63 - 1:
                self.wrong, n = RuntimeError("so many are not to be had"), 1
            super().request(n)

    assert broken(publisher(of(Fails))) == {"3.17"}


class Early(IdentityProcessor):
    """Completes as soon as its upstream does, whatever it still holds."""

    def on_complete(self) -> None:
        self.upstream.end()
        with self.lock:
            self.items.clear()
            self.complete = True
        self.drain()


class CompletesByItself(IdentityProcessor):
    """Completes with its third element still in hand."""

    count = 0

    def on_next(self, element: Any) -> None:
        if element is None:
            raise TypeError("element is None")
        self.count += 1
        if self.count == 3:
            self.upstream.cancel()
            self.complete = True
            self.drain()
        else:
            super().on_next(element)


class Drops(IdentityProcessor):
    count = 0

    def on_next(self, element: Any) -> None:
        if element is None:
            raise TypeError("element is None")
        self.count += 1
        if self.count != 3:
            super().on_next(element)


class Doubles(IdentityProcessor):
    def on_next(self, element: Any) -> None:
        super().on_next(element)
        with self.lock:
            if self.down is not None and self.down.demand:
                self.items.append(element)
        self.drain()


PROCESSORS = [(Early, "1.5"), (CompletesByItself, "1.5"), (Drops, "3.8"), (Doubles, "3.8")]


@pytest.mark.parametrize(("factory", "rule"), PROCESSORS)
def test_a_processor_that_ends_too_soon_is_told_from_one_that_loses(
    factory: Any, rule: str
) -> None:
    report = tck.verify_processor(factory, settings=BRIEF)
    assert rule in broken(report)


# One stream for two.


class Cursor(Numbers):
    def __init__(self, elements: int) -> None:
        super().__init__(elements)
        self.left = iter(range(elements))

    def link(self, subscriber: Any) -> NumbersLink:
        return CursorLink(subscriber, self.elements, self)


class CursorLink(NumbersLink):
    def take(self) -> Callable[[], None] | None:
        with self.lock:
            subscriber = self.subscriber
            if subscriber is None or self.wrong is not None or not (self.demand and self.elements):
                return super().take()
            owner: Any = self.owner
            item = next(owner.left, None)
            if item is None:
                self.subscriber = None
                return subscriber.on_complete
            self.demand -= 1
            return lambda: subscriber.on_next(item)


def test_a_second_subscriber_that_takes_elements_away_is_warned_of() -> None:
    report = publisher(Cursor)
    assert report.passed
    assert report.by_rule()["1.11"] == "warned"
    (found,) = report.violations
    assert "a was sent [0, 2, 4], and b [1, 3, 5]" in found.message


@pytest.mark.parametrize("declared", ["multicast", "per_subscriber"])
def test_and_a_violation_where_it_is_declared_otherwise(declared: str) -> None:
    report = publisher(Cursor, BRIEF.but(**{declared: True}))
    assert "1.11" in broken(report)


# The suites tell what verify tells.

SUITE = """
    import tck
    from tck.suites import PublisherVerification
    from tests.tck.judging.test_masks import {name}

    class TestIt(PublisherVerification[int]):
        settings = tck.Settings(deadline=0.4, quiet=0.02, examples=12)

        def create_publisher(self, elements):
            return {name}(elements)
"""


def suite(tmp_path: Path, name: str) -> tuple[dict[str, list[str]], str]:
    """Returns the ids of its tests by what came of them, and what was printed."""
    (tmp_path / "test_it.py").write_text(textwrap.dedent(SUITE.format(name=name)))
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-rA",
        "-p",
        "no:randomly",
        "-p",
        "no:cacheprovider",
    ]
    done = subprocess.run(
        [*command, "--rootdir", str(tmp_path), "test_it.py"],
        cwd=tmp_path, env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True, text=True, check=False, timeout=100,
    )  # fmt: skip
    ids: dict[str, list[str]] = {}
    for line in done.stdout.splitlines():
        what, _, rest = line.partition(" ")
        if what in {"PASSED", "FAILED"} and "[" in rest:
            ids.setdefault(what, []).append(rest.split("[")[1].split("]")[0])
    return ids, done.stdout


def test_one_fault_fails_the_tests_of_its_rule_only(tmp_path: Path) -> None:
    ids, printed = suite(tmp_path, "Idle")
    rules = {each.split("-")[0] for each in ids["FAILED"]}
    assert rules - {"scripts"} == {"3.8", "3.9"}, printed


def test_the_scripts_are_one_of_the_tests(tmp_path: Path) -> None:
    ids, printed = suite(tmp_path, "Numbers")
    assert "FAILED" not in ids, printed
    assert "scripts" in ids["PASSED"]


def test_a_suite_has_the_checks_of_a_verification() -> None:
    from tck.suites import PublisherVerification

    report = publisher(Numbers)
    assert [each.name for each in report.results] == [c.name for c in PublisherVerification.checks]
