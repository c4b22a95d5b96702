"""Recorder: takes down every signal on every link of one run, and tells those who wait for one."""

from __future__ import annotations

import asyncio
import threading
import time
from asyncio.events import _get_running_loop  # pyright: ignore[reportPrivateUsage]
from collections import Counter, defaultdict
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, Final

from reactive_streams import UNBOUNDED
from tck.recording.own_time import Clock, wait
from tck.recording.trace import TERMINAL, ErrorNote, Event, Kind, Side, Trace, event_of

_PATIENT: Final = 10
_LATE: Final = 1_000
"""Calls that may come when nothing is taken down any more, from a thread that is about to stop."""


class Runaway(BaseException):
    """Thrown into a loop that emits without end, to break it; no Exception, so that it gets through."""


class Brake:
    """Stops whoever calls without end."""

    def __init__(self) -> None:
        self._times = 0

    def pull(self) -> None:
        """Breaks the loop that has called: by a BaseException, and where that is caught, by waiting."""
        self._times += 1
        if self._times > _PATIENT:
            threading.Event().wait()  # the thread is the kit's own, or past help
        raise Runaway("emits without end")


class _Tally:
    """What has been counted on one link."""

    __slots__ = ("begun", "delivered", "demand", "ended")

    def __init__(self) -> None:
        self.demand: int = 0
        self.delivered: int = 0
        self.begun: Counter[Kind] = Counter()
        self.ended: Counter[Kind] = Counter()

    @property
    def outstanding(self) -> int:
        demand = self.demand
        return demand if demand == UNBOUNDED else demand - self.delivered


