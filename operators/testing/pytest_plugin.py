"""Fixtures for pytest: no_leaks, virtual_clock, item_ledger.

`pytest_plugins = ["operators.testing.pytest_plugin"]` in the conftest.py at the top has them found.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

import pytest

from operators.testing import VirtualClock, leaks, ledger

if TYPE_CHECKING:
    from operators.testing import Ledger


@pytest.fixture
def no_leaks() -> Generator[None]:
    """Fails the test for what it leaves running: see `operators.testing.no_leaks`."""
    with leaks.no_leaks():
        yield


@pytest.fixture
def virtual_clock() -> Generator[VirtualClock]:
    """A `VirtualClock`, whose event loop, if there is one, is closed after the test."""
    clock = VirtualClock()
    yield clock
    if clock.has_loop:
        clock.loop().wind_up()


@pytest.fixture
def item_ledger() -> Generator[Ledger]:
    """A `Ledger`, which fails the test unless its account is even in the end."""
    with ledger() as book:
        yield book
