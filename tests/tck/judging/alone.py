"""A publisher that is right but in one situation: in that which one check makes, and no other does.

What a check does to a right publisher is recorded: how long the stream is, who subscribes, and each call
with how many elements had come. Where its record, or the beginning of it, is in no other check's, that is a
situation of its own.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeAlias

from tck.checks.model import Check
from tck.checks.publisher_kit import PublisherKit
from tck.checks.run import run_check
from tck.reports.results import Result
from tck.settings import Settings
from tests.tck.judging.right import Numbers, NumbersLink

Situation: TypeAlias = tuple[tuple[Any, ...], ...]

SETTINGS: Final = Settings(deadline=0.3, quiet=0.02, hang=1.0)
_MOST: Final = 30
_MANY: Final = "spec317_a_hundred_thousand_requests_are_served"
"""It takes a hundred thousand calls, of which it keeps no record either."""


class _Link(NumbersLink):
    owner: Recorded

    def __init__(self, subscriber: Any, elements: int, owner: Recorded) -> None:
        super().__init__(subscriber, elements, owner)
        self.number = owner.links
        owner.links += 1
        self.kept = subscriber

    def request(self, n: Any) -> None:
        if self.owner.reached("request", self.number, n, self.sent):
            self.owner.fault(self, lambda: super(_Link, self).request(n))
        else:
            super().request(n)

    def cancel(self) -> None:
        if self.owner.reached("cancel", self.number, self.sent):
            self.owner.fault(self, super().cancel)
        else:
            super().cancel()


class Recorded(Numbers):
    """A right publisher that keeps a record, and has a fault in one situation, if one is given."""

    def __init__(
        self,
        start: tuple[Any, ...],
        elements: int,
        wrong: Situation = (),
        fault: Callable[[Any, Callable[[], None]], None] = lambda _link, go_on: go_on(),
    ) -> None:
        super().__init__(elements)
        self.record: list[tuple[Any, ...]] = [start]
        self.links = 0
        self.fault = fault
        self._fails = start == ("fails",)
        self._wrong = wrong
        # Python 3.11 may crash where a list grows while a tuple is made of it, and garbage is collected.
        self._lock = threading.RLock()

    def reached(self, *what: Any) -> bool:
        with self._lock:
            if len(self.record) < _MOST:
                self.record.append(what)
                return tuple(self.record) == self._wrong
        return False

    def subscribe(self, subscriber: Any) -> None:
        if not self.reached("subscribe", subscriber is None):
            super().subscribe(subscriber)
        elif self.fault is not _silent:
            raise RuntimeError("not now")

    def link(self, subscriber: Any) -> NumbersLink:
        link = _Link(subscriber, self.elements, self)
        if self._fails:
            link.wrong = RuntimeError("it fails")
        return link


def _silent(link: _Link, _go_on: Callable[[], None]) -> None:
    link.subscriber = None


def _ends_twice(link: _Link, go_on: Callable[[], None]) -> None:
    go_on()
    for _ in range(2):
        link.kept.on_complete()


def _gives_more(link: _Link, go_on: Callable[[], None]) -> None:
    go_on()
    link.kept.on_next(0)


FAULTS: Final = (_silent, _gives_more, _ends_twice)
"""What is wrong there, the first that the check can see: it falls silent, gives one more, ends twice."""


def kit_of(
    made: list[Recorded], wrong: Situation = (), fault: Any = FAULTS[0]
) -> Callable[[], PublisherKit]:
    """Returns what makes a kit for such publishers, which are kept in the list."""

    def publisher(elements: int) -> Recorded:
        made.append(Recorded(("elements", elements), elements, wrong, fault))
        return made[-1]

    def failed() -> Recorded:
        made.append(Recorded(("fails",), 0, wrong, fault))
        return made[-1]

    return lambda: PublisherKit(publisher, failed, SETTINGS)


def situations(checks: Iterable[Check]) -> dict[str, Situation]:
    """Returns the shortest situation that each check makes and no other; who has none is left out."""
    begun: dict[str, set[Situation]] = {}
    again: dict[str, set[Situation]] = {}
    for check in checks:
        if check.whole is None and check.kind != "untested" and check.name != _MANY:
            # What threads do is not the same each time.
            begun[check.name], again[check.name] = _begun(check), _begun(check)
    own: dict[str, Situation] = {}
    for name, mine in begun.items():
        others = set[Situation]().union(
            *(of for known in (begun, again) for other, of in known.items() if other != name)
        )
        alone = sorted((mine & again[name]) - others, key=lambda each: (len(each), repr(each)))
        if alone:
            own[name] = alone[0]
    return own


def _begun(check: Check) -> set[Situation]:
    made: list[Recorded] = []
    run_check(check, kit_of(made))
    return {
        tuple(each.record[:end])
        for each in made
        for end in range(2, len(each.record) + 1 - _tidied(each.record))
    }


def _tidied(record: list[tuple[Any, ...]]) -> int:
    """Returns how many calls at its end may be the kit's, which cancels what is left of a check."""
    calls = [each[0] for each in reversed(record)]
    return next((n for n, call in enumerate(calls) if call != "cancel"), len(calls))


def found_there(check: Check, situation: Situation) -> Result | None:
    """Returns what the check finds in a publisher that is wrong there; None where it sees nothing."""
    for fault in FAULTS:
        result = run_check(check, kit_of([], situation, fault))
        if result.told and result.violations:
            return result
    return None


def described(situation: Situation) -> str:
    """Returns it in words.

    >>> described((("elements", 3), ("subscribe", False), ("request", 0, 5, 0)))
    'of 3: subscribe, request(5)'
    """
    start, *calls = situation
    words = "one that fails" if start == ("fails",) else f"of {start[1]}"
    parts: list[str] = []
    for call in calls:
        if call[0] == "subscribe":
            parts.append("subscribe(None)" if call[1] else "subscribe")
        else:
            who = f" by number {call[1] + 1}" if call[1] else ""
            n = f"({call[2]})" if call[0] == "request" else "()"
            after = f" after {call[-1]}" if call[-1] else ""
            parts.append(f"{call[0]}{n}{who}{after}")
    if len(parts) > 6:
        parts = [*parts[:3], "...", *parts[-2:]]
    return f"{words}: {', '.join(parts)}"
