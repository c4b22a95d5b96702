"""The official kit over our components; to be imported when the JVM runs."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import bridge
from jpype import JClass, JImplements, JOverride

from operators import Flow, as_processor
from operators.schedulers import thread

DEADLINE = 2_000
"""Milliseconds that the kit waits for what is due: spent only where it does not come."""
QUIET = 100
"""Milliseconds that it listens for what must not come."""
COLLECTED = 10_000
"""Milliseconds that both collectors have to see that a reference is dropped: they need some turns (§3.13)."""
LIMIT = 30_000
"""Milliseconds after which a check has failed, whatever it is waiting for."""
_MOST = 2**31

Suite = Callable[[], Any]


def _fails() -> Any:
    return bridge.Make(lambda _n: bridge.publisher(Flow.error(ValueError("on purpose"))))


def _publishers(name: str, make: Callable[[int], Any], most: int = 2**62) -> Any:
    made = bridge.Make(lambda n: bridge.publisher(make(min(n, _MOST))))
    return bridge.Bridge.Publishers(name, made, _fails(), most, DEADLINE, QUIET, COLLECTED)


def _processors(name: str, chain: Any) -> Any:
    made = bridge.Make(lambda _n: bridge.processor(as_processor(chain)))
    return bridge.Bridge.Processors(name, made, _fails(), DEADLINE, QUIET, COLLECTED)


def _subscribers(name: str, chain: Any) -> Any:
    def make(_n: int) -> Any:
        target: Any = as_processor(chain)
        # The kit's own failures arrive there, and are nobody's.
        Flow.from_publisher(target).on_error_resume(lambda _error: Flow.empty()).for_each(
            lambda _item: None
        )
        return bridge.subscriber(target)

    return bridge.Bridge.Subscribers(name, bridge.Make(make), DEADLINE, QUIET)


def _chain(n: int) -> Any:
    return Flow.range(_MOST).filter(lambda k: k % 2 == 0).map(str).take(n)


SUITES: dict[str, Suite] = {
    "range": lambda: _publishers("range", Flow.range),
    "from_iterable": lambda: _publishers("from_iterable", lambda n: Flow.from_iterable(range(n))),
    "range.filter.map.take": lambda: _publishers("range.filter.map.take", _chain),
    "range.publish_on": lambda: _publishers(
        "range.publish_on", lambda n: Flow.range(n).publish_on(thread())
    ),
    "empty": lambda: _publishers("empty", lambda _n: Flow.empty(), most=0),
    "as_processor(map)": lambda: _processors(
        "as_processor(map)", lambda flow: flow.map(lambda item: item)
    ),
    "as_processor(filter)": lambda: _processors(
        "as_processor(filter)", lambda flow: flow.filter(lambda _item: True)
    ),
    "as_processor(publish_on)": lambda: _processors(
        "as_processor(publish_on)", lambda flow: flow.publish_on(thread())
    ),
    "map.for_each": lambda: _subscribers("map.for_each", lambda flow: flow.map(lambda item: item)),
    "limit_rate.for_each": lambda: _subscribers(
        "limit_rate.for_each", lambda flow: flow.limit_rate(4)
    ),
}
"""What the official kit looks at, by name."""


@dataclass
class Outcome:
    """What has come out of one suite."""

    passed: int = 0
    skipped: dict[str, str] = field(default_factory=dict[str, str])
    """The checks that were not made, with the kit's reasons."""
    failed: dict[str, str] = field(default_factory=dict[str, str])
    """The checks that have failed, and how."""


@JImplements("Bridge$Hears")
class _Heard:
    def __init__(self, outcome: Outcome, tell: Callable[[str], None]) -> None:
        self._outcome = outcome
        self._tell = tell
        self.begun = ""

    @JOverride
    def hear(self, check: Any, status: int, why: Any, milliseconds: int) -> None:
        name, reason = str(check).partition(" on ")[0], " ".join(str(why).split())
        self.begun = name if status == 0 else ""
        bridge.ToSubscription.cuts = "313" in self.begun  # else all that is called is to arrive
        if status == 1:
            self._outcome.passed += 1
        elif status == 2:
            self._outcome.failed[name] = reason
            self._tell(f"    FAILED {name} ({milliseconds / 1000:.1f} s): {reason}")
        elif status == 3:
            self._outcome.skipped[name] = reason


def run(name: str, words: tuple[str, ...] = (), tell: Callable[[str], None] = print) -> Outcome:
    """Return what comes out of the suite of that name; of the checks with one of the words in it only.

    A check that fails is told at once.
    """
    outcome = Outcome()
    heard = _Heard(outcome, tell)
    with _collecting(heard):
        bridge.Bridge.run(SUITES[name](), heard, LIMIT, *words)
    return outcome


@contextmanager
def _collecting(heard: _Heard) -> Iterator[None]:
    """Have both collectors run while references are looked for, which may be on either heap (§3.13)."""
    system, over = JClass("java.lang.System"), threading.Event()

    def collect() -> None:
        while not over.wait(0.05):
            if "313" in heard.begun:
                gc.collect()
                system.gc()

    collector = threading.Thread(target=collect, name="collector", daemon=True)
    collector.start()
    try:
        yield
    finally:
        over.set()
        collector.join()
