"""The suite of a Publisher: each wrong one is found by its rule, by no other, and its scripts show it."""

from __future__ import annotations

import pytest

from tck.broken import GALLERY, Exhibit
from tests.tck.verified import LOUD, is_found_by_its_rule_alone, its_scripts_show_it, verified

pytestmark = pytest.mark.long

WRONG = [each for each in GALLERY if each.kind == "publisher"]


@LOUD
@pytest.mark.parametrize("exhibit", WRONG, ids=lambda each: each.name)
def test_a_wrong_publisher_is_found_by_its_rule_and_by_no_other(exhibit: Exhibit) -> None:
    with verified(exhibit, deadline=0.5, quiet=0.02, hang=1.5) as report:
        is_found_by_its_rule_alone(exhibit, report, also=False)
        its_scripts_show_it(exhibit, report)
