"""The suites of a Subscriber: wrong ones are found by their rule, their scripts show it, right ones pass."""

from __future__ import annotations

import pytest

from tck.broken import GALLERY, Exhibit
from tck.correct import CORRECT
from tests.tck.verified import (
    LOUD,
    is_found_by_its_rule_alone,
    its_scripts_show_it,
    told,
    verified,
)

pytestmark = pytest.mark.long

WRONG = [each for each in GALLERY if each.kind == "subscriber"]
RIGHT = [each for each in CORRECT if each.kind == "subscriber"]


@LOUD
@pytest.mark.parametrize("exhibit", WRONG, ids=lambda each: each.name)
def test_a_wrong_subscriber_is_found_by_its_rule_and_by_no_other(exhibit: Exhibit) -> None:
    with verified(exhibit, deadline=0.3, hang=1.5) as report:
        is_found_by_its_rule_alone(exhibit, report, also=True)
        its_scripts_show_it(exhibit, report)


@pytest.mark.parametrize("exhibit", RIGHT, ids=lambda each: each.name)
def test_a_right_subscriber_is_not_accused(exhibit: Exhibit) -> None:
    with verified(exhibit) as report:
        assert told(report, also=True) == {}
