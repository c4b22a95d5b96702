"""Diagrams: a trace as text, time down, one column per party, with what was broken marked in it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reactive_streams import UNBOUNDED
from reactive_streams.rules import rule as rule_named
from tck.recording.breach import Breach
from tck.recording.trace import CALLS, SIGNALS, Event

_THREAD = 13
_DEMAND = 9
_MARK = 18
_MOST_ROWS = 120
_OVERLAPS = frozenset({"1.3", "2.7"})
_LATE_RETURNS = frozenset({"3.4", "3.5"})
_UP = "up"
# Lines of a stack that are shown, the innermost last.
_FRAMES = 8


@dataclass(frozen=True, slots=True)
class _Row:
    text: str
    key: object
    """What rows have in common that may be folded."""
    name: str
    marked: bool = False


def diagram(
    trace: Sequence[Event],
    breaches: Iterable[Breach] = (),
    width: int = 100,
    *,
    explained: bool = True,
) -> str:
    """Returns the sequence diagram of a trace, and below it each broken rule with its statement.

    Not `explained`, it leaves to others to say what the rules are, and how they are broken.

    Arrows are calls, at the moment they begin; one dot for each call that encloses them on their
    thread. A broken arrow is a call that raised. Long repetitions are folded. `width` is in
    columns; no line is longer, unless more parties than fit are to be shown.

    >>> diagram([])
    '(nothing has happened)'
    """
    events = list(trace)
    found = list(breaches)
    if not events:
        return "(nothing has happened)"
    picture = _Picture(events, found, width)
    lines = [picture.heading(), *(row.text.rstrip() for row in _folded(picture.rows()))]
    for breach in found:
        lines += ["", *_explained(breach, width)] if explained else _stack(breach)
    return "\n".join(lines)


class _Picture:
    """The geometry: where each party's line stands, and the rows between them."""

    def __init__(self, events: list[Event], breaches: list[Breach], width: int) -> None:
        self._events = events
        self._marks: dict[int, list[str]] = {}
        for breach in breaches:
            self._marks.setdefault(breach.event.seq, []).append(breach.rule)
        links = list(dict.fromkeys(event.link for event in events))
        others = sorted(link for link in links if link != _UP)
        self._several = len(links) > 1
        if _UP in links:
            below = [f"Downstream {name}" for name in others] if len(others) > 1 else ["Downstream"]
            names = ["Upstream", "Processor", *below]
            self._ends = {_UP: (0, 1), **{link: (1, at) for at, link in enumerate(others, 2)}}
        else:
            below = [f"Subscriber {name}" for name in others] if self._several else ["Subscriber"]
            names = ["Publisher", *below]
            self._ends = {link: (0, at) for at, link in enumerate(others, 1)}
        self._names = names
        self._number = max(4, len(str(len(events))))
        self._margin = self._number + 1 + _THREAD
        room = width - self._margin - _DEMAND - _MARK - 2
        self._lane = max(16, min(46, room // max(1, len(names) - 1)))
        self._threads = _names_of_threads(events)
        self._nesting: dict[int, int] = {}
        self._shown_ends = self._ends_that_matter(breaches)

    def heading(self) -> str:
        """Returns the line with the names of the parties, each over its column."""
        line = " " * self._number + " thread"
        for at, name in enumerate(self._names):
            start = self._margin + at * self._lane
            if at == len(self._names) - 1 or at == 0:
                line = line.ljust(start) + name
            else:
                line = line.ljust(max(start - len(name) // 2, len(line) + 1)) + name
        return (
            line.ljust(self._demand_at) + " demand"
            if self._demand_at > len(line)
            else (line + " demand")
        )

    @property
    def _demand_at(self) -> int:
        return self._margin + (len(self._names) - 1) * self._lane + 4

    def rows(self) -> Iterable[_Row]:
        """Returns a row for each event that is shown."""
        before = ""
        for event in self._events:
            if event.phase == "enter":
                outer = -1 if event.inside is None else self._nesting.get(event.inside, -1)
                self._nesting[event.seq] = outer + 1
            elif event.phase == "exit" and event.seq not in self._shown_ends:
                self._nesting.pop(event.began, None)
                continue
            thread = self._threads[event.thread, event.task]
            yield self._row(event, thread if thread != before else "")
            before = thread

    def _row(self, event: Event, thread: str) -> _Row:
        number = f"{event.seq:>{self._number}} {thread:<{_THREAD - 1}} "
        rules = self._marks.get(event.seq, ())
        mark = f"  <-- {', '.join(f'§{rule}' for rule in rules)} broken" if rules else ""
        if event.kind in SIGNALS or event.kind in CALLS or event.kind == "subscribe":
            body = f"{self._arrow(event)}    {self._demand(event):<{_DEMAND - 4}}"
        else:
            body = f"* {event.kind}: {event.text}"
        key: object = event.seq
        if not rules and event.phase == "enter" and not event.rule:
            n = event.n if event.kind == "request" else None
            key = (event.link, event.kind, event.thread, repr(n), event.subscription)
        return _Row(number + body + mark, key, event.kind, bool(rules))

    def _arrow(self, event: Event) -> str:
        publisher, subscriber = self._ends.get(event.link, (0, 1))
        dots = "." * min(self._nesting.get(event.began, 0), 6)
        label = f" {dots} {self._label(event)} " if dots else f" {self._label(event)} "
        rightwards = (event.kind in SIGNALS) == (event.phase == "enter")
        inner = (subscriber - publisher) * self._lane - 1
        label = label if len(label) <= inner - 4 else f"{label[: inner - 8]}... "
        spare = inner - 1 - len(label)
        left = spare // 2
        if event.phase == "enter":
            line, tail = "-" * left, "-" * (spare - left)
        else:
            line = ("- " * left)[:left]
            tail = (" -" * spare)[: spare - left]
        shaft = f"{line}{label}{tail}>" if rightwards else f"<{line}{label}{tail}"
        lanes = ["|"]
        for at in range(len(self._names) - 1):
            if at == publisher:
                lanes.append(shaft)
            elif not publisher < at < subscriber:
                lanes.append(" " * (self._lane - 1))
            else:
                continue
            lanes.append("|")
        return "".join(lanes)

    def _label(self, event: Event) -> str:
        if event.phase == "raise":
            name = event.error.type if event.error is not None else "an error"
            text = f"{event.kind} raised {name}"
        elif event.phase == "exit":
            text = f"{event.kind} returned"
        elif event.kind == "subscribe" and event.text:
            text = f"subscribe({'None' if event.text == 'None subscriber' else event.text})"
        elif event.kind == "on_subscribe" and event.text == "None":
            text = "on_subscribe(None)"
        elif (event.subscription or 1) > 1:
            text = f"{event.label} [Subscription {event.subscription}]"
        else:
            text = event.label
        return text

    def _demand(self, event: Event) -> str:
        demand = "unbounded" if event.outstanding >= UNBOUNDED else str(event.outstanding)
        return f"{event.link}: {demand}" if self._several else demand

    def _ends_that_matter(self, breaches: list[Breach]) -> set[int]:
        """Return where calls end whose end is part of what went wrong: overlaps, and long waits."""
        shown = {breach.event.seq for breach in breaches}
        began: set[int] = set()
        for breach in breaches:
            if breach.rule in _LATE_RETURNS:
                began.add(breach.event.began)
            elif breach.rule in _OVERLAPS:
                began.add(breach.event.seq)
                began |= self._open_at(breach.event)
        return shown | {e.seq for e in self._events if e.phase == "exit" and e.began in began}

    def _open_at(self, moment: Event) -> set[int]:
        found: set[int] = set()
        for event in self._events:
            if event.seq >= moment.seq:
                break
            if event.link != moment.link or event.thread == moment.thread:
                continue
            if event.phase == "enter" and (event.kind in SIGNALS) == (moment.kind in SIGNALS):
                found.add(event.seq)
            elif event.phase != "enter":
                found.discard(event.began)
        return found


def _names_of_threads(events: list[Event]) -> dict[tuple[str, str | None], str]:
    """Return a short name for each thread and task, without numbers that differ from run to run."""
    names: dict[tuple[str, str | None], str] = {}
    used: dict[str, int] = {}
    for event in events:
        where = event.thread, event.task
        if where not in names:
            name = event.task or event.thread.partition("#")[0]
            used[name] = used.get(name, 0) + 1
            ending = f"'{used[name]}" if used[name] > 1 else ""
            names[where] = name[: _THREAD - 1 - len(ending)] + ending
    return names


def _folded(rows: Iterable[_Row]) -> list[_Row]:
    """Return the rows with repetitions of up to four rows, and what is far from marks, left out."""
    left = list(rows)
    kept: list[_Row] = []
    at = 0
    while at < len(left):
        period, times = _repetition(left, at)
        if times * period < 6 or times < 4:
            kept.append(left[at])
            at += 1
            continue
        first = 2 * period
        last = at + (times - 1) * period
        names = ", ".join(dict.fromkeys(row.name for row in left[at : at + period]))
        kept += left[at : at + first]
        kept.append(_gap(last - at - first, f" ({names})"))
        kept += left[last : last + period]
        at = last + period
    if len(kept) <= _MOST_ROWS:
        return kept
    marks = [at for at, row in enumerate(kept) if row.marked]
    near = {at for mark in marks for at in range(mark - 15, mark + 6)}
    short: list[_Row] = []
    gone = 0
    for at, row in enumerate(kept):
        if at < 40 or at >= len(kept) - 20 or at in near:
            if gone:
                short.append(_gap(gone, ""))
                gone = 0
            short.append(row)
        else:
            gone += 1
    return short


def _repetition(rows: list[_Row], at: int) -> tuple[int, int]:
    best = 1, 1
    for period in (1, 2, 3, 4):
        times = 1
        while all(
            at + times * period + k < len(rows)
            and rows[at + times * period + k].key == rows[at + k].key
            for k in range(period)
        ):
            times += 1
        if times >= 4 and times * period > best[0] * best[1]:
            best = period, times
    return best


def _gap(rows: int, what: str) -> _Row:
    return _Row(f"{' ' * 18}... {rows} more{what}", None, "")


def _explained(breach: Breach, width: int) -> list[str]:
    """Return what happened, and what the rule says."""
    try:
        rule = rule_named(breach.rule)
        statement = rule.statement
    except LookupError:
        statement = ""
    head = f"§{breach.rule} at {breach.event.seq}: "
    lines = textwrap.wrap(
        head + breach.told, width, subsequent_indent="    ", break_on_hyphens=False
    )
    lines += textwrap.wrap(
        statement,
        width,
        initial_indent="    ",
        subsequent_indent="    ",
        break_on_hyphens=False,
    )
    return lines + _stack(breach)


def _stack(breach: Breach) -> list[str]:
    """Return where the call is that does not return."""
    calls = [*filter(None, breach.event.stack.splitlines())][-_FRAMES:]
    return ["    it was here:", *(f"      {line}" for line in calls)] if calls else []
