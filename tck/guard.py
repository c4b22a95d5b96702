"""Guard: watches a Publisher at work, and tells of every broken rule as it happens."""

from __future__ import annotations

import inspect
import itertools
import logging
from collections.abc import Callable
from threading import get_ident
from time import perf_counter
from typing import Any, Generic, Literal, TypeAlias, TypeVar

from reactive_streams import Publisher, Subscriber, Subscription
from tck.oracle.live import Frame, Live
from tck.oracle.model import KEPT_BACK, Bounds
from tck.recording.breach import Breach
from tck.recording.trace import ErrorNote, Kind, brief

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
    - "log": to `logging.getLogger("tck")`, level ERROR (WARNING for what only Python makes possible, or
      may be meant so: that is raised to nobody), once for each rule on each link; the
      stream goes on as without the guard.
    - a callable: the same, given the `Breach`; what it raises reaches the caller.

    Bounds: memory is constant for each Subscriber, and is freed with it; one short lock is taken at
    the beginning and the end of each call, none is held during it. Safe from any thread. An element
    costs less than 3 us, a request for it included, for as long as no rule is broken; some 20 us after
    that, or where on_next is called inside on_next.

    Errors: `TypeError` for what is no Publisher, `ValueError` for another `report`.

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
    tck.guard.RuleViolation: §1.9: on_next('too early') came before on_subscribe; ...
    """
    given: Any = publisher
    if isinstance(given, type):
        raise TypeError(f"guard: {given.__name__} is a class: give one of its publishers")
    if not callable(getattr(given, "subscribe", None)):
        raise TypeError(f"guard: {brief(given)} is no Publisher: it has no subscribe()")
    if report not in ("raise", "log") and not callable(report):
        raise ValueError(f'guard: report is "raise", "log" or a callable, not {brief(report)}')
    if inspect.iscoroutinefunction(report):
        raise TypeError("guard: report is a coroutine function, which nobody would await")
    limits: Any = bounds
    if not isinstance(limits, Bounds | None):
        raise TypeError(f"guard: bounds is a tck.Bounds, not {brief(limits)}")
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
        watch, ident = self._watch, get_ident()
        with watch.lock:
            before = watch.signalling
            if (
                watch.calm
                and not watch.in_next
                and (not before or before == ident)
                and watch.delivered < watch.asked
                and element is not None
            ):
                frame = watch.next
                frame.value = element
                frame.before = before
                watch.delivered += 1
                watch.signalling = ident
                watch.in_next = watch.counted = True
                stack = watch.stacks.get(ident)
                if stack is None:
                    watch.stacks[ident] = [frame]
                else:
                    if stack[-1].timed:
                        stack[-1].busy(perf_counter() - watch.offset)
                    stack.append(frame)
            else:
                frame = None
        if frame is None:
            watch.call("on_next", self._target.on_next, element, item=element)
            return
        try:
            self._target.on_next(element)
        except BaseException as error:
            watch.failed(frame, ident, error)
            raise
        with watch.lock:
            if frame.event is None:  # nobody has looked meanwhile
                frame.value = None
                watch.in_next = False
                watch.signalling = frame.before
                stack = watch.stacks[ident]
                stack.pop()
                if not stack:
                    del watch.stacks[ident]
                elif stack[-1].timed:
                    stack[-1].free(perf_counter() - watch.offset)
                return
        watch.returned(frame, ident)

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
        watch, ident = self._watch, get_ident()
        with watch.lock:
            before = watch.asking
            if watch.calm and (not before or before == ident) and type(n) is int and n > 0:
                frame = Frame("request") if before else watch.request
                frame.value = n
                frame.before = before
                frame.stretch = 0.0
                frame.since = now = perf_counter() - watch.offset
                watch.asked += n
                watch.asking = ident
                watch.counted = True
                if watch.caller != ident:
                    watch.caller = ident
                    watch.callers.add(ident)
                stack = watch.stacks.get(ident)
                if stack is None:
                    watch.stacks[ident] = [frame]
                else:
                    if stack[-1].timed:
                        stack[-1].busy(now)
                    stack.append(frame)
            else:
                frame = None
        if frame is None:
            watch.call("request", self._target.request, n, n=n, subscription=self._number)
            return
        try:
            self._target.request(n)
        except BaseException as error:
            watch.failed(frame, ident, error)
            raise
        with watch.lock:
            now = perf_counter() - watch.offset
            if now >= watch.look:
                now = watch.looked()
            longest = watch.responsive
            if frame.event is None and now - frame.since <= longest and frame.stretch <= longest:
                watch.asking = frame.before
                stack = watch.stacks[ident]
                stack.pop()
                if not stack:
                    del watch.stacks[ident]
                elif stack[-1].timed:
                    stack[-1].free(now)
                return
        watch.returned(frame, ident)

    def cancel(self) -> None:
        self._watch.call("cancel", self._target.cancel, subscription=self._number)


class _Watch(Live):
    """Makes each call, and tells what the oracle finds."""

    __slots__ = ("_report", "_told")

    def __init__(self, link: str, report: Report, bounds: Bounds | None) -> None:
        super().__init__(link, bounds)
        self._report: Report = report
        self._told: set[str] = set()

    def call(self, kind: Kind, target: Callable[..., object], *args: object, **given: Any) -> None:
        """Makes the call, unless it breaks a rule and that is to be raised."""
        ident = get_ident()
        frame, found = self.begin(kind, ident, **given)
        try:
            self._tell(found, at_fault=True)
        except BaseException as error:
            # What a report raises is nobody's deed; the one to be called has not even been reached.
            self.end(frame, ident, error, KEPT_BACK)
            raise
        try:
            target(*args)
        except BaseException as error:
            self.failed(frame, ident, error)
            raise
        self.returned(frame, ident)

    def returned(self, frame: Frame, ident: int) -> None:
        """Takes note that a call has returned, which is for the oracle."""
        self._tell(self.end(frame, ident, None), at_fault=False)

    def failed(self, frame: Frame, ident: int, error: BaseException) -> None:
        """Takes note that a call has raised."""
        self._tell(self.end(frame, ident, error), at_fault=False, raised=error)

    def _tell(
        self, found: list[Breach], *, at_fault: bool, raised: BaseException | None = None
    ) -> None:
        for breach in found:
            warning = breach.kind != "rule"  # to be told of, and no failure
            if self._report == "raise" and at_fault and not warning:
                raise RuleViolation(breach.rule, breach.told)
            if self._report == "raise" and raised is not None and not warning:
                raised.add_note(f"tck.guard: {breach}")
            if breach.rule in self._told:
                continue
            self._told.add(breach.rule)
            if callable(self._report):
                self._report(breach)
            else:
                _log.log(logging.WARNING if warning else logging.ERROR, "%s", breach)
