"""An executor that drops what it has accepted ends the flows that wait for it, and says so."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from operators import Flow
from operators.schedulers import executor
from tests.operators.kit import DEADLINE, Handmade, eventually, line_of, notes, probe


class Busy:
    """A pool of one thread that is kept from all other work until it is told to shut down."""

    def __init__(self) -> None:
        self.pool = ThreadPoolExecutor(1)
        self._leave = threading.Event()
        entered = threading.Event()
        self.pool.submit(lambda: (entered.set(), self._leave.wait(20)))
        assert entered.wait(20)

    def drop_all(self) -> None:
        self.pool.shutdown(wait=False, cancel_futures=True)

    def end(self) -> None:
        self._leave.set()
        self.pool.shutdown()


@pytest.fixture
def busy() -> Iterator[Busy]:
    made = Busy()
    yield made
    made.end()


def test_publish_on_fails_and_lets_go_of_all(busy: Busy):
    publisher = Handmade()
    left: list[int] = []
    flow = Flow.from_publisher(publisher).publish_on(executor(busy.pool))  # the hop
    seen = probe(flow.on_discard(left.append), 9)
    publisher.emit(1, 2)
    busy.drop_all()
    seen.until_end()

    assert isinstance(seen.error, RuntimeError)
    assert "cancelled its work" in str(seen.error)
    assert f"in publish_on, written at {line_of('# the hop', __file__)}" in notes(seen.error)
    assert (seen.items, left, publisher.cancels) == ([], [1, 2], 1)
    publisher.emit(3)
    eventually(lambda: left == [1, 2, 3], "the discard of what came late")
    assert seen.violations == []


def test_subscribe_on_fails(busy: Busy):
    opened: list[int] = []
    flow = Flow.defer(lambda: opened.append(1) or Flow.of(1)).subscribe_on(executor(busy.pool))
    seen = probe(flow, 9).request(1).request(2)
    busy.drop_all()
    seen.until_end()

    assert "cancelled its work" in str(seen.error)
    assert "in subscribe_on, written at" in notes(seen.error)
    assert opened == []


@pytest.mark.parametrize(
    "build",
    [
        lambda flow, scheduler: flow.publish_on(scheduler).map(str),
        lambda flow, scheduler: flow.subscribe_on(scheduler),
    ],
    ids=["publish_on", "subscribe_on"],
)
def test_whoever_loops_over_it_does_not_wait_for_ever(busy: Busy, build: Any):
    errors: list[Exception] = []

    def consume() -> None:
        try:
            list(build(Flow.range(9), executor(busy.pool)))
        except RuntimeError as error:
            errors.append(error)

    consumer = threading.Thread(target=consume)
    consumer.start()
    eventually(lambda: busy.pool._work_queue.qsize() == 1, "the task")
    busy.drop_all()
    consumer.join(20)

    assert len(errors) == 1


def test_what_is_told_may_use_the_pool_again(busy: Busy):
    flow = Flow.range(9).publish_on(executor(busy.pool)).retry(2)
    seen = probe(flow, 9)
    busy.drop_all()
    seen.until_end()

    assert "cannot schedule new futures after shutdown" in str(seen.error)


def test_a_cancel_is_no_error(busy: Busy):
    publisher = Handmade()
    left: list[int] = []
    flow = Flow.from_publisher(publisher).publish_on(executor(busy.pool)).on_discard(left.append)
    seen = probe(flow)
    publisher.emit(1)
    seen.cancel()
    busy.drop_all()

    eventually(lambda: left == [1], "the discard")
    assert not seen.ended


def test_a_pool_whose_threads_cannot_be_begun():
    def broken() -> None:
        raise OSError("no licence")

    with ThreadPoolExecutor(1, initializer=broken) as pool:
        seen = probe(Flow.range(9).publish_on(executor(pool)), 9).until_end()

    assert isinstance(seen.error, RuntimeError)


# Each is about a pool of one thread, whose first call waits; what is made of the end asks for the pool again.
ASKS_AGAIN = {
    "the next call of a key": "Flow.range(9).map_async(wait, executor=pool, key=lambda n: n % 2)",
    "another try": "Flow.range(9).map_async(wait, executor=pool, chunk=2).retry(1)",
    "another batch": "Flow.range(9).map_batches(waits, executor=pool, max_size=2, concurrency=3).retry(1)",
    "after a future": (
        "Flow.from_future([pool.submit(wait, 1), pool.submit(wait, 2)][1])"
        ".on_error_resume(lambda error: Flow.of(1).map_async(str, executor=pool))"
    ),
}
PROGRAM = """
import threading
from concurrent.futures import ThreadPoolExecutor
from operators import Flow, hooks

hooks.set_error_hook(lambda error, where: None)
begun, go_on, over = threading.Event(), threading.Event(), threading.Event()

def first():
    begun.set()
    {first}

def wait(n):
    begun.set()
    go_on.wait()
    return n

def waits(items):
    return [wait(item) for item in items]

class Subscriber:
    def on_subscribe(self, subscription): subscription.request(99)
    def on_next(self, item): pass
    def on_complete(self): over.set()
    def on_error(self, error): over.set()

pool = ThreadPoolExecutor(1{initializer})
({flow}).subscribe(Subscriber())
begun.wait()
{then}
go_on.set()
over.wait()
"""


def _ends(**parts: str) -> None:
    program = PROGRAM.format(**parts)
    subprocess.run([sys.executable, "-c", program], timeout=DEADLINE * 3, check=True)


@pytest.mark.parametrize("name", ASKS_AGAIN)
def test_a_pool_is_asked_again_for_what_it_drops_with_its_locks_held(name: str):
    _ends(
        first="", initializer="", flow=ASKS_AGAIN[name],
        then="pool.shutdown(wait=False, cancel_futures=True)",
    )  # fmt: skip


@pytest.mark.parametrize("name", ["the next call of a key", "another try", "another batch"])
def test_and_so_is_one_whose_threads_cannot_be_made_ready(name: str):
    _ends(
        first="go_on.wait(); raise KeyError", initializer=", initializer=first",
        flow=ASKS_AGAIN[name], then="",
    )  # fmt: skip
