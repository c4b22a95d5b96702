"""Subscribers that are right but in one situation."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from tck.checks.all import SUBSCRIBER_CHECKS, WHITEBOX_CHECKS
from tck.checks.model import Check
from tck.checks.subscriber_kit import SubscriberKit
from tests.tck.judging.alone import SETTINGS, Diaries, Diary, Situation, Style, shortened
from tests.tck.judging.right import Taking

CHECKS: Final = [*SUBSCRIBER_CHECKS, *WHITEBOX_CHECKS]
_SETTINGS: Final = SETTINGS.but(poll=0.01)
_SLOW: Final = 0.02
"""A request that is held open takes five times `poll`, in seconds; any other is over by then."""


class Recorded(Taking):
    """A right Subscriber that keeps a diary of the signals, and of what it calls itself."""

    def __init__(self, diary: Diary, probe: Any = None) -> None:
        super().__init__(probe)
        self.diary = diary
        self.elements = 0
        self.asking = False
        self.also: Callable[[], None] | None = None
        """What another thread is to do while a request is under way."""

    def on_subscribe(self, subscription: Any) -> None:
        self._take("on_subscribe", subscription, super().on_subscribe)

    def on_next(self, item: Any) -> None:
        self.elements += item is not None
        self._take("on_next", item, super().on_next, self.elements)

    def on_error(self, error: Any) -> None:
        self._take("on_error", error, super().on_error)

    def on_complete(self) -> None:
        self._take("on_complete", ..., lambda _: super(Recorded, self).on_complete())

    def _take(self, name: str, value: Any, right: Callable[[Any], None], number: int = 0) -> None:
        what = (name, value is None, number, self.asking)
        self.diary.do(what, self, partial(right, value))

    def ask(self) -> None:
        self.left = 4
        self.request(4)

    def request(self, n: int) -> None:
        self.diary.do(("request", n), self, partial(self._request, n))

    def _request(self, n: int) -> None:
        before, self.asking = self.asking, True
        also, self.also = self.also, None
        over = threading.Event()
        if also is not None:
            threading.Thread(target=_meanwhile, args=(over, also), daemon=True).start()
        try:
            self.subscription.request(n)
        finally:
            self.asking = before
            over.set()

    def cancel(self) -> None:
        self.diary.do(("cancel",), self, self.subscription.cancel)


def _meanwhile(over: threading.Event, also: Callable[[], None]) -> None:
    if not over.wait(_SLOW):
        also()


class _Leaves(Recorded):
    """Takes the first two of four."""

    def on_next(self, item: Any) -> None:
        super().on_next(item)
        if self.elements == 2:
            self.cancel()


def _deaf(_taker: Recorded, _right: Callable[[], None]) -> None:
    """does nothing"""


def _raises(_taker: Recorded, right: Callable[[], None]) -> None:
    """raises"""
    right()
    raise LookupError("not this one")


def _asks_for_none(taker: Recorded, right: Callable[[], None]) -> None:
    """asks for 0"""
    right()
    if taker.subscription is not None:
        taker.subscription.request(0)


def _asks_later(taker: Recorded, right: Callable[[], None]) -> None:
    """asks on another thread, later"""
    right()
    ready, now = threading.Event(), threading.Event()

    def ask() -> None:
        ready.set()
        now.wait()
        taker.subscription.request(1)

    threading.Thread(target=ask, daemon=True).start()
    ready.wait()
    now.set()


def _asks_twice_at_once(taker: Recorded, right: Callable[[], None]) -> None:
    """asks on two threads at once, if the first call takes long"""
    taker.also = partial(taker.subscription.request, 1)
    right()


FAULTS: Final = (_raises, _deaf, _asks_for_none, _asks_later, _asks_twice_at_once)


def _kit(
    kind: type[Recorded], trigger: Callable[[Any], None] | None, check: Check, diaries: Diaries
) -> Callable[[], SubscriberKit]:
    if check not in WHITEBOX_CHECKS:
        return lambda: SubscriberKit(lambda: kind(diaries.new()), None, _SETTINGS, trigger=trigger)
    if kind is Recorded and trigger is None:
        return lambda: SubscriberKit(None, lambda probe: kind(diaries.new(), probe), _SETTINGS)
    return lambda: SubscriberKit(None, None, _SETTINGS)  # a probe's does what it is told


def described(words: str, situation: Situation) -> str:
    """Returns it in words.

    >>> described("", ((), ("on_subscribe", False, 0, False), ("request", 4)))
    'on_subscribe, request(4)'
    >>> described("one", ((), ("on_next", False, 1, True), ("on_next", True, 1, False)))
    'one: element 1 inside request, on_next(None)'
    """
    parts: list[str] = []
    for name, *more in situation[1:]:
        if name in {"request", "cancel"}:
            parts.append(f"{name}({', '.join(map(str, more))})")
            continue
        none, number, inside = more
        word = f"element {number}" if name == "on_next" else name
        parts.append((f"{name}(None)" if none else word) + " inside request" * inside)
    return f"{words}: " * bool(words) + shortened(parts)


STYLES: Final = tuple(
    Style(partial(_kit, kind, trigger), FAULTS, partial(described, words), runs=1)
    for kind, trigger, words in (
        (Recorded, None, ""),
        (_Leaves, None, "one that leaves after 2"),
        (Recorded, lambda taker: taker.request(2), "one that asks for 2 more when told to"),
    )
)
