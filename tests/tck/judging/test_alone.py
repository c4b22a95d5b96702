"""Most checks of a Publisher make a situation that no other makes, and see what is wrong there."""

from __future__ import annotations

from tck.checks.all import PUBLISHER_CHECKS
from tests.tck.judging.alone import found_there, situations


def test_each_finds_one_that_only_it_can_find() -> None:
    own = situations(PUBLISHER_CHECKS)
    by_name = {check.name: check for check in PUBLISHER_CHECKS}
    blind = [name for name, where in own.items() if found_there(by_name[name], where) is None]
    assert blind == []
    assert len(own) >= 30
