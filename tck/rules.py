"""The oracle: which rules a trace breaks, at which event, and why.

Each way to break a rule is one small function, registered in a table with the events it looks at
(`tck._rules`, a chapter a module). `Judge` feeds them event by event, in constant time and memory
per link, so that a whole trace and a stream in production are judged by the same rules.

What cannot be seen in signals alone, such as a reference that is kept, or silence where a signal is
due, is for the driver to find; it leaves a remark in the trace, which is judged here as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

# Imported in the order in which they are asked: causes before what follows from them.
from tck._rules import publisher as _publisher
from tck._rules import subscriber as _subscriber
from tck._rules import subscription as _subscription
from tck._rules.model import Bounds, Breach, Call, Link, Watcher, watchers
from tck.trace import Event, Kind, Phase

__all__ = ["FOLLOWS", "Bounds", "Breach", "Judge", "judge", "looked_at"]

_CHAPTERS: Final = (_publisher, _subscriber, _subscription)

FOLLOWS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        # Demand, and silence after cancel, mean nothing to one who was never, or twice, subscribed.
        "1.9": frozenset({"1.1", "1.8", "3.12"}),
        "2.12": frozenset({"1.1", "1.3", "1.7", "2.5"}),
        # Whoever goes on after the end does not look at demand or cancel either.
        "1.7": frozenset({"1.1", "1.8", "3.12", "2.13", "3.6"}),
        # An element for a request after cancel is one that nobody asked for, after cancel.
        "3.6": frozenset({"1.1", "1.7", "1.8", "3.12"}),
        # Where too much was sent before, what was asked for before a cancel cannot be told.
        "1.1": frozenset({"3.6"}),
        # Whoever ignores cancel serves the requests behind it, too.
        "3.12": frozenset({"1.1", "3.6"}),
        "1.8": frozenset({"1.1", "3.6"}),
        # What ends the recursion is a RecursionError, through everything that is on the stack.
        "3.3": frozenset({"1.4", "1.9", "2.13", "3.15", "3.16"}),
        # The error goes through the Subscriber's method, which called in good faith.
        "3.15": frozenset({"2.13"}),
        "3.16": frozenset({"2.13"}),
        # A Subscription used in the end is one used after it.
        "2.3": frozenset({"2.4"}),
        # A Subscriber that fails takes nothing more, and answers nothing.
        "2.8": frozenset({"2.13"}),
        "2.9": frozenset({"2.13"}),
        "2.10": frozenset({"2.13"}),
    }
)
"""What follows from a breach on the same link, and is not reported behind it."""


SILENCING: Final = frozenset({"1.9", "2.12", "2.13", "3.15", "3.16"})
"""After these nothing that is due can be expected on the same link; it is not reported as missing."""


def _by_event() -> dict[tuple[Kind, Phase], tuple[Watcher, ...]]:
    table: dict[tuple[Kind, Phase], list[Watcher]] = {}
    for watcher in sorted(watchers(), key=lambda each: _PRECEDENCE.get(each.rule, 1)):
        for kind in watcher.kinds:
            table.setdefault((kind, watcher.phase), []).append(watcher)
    return {key: tuple(found) for key, found in table.items()}


# Of the rules that one event breaks, the one asked first is the cause.
_PRECEDENCE: Final = {"1.9": 0, "2.12": 0, "1.1": 2}
_TABLE: Final = _by_event()
# What cannot be told of two streams on one link: which of them a signal belongs to.
_PER_STREAM: Final = frozenset({"1.1", "1.3", "1.7", "1.8", "3.3", "3.6", "3.12"})
_REMARKS: Final = frozenset({"missing", "hung", "note"})


def looked_at(rule: str) -> list[str]:
    """Returns what is looked at in a trace for that rule, a line for each way to break it.

    >>> looked_at("3.15")
    ['A cancel that raises an error of its own.']
    """
    return [watcher.looks_at for watcher in watchers() if watcher.rule == rule]


class Judge:
    """The rules, fed event by event.

    `both` says that neither side of a link is the kit: Publisher and Subscriber are judged, which
    is what a guard does. Not thread-safe: whoever records in order feeds in order.
    """

    __slots__ = ("_both", "_bounds", "_calls", "_links")

    def __init__(self, bounds: Bounds | None = None, *, both: bool = False) -> None:
        self._bounds = Bounds() if bounds is None else bounds
        self._both = both
        self._links: dict[str, Link] = {}
        self._calls: dict[int, Call] = {}

    def see(self, event: Event) -> list[Breach]:
        """Returns what this event breaks: the causes, without what only follows from them."""
        link = self._links.get(event.link)
        if link is None:
            link = self._links[event.link] = Link(event.link, self._bounds)
        if event.kind in _REMARKS:
            if event.rule is None or (event.kind == "missing" and link.broken & SILENCING):
                return []
            return self._accept(link, event, [(event.rule, event.text)])
        call = self._call(event)
        found: list[tuple[str, str]] = []
        for watcher in _TABLE.get((event.kind, event.phase), ()):
            if link.mixed and watcher.rule in _PER_STREAM:
                continue
            if watcher.accused == "caller":
                judged = event.by == "component"
            else:
                judged = self._both or event.by == "driver"
            if judged and (message := watcher.look(link, event, call)) is not None:
                found.append((watcher.rule, message))
        if event.phase == "enter":
            link.opened(call)
        else:
            link.closed(call, event)
        return self._accept(link, event, found) if found else []

    def finish(self) -> list[Breach]:
        """Returns what is broken because nothing more comes: Subscriptions left uncancelled."""
        return [
            breach
            for link in self._links.values()
            for number, event in link.unwanted.items()
            if self._both or event.by == "driver"
            for breach in self._accept(
                link, event, [("2.5", f"Subscription number {number} was never cancelled")]
            )
        ]

    def forget(self, link: str) -> None:
        """Drops what is known of a link that nothing more comes from."""
        self._links.pop(link, None)

    def _call(self, event: Event) -> Call:
        if event.phase == "enter":
            parent = None if event.inside is None else self._calls.get(event.inside)
            call = self._calls[event.seq] = Call(event, parent)
            if parent is not None:
                parent.busy(event.time)
            return call
        begun = self._calls.pop(event.began, None)
        # A part of a trace may hold the end of a call without its beginning.
        call = Call(event, None) if begun is None else begun
        if call.parent is not None:
            call.parent.since = event.time
            if event.phase == "raise":
                call.parent.passing = event.error
        return call

    def _accept(self, link: Link, event: Event, found: list[tuple[str, str]]) -> list[Breach]:
        breaches: list[Breach] = []
        for rule, message in found:
            if not any(rule in FOLLOWS.get(cause, ()) for cause in link.broken):
                link.broken.add(rule)
                breaches.append(Breach(rule, event, message))
        return breaches


def judge(trace: Iterable[Event], bounds: Bounds | None = None) -> list[Breach]:
    """Returns the breaches in a trace, in order: the first of each rule on each link.

    A message tells how many more of the kind there are. Calls with `by="driver"` break no rule.

    >>> one = Event(seq=0, time=0.0, thread="main", link="a", kind="on_subscribe", began=0)
    >>> two = Event(seq=1, time=0.1, thread="main", link="a", kind="on_next", began=1, item="x")
    >>> [str(breach) for breach in judge([one, two])]
    ["§1.1: on_next('x'), element number 1, when nothing had been asked for"]
    """
    jury = Judge(bounds)
    first: dict[tuple[str, str], Breach] = {}
    more: dict[tuple[str, str], int] = {}
    seen = [breach for event in trace for breach in jury.see(event)]
    for breach in seen + jury.finish():
        key = (breach.rule, breach.event.link)
        if key in first:
            more[key] += 1
        else:
            first[key] = breach
            more[key] = 0
    return sorted(
        (
            Breach(breach.rule, breach.event, f"{breach.message} (and {more[key]} more)")
            if more[key]
            else breach
            for key, breach in first.items()
        ),
        key=lambda breach: breach.event.seq,
    )
