"""A team of threads for a module, at the smallest switch interval."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from operators.hooks import set_error_hook
from tests.concurrency.team import Team, tiny_switch_interval


@pytest.fixture
def team() -> Iterator[Team]:
    with tiny_switch_interval():
        team = Team(4)
        try:
            yield team
        finally:
            team.close()


@pytest.fixture
def shaken_team() -> Iterator[Team]:
    """A team whose threads make way for each other between any two bytecodes of the library."""
    with tiny_switch_interval():
        team = Team(4, shaken=True)
        try:
            yield team
        finally:
            team.close()


@pytest.fixture
def nobody_hears_of_errors() -> Iterator[None]:
    """Have what nobody can receive not be printed: it is the end of many an order."""
    before = set_error_hook(lambda error, where: None)
    yield
    set_error_hook(before)
