"""Components that live on an event loop: the factory and all signals are there, and faults are found."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio

import tck
from tck.driving.driver import Driver
from tck.gallery.broken._relay import IdentityProcessor, RelayOutlet

ROOT = Path(__file__).resolve().parents[3]
BRIEF = tck.Settings(deadline=0.4, quiet=0.01, examples=6)
LOOPS: list[Any] = ["asyncio", "trio"]


def here(loop: str) -> object:
    """Returns what runs here, which has to be that loop."""
    return asyncio.get_running_loop() if loop == "asyncio" else trio.lowlevel.current_trio_token()


class Taker:
    """Works in a task, with an `async def`, and asks for one element after the other."""

    def __init__(self, loop: str, flaw: str = "") -> None:
        self.loop, self.flaw = loop, flaw
        self.home, self.thread = here(loop), threading.get_ident()
        self.link: Any = None
        self.items: list[Any] = []
        self.over = False
        self.bell: Any = asyncio.Event() if loop == "asyncio" else trio.Event()

    def stay(self) -> None:
        if here(self.loop) is not self.home or threading.get_ident() != self.thread:
            raise RuntimeError("not on its loop")

    def on_subscribe(self, subscription: Any) -> None:
        self.stay()
        if subscription is None:
            raise TypeError("a Subscription is needed")
        if self.link is not None:
            subscription.cancel()
            return
        self.link = subscription
        if self.loop == "asyncio":
            self.task = asyncio.get_running_loop().create_task(self.work())
        else:
            trio.lowlevel.current_task().parent_nursery.start_soon(self.work)  # type: ignore[union-attr]

    async def work(self) -> None:
        while not self.over:
            if self.flaw != "asks for nothing":
                self.link.request(0 if self.flaw == "asks for 0" else 1)
            while not self.items and not self.over:
                await self.bell.wait()
                self.bell = asyncio.Event() if self.loop == "asyncio" else trio.Event()
            self.items.clear()
            if self.loop == "asyncio":
                await asyncio.sleep(0)
            else:
                await trio.lowlevel.checkpoint()

    def on_next(self, item: Any) -> None:
        self.stay()
        if item is None:
            raise TypeError("None is no element")
        if self.flaw == "raises":
            raise KeyError(item)
        self.items.append(item)
        self.bell.set()

    def on_error(self, error: Any) -> None:
        if error is None:
            raise TypeError("an Exception is needed")
        self.on_complete()

    def on_complete(self) -> None:
        self.stay()
        if self.flaw == "cancels at the end":
            self.link.cancel()
        self.over = True
        self.bell.set()


class Told(Taker):
    """The same with a probe, which decides when it asks."""

    def __init__(self, probe: Any, loop: str) -> None:
        super().__init__(loop, "asks for nothing")
        self.probe = probe

    def on_subscribe(self, subscription: Any) -> None:
        first = self.link is None
        super().on_subscribe(subscription)
        if first:
            self.probe.on_subscribe(subscription)

    def on_next(self, item: Any) -> None:
        super().on_next(item)
        self.probe.on_next(item)

    def on_error(self, error: Any) -> None:
        super().on_error(error)
        self.probe.on_error(error)

    def on_complete(self) -> None:
        super().on_complete()
        if not self.probe.errors:
            self.probe.on_complete()


class LoopOutlet(RelayOutlet):
    """Signals from callbacks of the loop only, some in a row."""

    relay: Bound

    def start(self) -> None:
        self.relay.soon(super().start)

    def drain(self) -> None:
        with self.lock:
            if self.emitting:
                return
            self.emitting = True
        self.relay.soon(self.run)

    def run(self) -> None:
        if (signal := self.take()) is not None:
            self.tell(signal)
            self.relay.soon(self.run)


class Bound(IdentityProcessor):
    """A Processor that is bound to the loop on which it was made."""

    outlet = LoopOutlet

    def __init__(self, loop: str, flaw: str = "") -> None:
        super().__init__()
        self.loop, self.flaw = loop, flaw
        self.home: Any = here(loop)

    def soon(self, call: Callable[[], None]) -> None:
        try:
            if self.loop == "asyncio":
                self.home.call_soon(call)
            else:
                self.home.run_sync_soon(call)
        except RuntimeError:  # the loop is over, and nothing can come any more
            with self.lock:
                if self.down is not None:
                    self.down.drop()

    def on_subscribe(self, subscription: Any, /) -> None:
        assert here(self.loop) is self.home
        super().on_subscribe(subscription)

    def on_next(self, element: int, /) -> None:
        assert here(self.loop) is self.home
        super().on_next(element)
        if self.flaw == "twice" and element == 1:
            super().on_next(element)

    def on_complete(self) -> None:
        assert here(self.loop) is self.home
        if self.flaw != "never ends":
            super().on_complete()


def found(report: tck.Report) -> list[str]:
    return sorted({violation.rule for violation in report.violations})


@pytest.mark.parametrize("loop", LOOPS)
def test_a_subscriber_with_a_coroutine_inside_conforms(loop: Any):
    report = tck.verify_subscriber(partial(Taker, loop), loop=loop)
    assert report.passed, str(report)
    assert sum(result.outcome == "passed" for result in report.results) > 10


@pytest.mark.parametrize("loop", LOOPS)
def test_so_it_does_with_a_probe(loop: Any):
    report = tck.verify_subscriber(whitebox=partial(Told, loop=loop), loop=loop)
    assert report.passed, str(report)


@pytest.mark.parametrize(
    ("flaw", "rule"),
    [
        ("asks for nothing", "2.1"), ("asks for 0", "3.9"), ("raises", "2.13"),
        ("cancels at the end", "2.3"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("loop", LOOPS)
def test_a_subscriber_is_found_out_on_its_loop(loop: Any, flaw: str, rule: str):
    report = tck.verify_subscriber(partial(Taker, loop, flaw), loop=loop, settings=BRIEF)
    assert rule in found(report)
    assert all(f'loop="{loop}"' in violation.script for violation in report.violations)


@pytest.mark.parametrize("loop", LOOPS)
def test_a_processor_that_is_bound_to_a_loop_conforms(loop: Any):
    report = tck.verify_processor(
        partial(Bound, loop), loop=loop, settings=tck.Settings(concurrent_requests=False)
    )
    assert report.passed, str(report)


@pytest.mark.long
@pytest.mark.parametrize(("flaw", "rule"), [("twice", "3.8"), ("never ends", "1.5")])
@pytest.mark.parametrize("loop", LOOPS)
def test_a_processor_is_found_out_on_its_loop(loop: Any, flaw: str, rule: str):
    settings = BRIEF.but(concurrent_requests=False)
    report = tck.verify_processor(partial(Bound, loop, flaw), loop=loop, settings=settings)
    assert not report.passed
    assert rule in found(report)


class TrioNumbers:
    """A Publisher whose elements come from a task of trio."""

    def __init__(self, elements: int) -> None:
        self.elements = elements
        self.nursery: Any = trio.lowlevel.current_task().parent_nursery

    def subscribe(self, subscriber: Any) -> None:
        if subscriber is None:
            raise TypeError("a Subscriber is needed")
        TrioLink(subscriber, self)


class TrioLink:
    def __init__(self, subscriber: Any, numbers: TrioNumbers) -> None:
        self.subscriber, self.elements = subscriber, numbers.elements
        self.demand, self.sent = 0, 0
        self.bad: Exception | None = None
        self.bell = trio.Event()
        try:
            subscriber.on_subscribe(self)
        except Exception:
            self.subscriber = None
        numbers.nursery.start_soon(self.work)

    def request(self, n: Any) -> None:
        if type(n) is not int:
            self.bad = self.bad or TypeError("§3.9")
        elif n <= 0:
            self.bad = self.bad or ValueError("§3.9")
        else:
            self.demand = min(self.demand + n, 2**63 - 1)
        self.bell.set()

    def cancel(self) -> None:
        self.subscriber = None
        self.bell.set()

    async def work(self) -> None:
        while (subscriber := self.subscriber) is not None:
            if self.bad is not None:
                self.subscriber = None
                subscriber.on_error(self.bad)
            elif self.sent == self.elements:
                self.subscriber = None
                subscriber.on_complete()
            elif self.demand:
                self.demand -= 1
                self.sent += 1
                try:
                    subscriber.on_next(self.sent)
                except Exception:
                    self.subscriber = None
                if not self.sent % 64:
                    await trio.lowlevel.checkpoint()
            else:
                await self.bell.wait()
                self.bell = trio.Event()


@pytest.mark.parametrize("loop", [None, "trio"])
def test_a_publisher_of_trio_is_found_to_be_one(loop: Any):
    report = tck.verify_publisher(
        TrioNumbers, loop=loop, settings=tck.Settings(concurrent_requests=False, examples=15)
    )
    assert report.passed, str(report)


def test_a_loop_by_another_name():
    with pytest.raises(
        ValueError, match="loop is one of 'thread', 'asyncio', 'trio', not 'uvloop'"
    ):
        tck.verify_subscriber(partial(Taker, "asyncio"), loop="uvloop")  # type: ignore[arg-type]


def test_without_trio_it_says_what_to_install():
    code = (
        "import sys; sys.modules['trio'] = None\n"
        "import tck\n"
        "try: tck.verify_subscriber(object, loop='trio')\n"
        "except ImportError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=50, check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert "pip install trio" in done.stdout


# The driver.


@pytest.mark.parametrize("loop", LOOPS)
def test_what_ends_a_task_ends_neither_the_loop_nor_the_next_call(loop: Any):
    async def fail(error: BaseException) -> None:
        raise error

    def start(error: BaseException) -> None:
        if loop == "asyncio":
            keep.append(asyncio.get_running_loop().create_task(fail(error)))
        else:
            nursery: Any = trio.lowlevel.current_task().parent_nursery
            nursery.start_soon(fail, error)

    keep: list[Any] = []
    driver = Driver(loop=loop)
    for error in (ValueError("one"), SystemExit(3), KeyError("two")):
        driver.call(partial(start, error), 10)
        assert driver.call(lambda: 7, 10) == 7
    if loop == "trio":
        driver.call(lambda: trio.lowlevel.spawn_system_task(fail, OSError("three")), 10)
        assert driver.call(lambda: 7, 10) == 7
    driver.close()
    assert driver.ident not in {thread.ident for thread in threading.enumerate()}


@pytest.mark.parametrize("loop", ["thread", *LOOPS])
def test_calls_are_made_in_order_on_one_thread(loop: Any):
    driver = Driver(loop=loop)
    seen: list[Any] = []

    def note(number: int) -> None:
        seen.append((number, threading.get_ident()))

    for number in range(50):
        driver.call(partial(note, number), 10)
    driver.close()
    assert seen == [(number, driver.ident) for number in range(50)]


@pytest.mark.parametrize("loop", LOOPS)
def test_what_still_runs_is_cancelled_when_the_driver_is_closed(loop: Any):
    ended = threading.Event()

    async def forever() -> None:
        try:
            if loop == "asyncio":
                await asyncio.sleep(3600)
            else:
                await trio.sleep(3600)
        finally:
            ended.set()

    def start() -> None:
        if loop == "asyncio":
            keep.append(asyncio.get_running_loop().create_task(forever()))
        else:
            nursery: Any = trio.lowlevel.current_task().parent_nursery
            nursery.start_soon(forever)

    keep: list[Any] = []
    driver = Driver(loop=loop)
    driver.call(start, 10)
    driver.call(lambda: None, 10)
    driver.close()
    assert ended.is_set()


@pytest.mark.parametrize("loop", LOOPS)
def test_what_has_ended_a_task_is_told_where_something_is_missing(loop: Any):
    class Dies(Taker):
        async def work(self) -> None:
            raise LookupError("no such table")

    report = tck.verify_subscriber(partial(Dies, loop), loop=loop, settings=BRIEF)
    assert found(report) == ["2.1"]
    if loop == "trio":  # asyncio tells when the task is collected, which may be later
        assert "has ended with LookupError('no such table')" in report.violations[0].message
