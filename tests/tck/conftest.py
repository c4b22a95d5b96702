"""For the tests of the kit: a verification there is one of hundreds."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def brief_with_a_great_many(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Has the check of 100,000 elements (§3.17) go as far as 0.06 seconds reach, not 0.4.

    That is far beyond what a stack holds, and long enough for the clock to see what a busy machine
    takes. What is wrong only later has exhibits, which have all the time; of our own sources,
    tests/limits goes as far.
    """
    callspec = getattr(request.node, "callspec", None)
    exhibit = callspec.params.get("exhibit") if callspec is not None else None
    if exhibit is None or "3.17" not in {exhibit.rule, *exhibit.follows}:
        monkeypatch.setattr("tck.driving.publisher_stand.LONG", 0.06)
