"""What a Processor passes on: which calls before it are the kit's own, made behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tck.recording.breach import Breach
from tck.recording.trace import CALLS, Event, Trace
from tck.settings import Settings

UP = "up"
"""The link before a Processor."""


def judged(breaches: Sequence[Breach], trace: Trace, settings: Settings) -> list[Breach]:
    """Returns the breaches that are a Processor's own, under the rules that are its own."""
    found: list[Breach] = []
    passed_on: _PassedOn | None = None
    for breach in breaches:
        if breach.event.link == UP and breach.event.kind in CALLS:
            passed_on = passed_on or _PassedOn(trace)
            if passed_on.excuses(breach):
                continue
            ends = trace.link(UP).calls("on_error")
            if settings.recovers and ends and breach.rule in {"2.3", "2.4"}:
                breach = replace(
                    breach,
                    rule="4.2",
                    message=f"{breach.message}, by a Processor that has recovered from it",
                    due="no call upstream any more: its on_error has ended it, recovered or not",
                )
        found.append(breach)
    return found


class _PassedOn:
    """What the kit has called behind a Processor, and what comes of it before that."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        calls = [e for e in trace.calls("request", "cancel") if e.link != UP and e.by == "driver"]
        self._calls = {event.seq: event for event in calls}
        self._asked = [event.n for event in calls if event.kind == "request"]
        self._several = any(
            later.thread != event.thread and later.seq < end.seq
            for event in calls
            if (end := trace.end_of(event)) is not None
            for later in calls
            if later.seq > event.seq
        )

    def excuses(self, breach: Breach) -> bool:
        """Returns whether the kit did the same behind the Processor."""
        event = breach.event
        if breach.rule == "3.9":
            return any(type(n) is type(event.n) and n == event.n for n in self._asked)
        if breach.rule == "2.7":
            return self._several
        # Asked or cancelled after the end, or by one who works elsewhere and may not know of it.
        return breach.rule == "2.4" and (event.inside is None or self._from_behind(event))

    def _from_behind(self, event: Event) -> bool:
        while event.inside is not None:
            if event.inside in self._calls:
                return True
            event = self._trace[event.inside]
        return False
