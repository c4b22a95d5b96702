"""Publishers that are right but in one situation."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from tck.checks.all import PUBLISHER_CHECKS
from tck.checks.model import Check
from tck.checks.publisher_kit import PublisherKit
from tck.settings import Settings
from tests.tck.judging.alone import SETTINGS, Diaries, Diary, Situation, Style, shortened
from tests.tck.judging.right import Numbers, NumbersLink

_MANY: Final = "spec317_a_hundred_thousand_requests_are_served"
"""It takes a hundred thousand calls, of which it keeps no record either."""
CHECKS: Final = [each for each in PUBLISHER_CHECKS if each.name != _MANY]


class _Link(NumbersLink):
    owner: Recorded

    def __init__(self, subscriber: Any, elements: int, owner: Recorded) -> None:
        super().__init__(subscriber, elements, owner)
        self.number = owner.links
        owner.links += 1
        self.kept = subscriber
        self.endless = False
        if owner.fails == "at once":
            self.wrong = RuntimeError("it fails")

    def request(self, n: Any) -> None:
        what = ("request", self.number, n, self.sent)
        if self.owner.fails:
            self.wrong = RuntimeError("it fails")
        self.owner.diary.do(what, self, lambda: super(_Link, self).request(n))

    def take(self) -> Callable[[], None] | None:
        with self.lock:
            if self.endless and self.sent >= self.elements:
                self.busy = False
                return None
            return super().take()

    def cancel(self) -> None:
        self.owner.diary.do(("cancel", self.number, self.sent), self, super().cancel)


class Recorded(Numbers):
    """A right publisher that keeps a diary."""

    def __init__(self, diary: Diary, elements: int, fails: str = "") -> None:
        super().__init__(elements)
        self.diary = diary
        self.links = 0
        self.fails = fails

    def subscribe(self, subscriber: Any) -> None:
        if subscriber is None:
            self.diary.do(("subscribe", True), self, partial(super().subscribe, None))
        else:
            link = self.link(subscriber)
            self.diary.do(("subscribe", False), link, link.start)

    def link(self, subscriber: Any) -> NumbersLink:
        return _Link(subscriber, self.elements, self)


def _silent(link: _Link, _right: Callable[[], None]) -> None:
    """falls silent"""
    link.subscriber = None


def _ends_twice(link: _Link, right: Callable[[], None]) -> None:
    """ends twice more"""
    right()
    for _ in range(2):
        link.kept.on_complete()


def _gives_more(link: _Link, right: Callable[[], None]) -> None:
    """gives one more"""
    right()
    link.kept.on_next(0)


def _never_ends(link: _Link, right: Callable[[], None]) -> None:
    """does not end any more"""
    link.endless = True
    right()


def _kit(
    fails: str, settings: Settings, _check: Check, diaries: Diaries
) -> Callable[[], PublisherKit]:
    def publisher(elements: int) -> Recorded:
        return Recorded(diaries.new("elements", elements), elements)

    def failed() -> Recorded:
        return Recorded(diaries.new("fails"), 1, fails)

    return lambda: PublisherKit(publisher, failed, settings)


def described(style: str, situation: Situation) -> str:
    """Returns it in words.

    >>> described("", (("elements", 3), ("subscribe", False), ("request", 0, 5, 0)))
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
    return f"{words}{style}: {shortened(parts)}"


STYLES: Final = tuple(
    Style(
        partial(_kit, fails, SETTINGS.but(multicast=multicast)),
        (_gives_more, _silent, _never_ends, _ends_twice),
        partial(described, words),
    )
    for fails, multicast, words in (
        ("at once", False, ""),
        ("when asked", False, " when asked"),
        ("at once", True, ", the same for all"),
    )
)
