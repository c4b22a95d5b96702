"""Guard: watches a Publisher at work, and tells of every broken rule as it happens."""

from __future__ import annotations

import asyncio
import itertools
import logging
import threading
from collections.abc import Callable
from typing import Any, Generic, Literal, TypeAlias, TypeVar

from reactive_streams import Publisher, Subscriber, Subscription
from tck._rules.model import KEPT_BACK
from tck.own_time import Clock
from tck.rules import Bounds, Breach, Judge
from tck.trace import ErrorNote, Event, Kind

__all__ = ["Report", "RuleViolation", "guard"]

T = TypeVar("T")

Report: TypeAlias = Literal["raise", "log"] | Callable[[Breach], None]

_log = logging.getLogger("tck")


class RuleViolation(Exception):
    """A rule of Reactive Streams was broken; raised to the caller that broke it."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(rule, message)  # what it is made of again by copy and pickle
        self.rule = rule
        self.message = message

    def __str__(self) -> str:
        return f"§{self.rule}: {self.message}"


def guard(
    publisher: Publisher[T], *, report: Report = "raise", bounds: Bounds | None = None
) -> Publisher[T]:
    """Returns a Publisher of the same stream, which reports each rule broken on either side of it.

    - "raise": a call that breaks a rule raises `RuleViolation` and goes no further, so that the
      party at fault is the one that is told. What is the fault of the one called (it raised, it
      took too long, it took None) cannot be raised to its innocent caller; it is logged, and what
      was raised goes on its way with a note.
    - "log": to `logging.getLogger("tck")`, level ERROR, once for each rule on each link; the
      stream goes on as without the guard.
    - a callable: the same, given the `Breach`; what it raises reaches the caller.

    Bounds: memory is constant for each Subscriber, and is freed with it; one short lock is taken at
    the beginning and the end of each call, none is held during it. Safe from any thread.

    Errors: `ValueError` for another `report`.

    >>> class Hasty:
    ...     def subscribe(self, subscriber):
    ...         subscriber.on_next("too early")
    >>> class Anyone:
    ...     def on_subscribe(self, subscription): ...
    ...     def on_next(self, element): ...
    ...     def on_error(self, error): ...
    ...     def on_complete(self): ...
    >>> guard(Hasty()).subscribe(Anyone())
    Traceback (most recent call last):
    tck.guard.RuleViolation: §1.9: on_next('too early') before on_subscribe
    """
    if report not in ("raise", "log") and not callable(report):
        raise ValueError(f'guard: report is "raise", "log" or a callable, not {report!r}')
    return _Guarded(publisher, report, bounds)


class _Guarded(Generic[T]):
    __slots__ = ("__weakref__", "_bounds", "_numbers", "_report", "_target")

    def __init__(self, target: Publisher[T], report: Report, bounds: Bounds | None) -> None:
        self._target = target
        self._report: Report = report
        self._bounds = bounds
        self._numbers = itertools.count(1)

    def subscribe(self, subscriber: Subscriber[T], /) -> None:
        watch = _Watch(str(next(self._numbers)), self._report, self._bounds)
        given: Any = subscriber
        if given is None:
            watch.call("subscribe", self._target.subscribe, None, text="None subscriber")
        else:
            watch.call("subscribe", self._target.subscribe, _GuardedSubscriber(subscriber, watch))


class _GuardedSubscriber(Generic[T]):
    __slots__ = ("__weakref__", "_number", "_target", "_watch")

    def __init__(self, target: Subscriber[T], watch: _Watch) -> None:
        self._target = target
        self._watch = watch
        self._number = 0

    def on_subscribe(self, subscription: Subscription, /) -> None:
        self._number += 1
        given: Any = subscription
        if given is not None:
            given = _GuardedSubscription(given, self._watch, self._number)
        self._watch.call(
            "on_subscribe",
            self._target.on_subscribe,
            given,
            subscription=self._number,
            text="None" if given is None else "",
        )

    def on_next(self, element: T, /) -> None:
        self._watch.call("on_next", self._target.on_next, element, item=element)

    def on_error(self, error: Exception, /) -> None:
        self._watch.call("on_error", self._target.on_error, error, error=ErrorNote.of(error))

    def on_complete(self) -> None:
        self._watch.call("on_complete", self._target.on_complete)


class _GuardedSubscription:
    __slots__ = ("_number", "_target", "_watch")

    def __init__(self, target: Subscription, watch: _Watch, number: int) -> None:
        self._target = target
        self._watch = watch
        self._number = number

    def request(self, n: int, /) -> None:
        self._watch.call("request", self._target.request, n, n=n, subscription=self._number)

    def cancel(self) -> None:
        self._watch.call("cancel", self._target.cancel, subscription=self._number)


class _Watch:
    """The oracle at one link: feeds it each call, and tells what it finds."""

    __slots__ = ("_clock", "_judge", "_link", "_lock", "_open", "_report", "_seq", "_told")

    def __init__(self, link: str, report: Report, bounds: Bounds | None) -> None:
        self._link = link
        self._report: Report = report
        self._judge = Judge(bounds, both=True)
        self._lock = threading.Lock()
        self._open: dict[int, list[Event]] = {}  # by thread
        self._seq = 0
        self._clock = Clock()
        self._told: set[str] = set()

    def call(self, kind: Kind, target: Callable[..., object], *args: object, **given: Any) -> None:
        """Makes the call, unless it breaks a rule and that is to be raised."""
        ident = threading.get_ident()
        thread = f"{threading.current_thread().name}#{ident}"
        with self._lock:
            outer = self._open.setdefault(ident, [])
            event = Event(
                seq=self._seq,
                time=self._clock.now(),
                thread=thread,
                task=_task_name(),
                link=self._link,
                kind=kind,
                began=self._seq,
                inside=outer[-1].seq if outer else None,
                depth=sum(each.kind == "on_next" for each in outer) + (kind == "on_next"),
                **given,
            )
            self._seq += 1
            found = self._judge.see(event)
            outer.append(event)
        try:
            self._tell(found, at_fault=True)
        except BaseException as error:
            # What a report raises is nobody's deed; the one to be called has not even been reached.
            self._ended(event, ident, error, KEPT_BACK)
            raise
        try:
            target(*args)
        except BaseException as error:
            self._tell(self._ended(event, ident, error), at_fault=False, raised=error)
            raise
        self._tell(self._ended(event, ident, None), at_fault=False)

    def _ended(
        self, event: Event, ident: int, error: BaseException | None, text: str = ""
    ) -> list[Breach]:
        with self._lock:
            outer = self._open[ident]
            outer.pop()
            if not outer:
                del self._open[ident]
            end = Event(
                seq=self._seq,
                time=self._clock.now(),
                thread=event.thread,
                task=event.task,
                link=event.link,
                kind=event.kind,
                phase="exit" if error is None else "raise",
                began=event.seq,
                inside=event.inside,
                depth=event.depth,
                error=None if error is None else ErrorNote.of(error),
                subscription=event.subscription,
                text=text,
            )
            self._seq += 1
            return self._judge.see(end)

    def _tell(
        self, found: list[Breach], *, at_fault: bool, raised: BaseException | None = None
    ) -> None:
        for breach in found:
            if self._report == "raise" and at_fault:
                raise RuleViolation(breach.rule, breach.message)
            if self._report == "raise" and raised is not None:
                raised.add_note(f"tck.guard: {breach}")
            if breach.rule in self._told:
                continue
            self._told.add(breach.rule)
            if callable(self._report):
                self._report(breach)
            else:
                _log.error("%s", breach)


def _task_name() -> str | None:
    try:
        task = asyncio.current_task()
    except RuntimeError:
        return None
    return None if task is None else task.get_name()
