"""The suites of a Subscriber: each wrong one is found by its rule, and no right one is accused."""

from __future__ import annotations

from typing import Any

import pytest

from tck.broken import GALLERY
from tck.broken._exhibit import Exhibit
from tck.checks.blackbox import BLACKBOX
from tck.checks.subscriber_beyond import SUBSCRIBER_BEYOND, WHITEBOX_BEYOND
from tck.checks.whitebox import WHITEBOX
from tck.correct import CORRECT
from tck.settings import Settings
from tck.subscriber_kit import SubscriberKit
from tck.verify import run_checks

CHECKS = (*WHITEBOX.all, *BLACKBOX.all, *SUBSCRIBER_BEYOND.all, *WHITEBOX_BEYOND.all)
WRONG = [each for each in GALLERY if each.kind == "subscriber"]
RIGHT = [each for each in CORRECT if each.kind == "subscriber"]


def found(exhibit: Exhibit, **waiting: float) -> dict[str, list[str]]:
    """Returns the messages by rule."""
    values: dict[str, Any] = {**exhibit.settings, **waiting}
    settings = Settings(**values)
    rules: dict[str, list[str]] = {}

    def kit() -> SubscriberKit:
        return SubscriberKit(exhibit.factory, exhibit.whitebox, settings, loop=exhibit.needs_loop)

    for result in run_checks(CHECKS, kit, "", "subscriber"):
        if result.outcome in {"failed", "warned"}:
            if not result.violations:
                rules.setdefault("", []).append(f"{result.name}: {result.reason}")
            for violation in result.violations:
                rules.setdefault(violation.rule, []).append(f"{result.name}: {violation.message}")
    return rules


@pytest.mark.parametrize("exhibit", WRONG, ids=lambda each: each.name)
def test_a_wrong_subscriber_is_found_by_its_rule_and_by_no_other(exhibit: Exhibit) -> None:
    rules = found(exhibit, deadline=0.3)
    assert exhibit.rule in rules
    assert {k: v for k, v in rules.items() if k not in {exhibit.rule, *exhibit.follows}} == {}


@pytest.mark.parametrize("exhibit", RIGHT, ids=lambda each: each.name)
def test_a_right_subscriber_is_not_accused(exhibit: Exhibit) -> None:
    assert found(exhibit) == {}
