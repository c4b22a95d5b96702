"""Reports: what a rule's status is, which violation is shown, and that JSON keeps it."""

from __future__ import annotations

from typing import Any

import pytest

from tck.recording.trace import Event, Trace
from tck.reports.report import Report, combined, load, save
from tck.reports.results import Result, Violation


def violation(rule: str, script: str = "a\nb", **more: Any) -> Violation:
    return Violation(rule=rule, check="check", message="it <was> broken", script=script, **more)


def result(rule: str, outcome: Any, *found: Violation, reason: str = "") -> Result:
    return Result(
        name=f"spec{rule}", rule=rule, kind="required", outcome=outcome, violations=found,
        reason=reason,
    )  # fmt: skip


def report(*results: Result) -> Report:
    return Report(subject="mine:numbers", results=results, seed=3)


def test_of_each_rule_the_shortest_script_is_shown_in_the_order_of_the_rules():
    long, short, none = violation("1.10", "a\nb\nc"), violation("1.10"), violation("1.10", "")
    found = report(
        result("1.10", "failed", long, violation("1.9")),
        result("1.10", "failed", none, short),
        result("1.1", "skipped", violation("1.2")),
    ).violations
    assert [each.rule for each in found] == ["1.9", "1.10"]
    assert found[1] is short


def test_a_check_that_another_rule_ends_says_nothing_of_its_own():
    known = report(result("1.1", "failed", violation("3.3"))).by_rule()
    assert (known["1.1"], known["3.3"], known["2.1"]) == ("skipped", "failed", "not looked at")
    left_out = report(result("1.7", "failed", reason="§3.9: silence")).by_rule()
    assert left_out["1.7"] == "skipped"
    assert report(result("1.7", "failed", reason="ValueError")).by_rule()["1.7"] == "failed"


def test_what_is_only_recommended_is_a_warning_and_no_failure():
    warned = report(result("3.4", "warned", violation("3.4")), result("1.1", "passed"))
    assert warned.passed
    assert warned.by_rule()["3.4"] == "warned"
    assert warned.verdict == "conforms, with 1 warning"
    both = report(result("3.4", "failed", violation("3.4"), violation("3.5"))).by_rule()
    assert (both["3.4"], both["3.5"]) == ("warned", "failed")


def test_a_failure_outweighs_what_passed_in_other_checks():
    mixed = report(result("1.1", "passed"), result("1.1", "failed", violation("1.1")))
    assert mixed.by_rule()["1.1"] == "failed"
    assert not mixed.passed
    assert mixed.verdict == "does not conform: 1 rule broken"
    assert mixed.rule_counts == {
        "passed": 0, "failed": 1, "warned": 0, "skipped": 0, "not looked at": 42,
    }  # fmt: skip


def test_the_matrix_is_one_screen_with_every_rule():
    lines = report(result("3.9", "passed")).matrix().splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80
    assert sum(line.count("not looked at ") + line.endswith("not looked at") for line in lines[:18])
    assert "✓ 3.9  passed" in "\n".join(lines)
    assert "43 rules: 1 passed, 42 not looked at" in lines


def test_json_keeps_everything(tmp_path):
    trace = Trace([Event(seq=0, time=0.5, thread="main", link="a", kind="request", began=0, n=3)])
    one = report(result("1.1", "failed", violation("1.1", trace=trace)), result("1.2", "passed"))
    assert Report.from_json(one.to_json()) == one
    two = report(result("1.1", "passed"))
    save([one, two], tmp_path / "deeper" / "both.json")
    assert load(tmp_path / "deeper" / "both.json") == [one, two]
    one.save(tmp_path / "one.json")
    assert load(tmp_path / "one.json") == [one]
    assert not combined([one, two]).passed


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "no JSON"),
        ("[]", "but a list"),
        ("{}", "format"),
        (report().to_json().replace('"version": 1', '"version": 2'), "version 2"),
        (report().to_json().replace('"results"', '"result"'), "not a whole report"),
    ],
)
def test_what_is_no_report_is_told(text: str, says: str):
    with pytest.raises(ValueError, match=says):
        Report.from_json(text)