class Recorder:
    """Writes a trace, from any thread; nothing is judged here.

    After `close` nothing is taken down any more: what comes late belongs to no run.
    """

    def __init__(self, most: int = 50_000) -> None:
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._waiting = 0
        self._clock = Clock()
        self._events: list[Event] = []
        self._open: defaultdict[int, list[Event]] = defaultdict(list)  # by thread
        self._tallies: defaultdict[str, _Tally] = defaultdict(_Tally)  # by link
        self.most: int = most
        """Calls that are taken down before whoever makes them counts as one that never ends."""
        self.brake: Brake = Brake()
        self._late = 0
        self._closed = False

    def enter(
        self,
        link: str,
        kind: Kind,
        by: Side = "component",
        *,
        n: Any = None,
        item: Any = None,
        error: object = None,
        subscription: int | None = None,
        text: str = "",
    ) -> int:
        """Takes down that a call begins; returns the number to be given to `leave`, -1 when closed."""
        ident = threading.get_ident()
        note = None if kind != "on_error" else ErrorNote.of(error)
        task = _task_name()
        with self._lock:
            if self._closed:
                return -1
            tally = self._tallies[link]
            delivers = kind == "on_next"
            if delivers:
                tally.delivered += 1
            elif kind == "request" and type(n) is int and n > 0:
                tally.demand = min(tally.demand + n, UNBOUNDED)
            events = self._events
            seq = len(events)
            open_here = self._open[ident]
            if open_here:
                outer = open_here[-1]
                thread, inside = outer.thread, outer.seq
                depth = (outer.depth if outer.link == link else _depth(open_here, link)) + delivers
            else:
                thread, inside, depth = _thread_name(ident), None, int(delivers)
            event = event_of(
                seq, self._clock.now(), thread, task, link, kind, "enter", seq, inside, depth,
                n, item, note, subscription, tally.outstanding, by, text,
            )  # fmt: skip
            events.append(event)
            open_here.append(event)
            tally.begun[kind] += 1
            if self._waiting:
                self._changed.notify_all()
        return seq

    def leave(self, began: int, raised: BaseException | None = None) -> None:
        """Takes down that a call has returned, or raised."""
        if began < 0:
            return
        ident = threading.get_ident()
        with self._lock:
            if self._closed:
                return
            events = self._events
            enter = events[began]
            open_here = self._open[ident]
            while open_here and open_here.pop().seq != began:
                pass
            if not open_here:
                del self._open[ident]
            link, kind = enter.link, enter.kind
            tally = self._tallies[link]
            events.append(
                event_of(
                    len(events), self._clock.now(), enter.thread, enter.task, link, kind,
                    "exit" if raised is None else "raise", began, enter.inside, enter.depth,
                    enter.n, enter.item, enter.error if raised is None else ErrorNote.of(raised),
                    enter.subscription, tally.outstanding, enter.by, enter.text,
                )
            )  # fmt: skip
            tally.ended[kind] += 1
            if self._waiting:
                self._changed.notify_all()

    def remark(
        self,
        link: str,
        kind: Kind,
        rule: str | None,
        text: str,
        stack: str = "",
        *,
        due: str,
        doubt: bool = False,
        about: Event | None = None,
    ) -> None:
        """Takes down what is no signal: "missing", "hung" or "note"; `about` is what it is a remark on."""
        with self._lock:
            if self._closed:
                return
            seq = len(self._events)
            self._events.append(
                Event(
                    seq=seq,
                    time=self._clock.now(),
                    thread=_thread_name(threading.get_ident()),
                    link=link,
                    kind=kind,
                    began=seq if about is None else about.seq,
                    outstanding=self.outstanding(link),
                    by="driver",
                    rule=rule,
                    doubt=doubt,
                    text=text,
                    due=due,
                    stack=stack,
                )
            )

    def outstanding(self, link: str) -> int:
        """Returns what was asked for minus what was delivered; below 0 where too much came."""
        tally = self._tallies.get(link)
        return 0 if tally is None else tally.outstanding

    def count(self, link: str, *kinds: Kind) -> int:
        """Returns how many calls of these kinds have begun on a link."""
        tally = self._tallies.get(link)
        return 0 if tally is None else sum(tally.begun[kind] for kind in kinds)

    def returned(self, link: str, *kinds: Kind) -> int:
        """Returns how many calls of these kinds have ended on a link."""
        tally = self._tallies.get(link)
        return 0 if tally is None else sum(tally.ended[kind] for kind in kinds)

    def ended(self, link: str) -> bool:
        """Returns whether a terminal signal has come, and its call has returned."""
        return self.returned(link, *TERMINAL) > 0  # type: ignore[arg-type]

    def wait(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Returns whether the condition came true in time; it is looked at after every signal."""
        with self._lock:
            if condition():
                return True
            with self._heard():
                return wait(lambda most: self._changed.wait_for(condition, most), seconds)

    def wake(self) -> None:
        """Has those who wait look again, at what changed without a signal."""
        with self._lock:
            self._changed.notify_all()

    def listen(self, quiet: float, most: float) -> bool:
        """Returns whether nothing happened for `quiet` seconds, within `most` of them."""
        end = time.perf_counter() + most
        with self._lock, self._heard():
            while True:
                seen = len(self._events)
                if not self._changed.wait_for(lambda seen=seen: len(self._events) > seen, quiet):  # type: ignore[misc]
                    return True
                if time.perf_counter() > end:
                    return False

    @contextmanager
    def _heard(self) -> Generator[None]:
        """Has each signal wake this thread, which costs it something; under the lock."""
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1

    def running_away(self) -> bool:
        """Returns whether there was so much that somebody must be emitting without end."""
        if self._closed:
            self._late += 1
        return len(self._events) > self.most or self._late > _LATE

    def innermost(self, thread: int) -> Event | None:
        """Returns the call that is open on a thread, if one is."""
        with self._lock:
            calls = self._open.get(thread)
            return calls[-1] if calls else None

    def delivering(self, call: Event) -> bool:
        """Returns whether a call is made from inside an on_next that another one has brought."""
        with self._lock:
            kinds: list[Kind] = []
            at = call.inside
            while at is not None:
                kinds.append(self._events[at].kind)
                at = self._events[at].inside
        return kinds[:1] == ["on_next"] and call.kind in kinds

    def trace(self) -> Trace:
        """Returns what was taken down so far."""
        with self._lock:
            return Trace(self._events)

    def close(self) -> None:
        """Stops: later signals are not taken down."""
        with self._lock:
            self._closed = True

    @property
    def closed(self) -> bool:
        """Whether nothing is taken down any more."""
        return self._closed


def _depth(open_here: list[Event], link: str) -> int:
    """Returns how many on_next of that link are open: what the last call on it has said, if there is one."""
    for each in reversed(open_here):
        if each.link == link:
            return each.depth
    return 0


def _thread_name(ident: int) -> str:
    return f"{threading.current_thread().name}#{ident}"


def _task_name() -> str | None:
    loop = _get_running_loop()
    if loop is None:  # mostly, and to have `current_task` raise costs more than all the rest
        return None
    task = asyncio.current_task(loop)
    return task.get_name() if task is not None else None
