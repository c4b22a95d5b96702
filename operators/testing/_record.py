"""A record of signals, in the order in which they came, and the diagram of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from operators._kernel.failures.failure import brief
from operators._kernel.hosts.loops import running_loop
from reactive_streams import UNBOUNDED

UP = frozenset({"subscribe", "request", "cancel"})
TERMINAL = frozenset({"on_error", "on_complete"})
_FIRST, _LAST = 20, 60
"""Rows of a diagram that are shown where there are more."""


@dataclass(frozen=True, slots=True)
class Signal:
    """One call between a Subscriber and its Publisher."""

    name: str
    """subscribe, on_subscribe, request, on_next, on_error, on_complete or cancel."""
    value: Any
    """The item, the error, or the number asked for; None where there is none."""
    at: float
    """Seconds since the record was begun; on a virtual clock its time."""
    thread: str
    """The name of the thread that made the call."""

    def __str__(self) -> str:
        if self.name == "on_next":
            return f"next {brief(self.value)}"
        if self.name == "on_error":
            return f"error {brief(self.value)}"
        if self.name == "request":
            return f"request({'UNBOUNDED' if self.value == UNBOUNDED else brief(self.value)})"
        return {"on_complete": "complete"}.get(self.name, self.name)


class Record:
    """Signals from any thread; whoever waits for one is told."""

    def __init__(self, now: Callable[[], float] | None = None) -> None:
        loop = running_loop()
        clock = time.monotonic if loop is None else loop.time
        begun = clock()
        self.now: Callable[[], float] = now or (lambda: clock() - begun)
        self.changed: threading.Condition = threading.Condition(threading.RLock())
        self.signals: list[Signal] = []
        self.bells: list[Callable[[], object]] = []
        """Called, on any thread, after each signal."""

    def add(self, name: str, value: Any = None) -> None:
        """Take note of a signal."""
        with self.changed:
            self.signals.append(Signal(name, value, self.now(), threading.current_thread().name))
            self.ring()

    def ring(self) -> None:
        """Have whoever waits look again; the lock is held."""
        self.changed.notify_all()
        for bell in self.bells:
            bell()

    def diagram(self, here: str, there: str) -> str:
        """Return the signals as a picture, time down; `here` is on the left, and asks."""
        with self.changed:
            signals = list(self.signals)
        if not signals:
            return f"    (no signal between {here} and {there})"
        texts = [str(each) for each in signals]
        width = min(60, max(map(len, texts)))
        lines = [f"{'seconds':>11}  {here.ljust(width + 11)}{there}"]
        rows = list(zip(signals, texts, strict=True))
        hidden = len(rows) - _FIRST - _LAST
        for number, (signal, text) in enumerate(rows):
            if hidden > 0 and number == _FIRST:
                lines.append(f"{'':11}    ... {hidden} more ...")
            if hidden <= 0 or not _FIRST <= number < _FIRST + hidden:
                lines.append(_row(signal, text, width, signals[0].thread))
        return "\n".join(lines)


def _row(signal: Signal, text: str, width: int, home: str) -> str:
    if len(text) > width:
        text = text[: width - 3] + "..."
    line = f" {text} ".center(width + 4, "-")
    arrow = f"|--{line}->|" if signal.name in UP else f"|<-{line}--|"
    thread = "" if signal.thread == home else f"   on {signal.thread}"
    return f"{signal.at:11.3f}  {arrow}{thread}"
