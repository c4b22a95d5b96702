"""Processors that are right but in one situation."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from tck.checks.all import PROCESSOR_CHECKS
from tck.checks.model import Check
from tck.checks.processor_kit import ProcessorKit
from tck.gallery.correct._processors import PassingProcessor
from tests.tck.judging.alone import SETTINGS, Diaries, Diary, Situation, Style, shortened

CHECKS: Final = PROCESSOR_CHECKS


class _Link:
    """A Subscription of which the calls go into the diary."""

    def __init__(self, owner: Recorded, name: str, target: Any) -> None:
        self._owner, self._name, self._target = owner, name, target

    def request(self, n: Any) -> None:
        self._owner.do(f"{self._name}request", partial(self._target.request, n), n)

    def cancel(self) -> None:
        self._owner.do(f"{self._name}cancel", self._target.cancel)


class _Behind:
    """A Subscriber that is given such a Subscription."""

    def __init__(self, owner: Recorded, name: str, target: Any) -> None:
        self._owner, self._name, self._target = owner, name, target
        self.on_next = target.on_next
        self.on_error = target.on_error
        self.on_complete = target.on_complete

    def on_subscribe(self, subscription: Any) -> None:
        self._target.on_subscribe(_Link(self._owner, self._name, subscription))


class Recorded:
    """A right Processor that keeps a diary of what it is called, and of what it calls upstream."""

    def __init__(self, diary: Diary) -> None:
        self._diary = diary
        self._inner = PassingProcessor()
        self._subscribers = self._elements = 0

    def do(self, name: str, right: Callable[[], None], *more: Any) -> None:
        self._diary.do((name, *more), self, right)

    def subscribe(self, subscriber: Any) -> None:
        self._subscribers += 1
        number = self._subscribers
        behind = subscriber and _Behind(self, f"number {number}: " * (number > 1), subscriber)
        self._take("subscribe", subscriber, partial(self._inner.subscribe, behind))

    def on_subscribe(self, subscription: Any) -> None:
        before = subscription and _Link(self, "upstream: ", subscription)
        self._take("on_subscribe", subscription, partial(self._inner.on_subscribe, before))

    def on_next(self, item: Any) -> None:
        self._elements += 1
        name = f"element {self._elements}"
        self._take("on_next" if item is None else name, item, partial(self._inner.on_next, item))

    def on_error(self, error: Any) -> None:
        self._take("on_error", error, partial(self._inner.on_error, error))

    def on_complete(self) -> None:
        self._take("on_complete", ..., self._inner.on_complete)

    def _take(self, name: str, value: Any, right: Callable[[], None]) -> None:
        self.do(f"{name}(None)" if value is None else name, right)


def _deaf(_processor: Recorded, _right: Callable[[], None]) -> None:
    """does nothing"""


def _twice(_processor: Recorded, right: Callable[[], None]) -> None:
    """does so twice"""
    right()
    right()


def _raises(_processor: Recorded, right: Callable[[], None]) -> None:
    """raises"""
    right()
    raise LookupError("not this one")


def _kit(_check: Check, diaries: Diaries) -> Callable[[], ProcessorKit]:
    return lambda: ProcessorKit(lambda: Recorded(diaries.new()), SETTINGS)


def described(situation: Situation) -> str:
    """Returns it in words.

    >>> described(((), ("on_subscribe",), ("request", 1), ("upstream: request", 1), ("cancel",)))
    'on_subscribe, request(1), upstream: request(1), cancel()'
    """
    return shortened(
        [
            f"{name}({', '.join(map(str, more))})" if name.endswith(("request", "cancel")) else name
            for name, *more in situation[1:]
        ]
    )


STYLES: Final = (Style(_kit, (_deaf, _twice, _raises), described),)
