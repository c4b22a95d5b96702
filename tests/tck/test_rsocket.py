"""A real third party: what is wrong with rsocket's publishers is found, and published."""

from __future__ import annotations

import gc
import importlib.util
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tck.reports.report import Report

pytest.importorskip("rsocket", reason="rsocket is not installed")
# What is cancelled before it has begun it leaves unawaited; that is one of its faults.
pytestmark = pytest.mark.filterwarnings("ignore:coroutine 'StreamFromGenerator:RuntimeWarning")
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("tck_docs", ROOT / "tools/tck_docs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def report(generator: ModuleType) -> Report:
    found: Report = generator.rsocket_report()
    gc.collect()
    return found


def violation(report: Report, rule: str) -> Any:
    return next(found for found in report.violations if found.rule == rule)


@pytest.mark.parametrize("number", ["zero", "negative_number"])
def test_bad_demand_is_ignored(report: Report, number: str) -> None:
    name = f"required_spec309_request_{number}_must_signal_illegal_argument_exception"
    result = next(each for each in report.results if each.name == name)
    assert result.outcome == "failed"
    assert [found.rule for found in result.violations] == ["3.9"]
    assert ": on_error has not come; expected: on_error with a ValueError" in result.reason


def test_cancel_before_the_generator_has_started_raises(report: Report) -> None:
    found = violation(report, "3.15")
    assert "AttributeError" in found.message
    assert "a.cancel()" in found.script


def test_a_second_subscriber_takes_what_is_the_first_ones(report: Report) -> None:
    name = "spec111_a_second_subscriber_takes_nothing_from_the_first"
    result = next(each for each in report.results if each.name == name)
    found: Any = next(each for each in result.violations if each.rule == "1.11")
    assert "a" in {event.link for event in found.trace.calls("request")}
    assert {event.link for event in found.trace.calls("on_next")} == {"b"}
    assert violation(report, "1.11")


def test_an_event_loop_was_found_to_be_needed(report: Report) -> None:
    assert not [each for each in report.results if "event loop" in each.reason]
    assert report.by_rule()["1.5"] == "passed"


def test_the_published_report_says_so(generator: ModuleType, report: Report) -> None:
    # Not word for word: which script is the shortest depends on versions of hypothesis, and on
    # what crosses what in an event loop.
    page = (ROOT / "docs/rsocket.md").read_text("utf-8")
    published = re.findall(r"^\| \[§([\d.]+)\]", page, re.MULTILINE)
    for rule in generator.IN_FULL:
        assert rule in published
        assert f"\n## §{rule}\n" in page
        assert violation(report, rule)
