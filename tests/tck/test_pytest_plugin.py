"""The suites and the plugin, in a run of pytest of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tck.reports.report import load
from tests.tck.test_cli import MINE, ROOT

TEST = """
from tck.suites import PublisherVerification
from mine import Deaf, Numbers

class TestGood(PublisherVerification[int]):
    def create_publisher(self, elements):
        return Numbers(elements)

class TestDeaf(PublisherVerification[int]):
    def create_publisher(self, elements):
        return Deaf(elements)
"""


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    pytester.makepyfile(mine=MINE, test_mine=TEST)
    pytester.makeini("[pytest]\nfilterwarnings = error\npython_classes = Test* *Verification")
    return pytester.runpytest_subprocess(*arguments)


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch, pytester: pytest.Pytester):
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}:{pytester.path}")
    monkeypatch.setenv("TCK_DEADLINE", "0.3")


def test_each_check_is_a_test_and_a_broken_rule_fails_with_its_script(pytester):
    done = run(pytester, "-k", "TestGood or spec309_request_zero", "--tck-report", "r.json")
    assert done.ret == pytest.ExitCode.TESTS_FAILED
    text = done.stdout.str()
    name = "test_rule[3.9-required_spec309_request_zero_must_signal_illegal_argument_exception]"
    done.stdout.fnmatch_lines(["*§3.9 On a Subscription*", "*a.request(0)*", "*<-- §3.9 broken*"])
    assert f"::TestDeaf::{name}" in text.replace("\n", "")
    assert "run_check" not in text
    assert "43 rules: " in text
    assert done.parseoutcomes()["failed"] == 1
    deaf, good = load(pytester.path / "r.json")
    assert (deaf.passed, good.passed) == (False, True)
    assert [found.rule for found in deaf.violations] == ["3.9"]


@pytest.mark.long
def test_under_xdist_the_results_come_together(pytester):
    pytest.importorskip("xdist", reason="pytest-xdist is not installed")
    done = run(pytester, "-n2", "-k", "spec309", "--tck-report", "r.html")
    assert done.ret == pytest.ExitCode.TESTS_FAILED
    assert "43 rules: " in done.stdout.str()
    page = Path(pytester.path / "r.html").read_text("utf-8")
    assert "TestDeaf" in page
    assert "TestGood" in page


def test_without_a_verification_nothing_is_said(pytester):
    pytester.makepyfile("def test_it(): pass")
    done = pytester.runpytest_subprocess()
    assert done.ret == pytest.ExitCode.OK
    assert "Reactive Streams" not in done.stdout.str()


def test_a_suite_that_lacks_a_method_is_an_error_and_not_passed_over(pytester):
    lacking = """
from tck.suites import PublisherVerification

class _Shared(PublisherVerification[int]):
    max_elements = 3

class TestLacking(_Shared):
    pass
"""
    pytester.makepyfile(test_lacking=lacking)
    done = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    assert done.ret == pytest.ExitCode.INTERRUPTED
    done.stdout.fnmatch_lines(["*TestLacking is a conformance suite without create_publisher()*"])
    assert done.parseoutcomes() == {"errors": 1}
