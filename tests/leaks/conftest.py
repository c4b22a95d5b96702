"""What is there before a test, and the kinds of flows that each is run with."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor

import pytest

from tests.leaks.world import KINDS, Build, no_threads


@pytest.fixture(params=KINDS, ids=lambda name: name.replace(" ", "_"))
def build(request: pytest.FixtureRequest) -> Build:
    return KINDS[request.param]


@pytest.fixture
def executor() -> Iterator[Executor]:
    """An executor of the user's, which must still be of use after a flow that was given it."""
    with ThreadPoolExecutor(4) as pool:
        yield pool
        assert pool.submit(int, "7").result() == 7


@pytest.fixture(autouse=True)
def threads_end(executor: Executor) -> Iterator[None]:
    """Fails a test that leaves threads; those of the executor are started before it."""
    barrier = threading.Barrier(5)
    for _ in range(4):
        executor.submit(barrier.wait)
    barrier.wait()
    before = set(threading.enumerate())
    yield
    no_threads(before)
