"""Recorder: takes down every signal on every link of one run, and tells those who wait for one."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any

from reactive_streams import UNBOUNDED
from tck.own_time import Clock, wait
from tck.trace import TERMINAL, ErrorNote, Event, Kind, Side, Trace


class Runaway(BaseException):
    """Thrown into a loop that emits without end, to break it; no Exception, so that it gets through."""


class Recorder:
    """Writes a trace, from any thread; nothing is judged here.

    After `close` nothing is taken down any more: what comes late belongs to no run.
    """

    def __init__(self, most: int = 50_000) -> None:
        self._changed = threading.Condition()
        self._clock = Clock()
        self._events: list[Event] = []
        self._open: defaultdict[int, list[Event]] = defaultdict(list)  # by thread
        self._demand: Counter[str] = Counter()
        self._delivered: Counter[str] = Counter()
        self._counts: Counter[tuple[str, Kind]] = Counter()
        self._returned: Counter[tuple[str, Kind]] = Counter()
        self._most = most
        self._runaways = 0
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
        with self._changed:
            if self._closed:
                return -1
            outer = self._open[ident]
            if kind == "on_next":
                self._delivered[link] += 1
            elif kind == "request" and type(n) is int and n > 0:
                self._demand[link] = min(self._demand[link] + n, UNBOUNDED)
            event = Event(
                seq=len(self._events),
                time=self._clock.now(),
                thread=_thread_name(ident),
                task=task,
                link=link,
                kind=kind,
                began=len(self._events),
                inside=outer[-1].seq if outer else None,
                depth=sum(e.kind == "on_next" and e.link == link for e in outer)
                + (kind == "on_next"),
                n=n,
                item=item,
                error=note,
                subscription=subscription,
                outstanding=self.outstanding(link),
                by=by,
                text=text,
            )
            self._events.append(event)
            outer.append(event)
            self._counts[link, kind] += 1
            self._changed.notify_all()
        return event.seq

    def leave(self, began: int, raised: BaseException | None = None) -> None:
        """Takes down that a call has returned, or raised."""
        if began < 0:
            return
        ident = threading.get_ident()
        with self._changed:
            if self._closed:
                return
            enter = self._events[began]
            open_here = self._open[ident]
            while open_here and open_here.pop().seq != began:
                pass
            if not open_here:
                del self._open[ident]
            self._events.append(
                Event(
                    seq=len(self._events),
                    time=self._clock.now(),
                    thread=enter.thread,
                    task=enter.task,
                    link=enter.link,
                    kind=enter.kind,
                    phase="exit" if raised is None else "raise",
                    began=began,
                    inside=enter.inside,
                    depth=enter.depth,
                    n=enter.n,
                    item=enter.item,
                    error=enter.error if raised is None else ErrorNote.of(raised),
                    subscription=enter.subscription,
                    outstanding=self.outstanding(enter.link),
                    by=enter.by,
                    text=enter.text,
                )
            )
            self._returned[enter.link, enter.kind] += 1
            self._changed.notify_all()

    def remark(self, link: str, kind: Kind, rule: str | None, text: str, stack: str = "") -> None:
        """Takes down what is no signal: "missing", "hung" or "note"."""
        with self._changed:
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
                    began=seq,
                    outstanding=self.outstanding(link),
                    by="driver",
                    rule=rule,
                    text=text,
                    stack=stack,
                )
            )

    def outstanding(self, link: str) -> int:
        """Returns what was asked for minus what was delivered; below 0 where too much came."""
        demand = self._demand[link]
        return demand if demand == UNBOUNDED else demand - self._delivered[link]

    def count(self, link: str, *kinds: Kind) -> int:
        """Returns how many calls of these kinds have begun on a link."""
        return sum(self._counts[link, kind] for kind in kinds)

    def returned(self, link: str, *kinds: Kind) -> int:
        """Returns how many calls of these kinds have ended on a link."""
        return sum(self._returned[link, kind] for kind in kinds)

    def ended(self, link: str) -> bool:
        """Returns whether a terminal signal has come, and its call has returned."""
        return self.returned(link, *TERMINAL) > 0  # type: ignore[arg-type]

    def wait(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Returns whether the condition came true in time; it is looked at after every signal."""
        with self._changed:
            return wait(lambda most: self._changed.wait_for(condition, most), seconds)

    def wake(self) -> None:
        """Has those who wait look again, at what changed without a signal."""
        with self._changed:
            self._changed.notify_all()

    def listen(self, quiet: float, most: float) -> bool:
        """Returns whether nothing happened for `quiet` seconds, within `most` of them."""
        end = time.perf_counter() + most
        with self._changed:
            while True:
                seen = len(self._events)
                if not self._changed.wait_for(lambda seen=seen: len(self._events) > seen, quiet):  # type: ignore[misc]
                    return True
                if time.perf_counter() > end:
                    return False

    def running_away(self) -> bool:
        """Returns whether there was so much that somebody must be emitting without end."""
        return len(self._events) > self._most

    def stop_runaway(self) -> None:
        """Breaks the loop that has called: by a BaseException, and where that is caught, by waiting."""
        self._runaways += 1
        if self._runaways > 10:
            threading.Event().wait()  # the thread is the kit's own, or past help
        raise Runaway("emits without end")

    def innermost(self, thread: int) -> Event | None:
        """Returns the call that is open on a thread, if one is."""
        with self._changed:
            calls = self._open.get(thread)
            return calls[-1] if calls else None

    def delivering(self, call: Event) -> bool:
        """Returns whether a call is made from inside an on_next that another one has brought."""
        with self._changed:
            kinds: list[Kind] = []
            at = call.inside
            while at is not None:
                kinds.append(self._events[at].kind)
                at = self._events[at].inside
        return kinds[:1] == ["on_next"] and call.kind in kinds

    def trace(self) -> Trace:
        """Returns what was taken down so far."""
        with self._changed:
            return Trace(self._events)

    def close(self) -> None:
        """Stops: later signals are not taken down."""
        with self._changed:
            self._closed = True

    @property
    def closed(self) -> bool:
        """Whether nothing is taken down any more."""
        return self._closed


def _thread_name(ident: int) -> str:
    return f"{threading.current_thread().name}#{ident}"


def _task_name() -> str | None:
    try:
        task = asyncio.current_task()
    except RuntimeError:
        return None
    return task.get_name() if task is not None else None
