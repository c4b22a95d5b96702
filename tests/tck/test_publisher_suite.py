"""The suite of a Publisher, over the whole gallery: each wrong one is found by its rule, and by no other."""

from __future__ import annotations

from typing import Any

import pytest

from tck.broken import GALLERY, Exhibit
from tck.kit import PublisherKit
from tck.settings import Settings
from tck.verify import PUBLISHER_CHECKS, causes_only, needs_loop, run_checks

WRONG = [each for each in GALLERY if each.kind == "publisher"]


def found(exhibit: Exhibit) -> tuple[set[str], dict[str, list[str]]]:
    """Returns the rules of the exhibit's own severity, and the messages by rule."""
    values: dict[str, Any] = {"deadline": 0.5, "quiet": 0.02, "hang": 1.5, **exhibit.settings}
    settings = Settings(**values)
    loop = needs_loop(exhibit.factory, settings)

    def kit() -> PublisherKit:
        return PublisherKit(exhibit.factory, exhibit.failed, settings, loop=loop)

    outcome = {"fails": "failed", "warns": "warned"}[exhibit.level]
    own: set[str] = set()
    rules: dict[str, list[str]] = {}
    for result in causes_only(run_checks(PUBLISHER_CHECKS, kit, "", "publisher")):
        if result.outcome not in {"failed", "warned"}:
            continue
        if not result.violations:
            rules.setdefault("", []).append(f"{result.name}: {result.reason}")
        for violation in result.violations:
            rules.setdefault(violation.rule, []).append(f"{result.name}: {violation.message}")
            if result.outcome == outcome:
                own.add(violation.rule)
    return own, rules


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("exhibit", WRONG, ids=lambda each: each.name)
def test_a_wrong_publisher_is_found_by_its_rule_and_by_no_other(exhibit: Exhibit) -> None:
    own, rules = found(exhibit)
    assert exhibit.rule in own
    assert {k: v for k, v in rules.items() if k not in {exhibit.rule, *exhibit.follows}} == {}
