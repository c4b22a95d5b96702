"""The suite of a Processor: each wrong one is found by its rule, and no right one is accused."""

from __future__ import annotations

from typing import Any

import pytest

from tck.broken import GALLERY
from tck.broken._exhibit import Exhibit
from tck.checks.processor import PROCESSOR, PROCESSOR_BEYOND
from tck.correct import CORRECT
from tck.processor_kit import ProcessorKit
from tck.settings import Settings
from tck.verify import run_checks

CHECKS = (*PROCESSOR.all, *PROCESSOR_BEYOND.all)
WRONG = [each for each in GALLERY if each.kind == "processor"]
RIGHT = [each for each in CORRECT if each.kind == "processor"]


def found(exhibit: Exhibit, **waiting: float) -> dict[str, list[str]]:
    """Returns the messages by rule."""
    values: dict[str, Any] = {**exhibit.settings, **waiting}
    settings = Settings(**values)
    rules: dict[str, list[str]] = {}

    def kit() -> ProcessorKit:
        return ProcessorKit(exhibit.factory, settings, loop=exhibit.needs_loop)

    for result in run_checks(CHECKS, kit, "", "processor"):
        if result.outcome in {"failed", "warned"}:
            if not result.violations:
                rules.setdefault("", []).append(f"{result.name}: {result.reason}")
            for violation in result.violations:
                rules.setdefault(violation.rule, []).append(f"{result.name}: {violation.message}")
    return rules


@pytest.mark.parametrize("exhibit", WRONG, ids=lambda each: each.name)
def test_a_wrong_processor_is_found_by_its_rule_and_by_no_other(exhibit: Exhibit) -> None:
    rules = found(exhibit, deadline=0.3)
    assert exhibit.rule in rules
    assert {k: v for k, v in rules.items() if k not in {exhibit.rule, *exhibit.follows}} == {}


@pytest.mark.parametrize("exhibit", RIGHT, ids=lambda each: each.name)
def test_a_right_processor_is_not_accused(exhibit: Exhibit) -> None:
    assert found(exhibit) == {}
