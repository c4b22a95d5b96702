"""What every test of a connector has."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.connectors.peers import close_all
from tests.connectors.servers.base import end_all


@pytest.fixture(autouse=True)
def no_peer_is_left() -> Iterator[None]:
    """Peers that nobody has connected to end with the test."""
    yield
    close_all()


@pytest.fixture(scope="session", autouse=True)
def no_server_is_left() -> Iterator[None]:
    """Servers that are shared end with the tests."""
    yield
    end_all()
