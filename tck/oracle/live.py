"""Live: the oracle at a link of a running program, which costs little where there is little to see."""

from __future__ import annotations

import sys
import threading
from threading import get_ident
from time import perf_counter
from typing import Any

from reactive_streams import UNBOUNDED
from tck.oracle.model import Bounds, Call
from tck.oracle.rules import Judge
from tck.recording.breach import Breach
from tck.recording.own_time import LOOK, Clock
from tck.recording.trace import CALLS, SIGNALS, ErrorNote, Event, Kind


class Frame:
    """A call that is open: seen by the oracle already, or one of those that are only counted."""

    __slots__ = ("before", "call", "event", "kind", "since", "stretch", "timed", "value")

    def __init__(self, kind: Kind) -> None:
        self.kind: Kind = kind
        self.timed: bool = kind in CALLS
        self.value: Any = None
        self.before: int = 0
        """Which thread had signals, or calls, open before."""
        self.since: float = 0.0
        self.stretch: float = 0.0
        self.event: Event | None = None
        self.call: Call | None = None

    def busy(self, until: float) -> None:
        """Takes note that a request was on its own until then."""
        if self.call is not None:
            self.call.busy(until)
            return
        if until - self.since > self.stretch:
            self.stretch = until - self.since
        self.since = until

    def free(self, now: float) -> None:
        """Takes note that what a request has called has returned."""
        if self.call is not None:
            self.call.since = now
        else:
            self.since = now


class Live:
    """The oracle at one link, fed with each call, from any thread.

    In the middle of a stream that has broken nothing there is little that an on_next or a request
    could break: while it is `calm` those are only counted. Whatever else happens is for the oracle,
    to which all that is open is shown first (`_show`).
    """

    __slots__ = (
        "_clock", "_judge", "_link", "_seq", "asked", "asking", "caller",
        "callers", "calm", "counted", "delivered", "in_next", "lock", "look", "next", "offset",
        "request", "responsive", "signalling", "stacks",
    )  # fmt: skip

    def __init__(self, link: str, bounds: Bounds | None = None) -> None:
        self._link = link
        self._judge = Judge(bounds, both=True)
        self.lock: threading.Lock = threading.Lock()
        self.stacks: dict[int, list[Frame]] = {}  # by thread
        self._seq = 0
        self._clock = Clock()
        self.responsive: float = (bounds or Bounds()).responsive
        self.offset: float = 0.0
        """What the time of the clock is behind `perf_counter`."""
        self.look: float = 0.0
        """When the clock is to look again."""
        self.calm: bool = False
        # What counts while it is calm.
        self.counted: bool = False
        self.in_next: bool = False
        self.asked: int = 0
        self.delivered: int = 0
        self.signalling: int = 0
        """The thread that has signals open; 0 for none."""
        self.asking: int = 0
        """The thread that has calls open; 0 for none."""
        self.caller: int = 0
        self.callers: set[int] = set()
        # There is one of each at a time, mostly.
        self.next: Frame = Frame("on_next")
        self.request: Frame = Frame("request")
        self.looked()

    def begin(self, kind: Kind, ident: int, **given: Any) -> tuple[Frame, list[Breach]]:
        """Returns a call that begins on this thread, and what it breaks."""
        with self.lock:
            self._show()
            frame = Frame(kind)
            frame.since = self.looked()
            found = self._see(frame, ident, **given)
            self._survey()
        return frame, found

    def end(
        self, frame: Frame, ident: int, error: BaseException | None, text: str = ""
    ) -> list[Breach]:
        """Returns what is broken by the end of a call."""
        with self.lock:
            self._show()
            event = frame.event
            assert event is not None
            stack = self.stacks[ident]
            stack.pop()
            if not stack:
                del self.stacks[ident]
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
            found = self._judge.see(end)
            self._survey()
            return found

    # Under the lock.

    def looked(self) -> float:
        """Has the clock look at what it has lost, as it does from time to time."""
        now = self._clock.now()
        self.offset = perf_counter() - now
        self.look = now + LOOK
        return now

    def _show(self) -> None:
        """Shows the oracle what was only counted."""
        if not self.counted:
            return
        self.counted = self.calm = False
        hidden: list[tuple[int, list[Frame]]] = []
        for ident, stack in self.stacks.items():
            inner: list[Frame] = []
            while stack and stack[-1].event is None:  # outside of these it has seen all
                inner.append(stack.pop())
            hidden.append((ident, inner[::-1]))
        link = self._judge.link(self._link)
        # What was asked for is known before it is used.
        link.asked = asked = min(UNBOUNDED, self.asked)
        link.delivered = self.delivered - sum(f.kind == "on_next" for _, fs in hidden for f in fs)
        for ident in self.callers:
            link.called_by(_thread(ident))
        self.callers.clear()
        self.caller = 0
        for ident, frames in hidden:
            for frame in frames:
                since, stretch = frame.since, frame.stretch
                if frame.kind == "on_next":
                    frame.since = self.looked()
                    self._see(frame, ident, item=frame.value)
                    self.next = Frame("on_next")
                else:
                    self._see(frame, ident, n=frame.value, subscription=1)
                    self.request = Frame("request")
                if frame.call is not None:
                    frame.call.since, frame.call.stretch = since, stretch
        link.asked = asked

    def _see(self, frame: Frame, ident: int, **given: Any) -> list[Breach]:
        """Returns what is broken by the beginning of a call."""
        stack = self.stacks.setdefault(ident, [])
        outer = stack[-1].event if stack else None
        event = frame.event = Event(
            seq=self._seq,
            time=frame.since,
            thread=_thread(ident),
            task=_task_name() if ident == get_ident() else None,
            link=self._link,
            kind=frame.kind,
            began=self._seq,
            inside=None if outer is None else outer.seq,
            depth=sum(each.kind == "on_next" for each in stack) + (frame.kind == "on_next"),
            **given,
        )
        self._seq += 1
        found = self._judge.see(event)
        frame.call = self._judge.call(event.seq)
        stack.append(frame)
        return found

    def _survey(self) -> None:
        """Finds out whether it is calm, and where it stands."""
        link = self._judge.link(self._link)
        signalling = [i for i, s in self.stacks.items() if any(f.kind in SIGNALS for f in s)]
        asking = [i for i, s in self.stacks.items() if any(f.kind in CALLS for f in s)]
        self.calm = link.calm and len(signalling) < 2 and len(asking) < 2
        if self.calm:
            self.asked, self.delivered = link.asked, link.delivered
            self.signalling = signalling[0] if signalling else 0
            self.asking = asking[0] if asking else 0
            self.in_next = any(f.kind == "on_next" for s in self.stacks.values() for f in s)


def _thread(ident: int) -> str:
    if ident == get_ident():
        return f"{threading.current_thread().name}#{ident}"
    names = (each.name for each in threading.enumerate() if each.ident == ident)
    return f"{next(names, 'gone')}#{ident}"


def _task_name() -> str | None:
    asyncio = sys.modules.get("asyncio")  # it takes long to import; who has a task has done so
    if asyncio is None:
        return None
    try:
        task = asyncio.current_task()
    except RuntimeError:
        return None
    return None if task is None else task.get_name()
