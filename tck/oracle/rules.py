"""The oracle: which rules a trace breaks, at which event, and why.

Each way to break a rule is one small function, registered in a table with the events it looks at
(a chapter of the rules a module). `Judge` feeds them event by event, in constant time and memory
per link, so that a whole trace and a stream in production are judged by the same rules.

What cannot be seen in signals alone, such as a reference that is kept, or silence where a signal is
due, is for the driver to find; it leaves a remark in the trace, which is judged here as well.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final, TypeAlias

# Imported in the order in which they are asked: causes before what follows from them.
from tck.oracle import publisher as _publisher
from tck.oracle import subscriber as _subscriber
from tck.oracle import subscription as _subscription
from tck.oracle.follows import FOLLOWS, why_it_follows
from tck.oracle.model import Bounds, Call, Link, Watcher, complaint, watchers
from tck.oracle.subscriber import CANCEL_SECOND
from tck.recording.breach import Breach, BreachKind
from tck.recording.trace import Event, Kind, Phase, Side

__all__ = ["FOLLOWS", "Judge", "judge", "judge_all", "looked_at"]

_CHAPTERS: Final = (_publisher, _subscriber, _subscription)


_Table: TypeAlias = dict[tuple[Kind, Phase, Side], tuple[Watcher, ...]]


def _by_event(*, both: bool) -> _Table:
    """Returns who looks at an event of that kind, by who made the call; `both` is as for `Judge`."""
    table: dict[tuple[Kind, Phase, Side], list[Watcher]] = {}
    for watcher in sorted(watchers(), key=lambda each: _PRECEDENCE.get(each.rule, 1)):
        if watcher.accused == "caller":
            sides: tuple[Side, ...] = ("component",)
        else:
            sides = ("driver", "component") if both else ("driver",)
        for kind in watcher.kinds:
            for side in sides:
                table.setdefault((kind, watcher.phase, side), []).append(watcher)
    return {key: tuple(found) for key, found in table.items()}


# Of the rules that one event breaks, the one asked first is the cause.
_PRECEDENCE: Final = {"1.9": 0, "2.12": 0, "1.1": 2}
_TABLES: Final = {both: _by_event(both=both) for both in (False, True)}
# What cannot be told of two streams on one link: which of them a signal belongs to.
_PER_STREAM: Final = frozenset({"1.1", "1.3", "1.7", "1.8", "3.3", "3.6", "3.12"})
_REMARKS: Final = frozenset({"missing", "hung", "note"})
_KEPT: Final = "Subscription number {}, which came while another was active, was never cancelled"


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

    __slots__ = ("_both", "_bounds", "_calls", "_links", "_table")

    def __init__(self, bounds: Bounds | None = None, *, both: bool = False) -> None:
        self._bounds = Bounds() if bounds is None else bounds
        self._both = both
        self._table = _TABLES[both]
        self._links: dict[str, Link] = {}
        self._calls: dict[int, Call] = {}

    def see(self, event: Event) -> list[Breach]:
        """Returns what this event breaks: the causes, without what only follows from them."""
        link = self.link(event.link)
        if event.kind in _REMARKS:
            if event.rule is None:
                return []
            kind: BreachKind = "doubt" if event.doubt else "rule"
            return self._accept(
                link, [Breach(event.rule, event, event.text, kind, due=event.due)], None
            )
        call = self._call(event)
        found: list[Breach] = []
        mixed = link.mixed
        for watcher in self._table.get((event.kind, event.phase, event.by), ()):
            if mixed and watcher.rule in _PER_STREAM:
                continue
            if (message := watcher.look(link, event, call)) is not None:
                found.append(Breach(watcher.rule, event, message, watcher.kind, due=watcher.due))
        if event.phase == "enter":
            link.opened(call)
        else:
            link.closed(call, event)
        return self._accept(link, found, call) if found else []

    def finish(self) -> list[Breach]:
        """Returns what is broken because nothing more comes: Subscriptions left uncancelled."""
        return [
            breach
            for link in self._links.values()
            for number, event in link.unwanted.items()
            if self._both or event.by == "driver"
            for breach in self._accept(
                link,
                [Breach("2.5", event, _KEPT.format(number), due=CANCEL_SECOND)],
                None,
            )
        ]

    def link(self, name: str) -> Link:
        """Returns the state of a link."""
        link = self._links.get(name)
        if link is None:
            link = self._links[name] = Link(name, self._bounds)
        return link

    def call(self, began: int) -> Call | None:
        """Returns the call that began there, while it is open."""
        return self._calls.get(began)

    def hidden(self) -> list[Breach]:
        """Returns what may only follow from other breaches: the first of each rule on each link."""
        return [breach for link in self._links.values() for breach in link.hidden.values()]

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

    def _accept(self, link: Link, found: list[Breach], call: Call | None) -> list[Breach]:
        breaches: list[Breach] = []
        for breach in found:
            if breach.kind == "rule" and _beyond_the_rules(link, breach, call):
                breach = replace(breach, kind="python")
            cause = _cause(link, breach)
            if cause is not None:
                link.hidden.setdefault(breach.rule, replace(breach, follows=cause))
                continue
            if breach.kind == "rule":
                link.broken.add(breach.rule)
            breaches.append(breach)
        return breaches


def _cause(link: Link, breach: Breach) -> str | None:
    """Returns the rule that was broken before on the link, and from which this may only follow."""
    rule = breach.rule
    for cause in sorted(link.broken):
        if why_it_follows(rule, cause, "signals"):
            return cause
        if breach.event.kind == "missing" and why_it_follows(rule, cause, "silence"):
            return cause
    return None


def _beyond_the_rules(link: Link, breach: Breach, call: Call | None) -> bool:
    """Returns whether it needs a request for what is no int, of which the specification knows nothing."""
    if breach.rule == "1.7":
        return False  # after the end there is silence, whatever was asked for
    if call is not None and call.event.kind == "request":
        return complaint(call.event.n) == "TypeError"
    return "driver" in link.odd


def judge(trace: Iterable[Event], bounds: Bounds | None = None) -> list[Breach]:
    """Returns the breaches in a trace, in order: the first of each rule on each link.

    A message tells how many there are of the kind. Calls with `by="driver"` break no rule.

    >>> one = Event(seq=0, time=0.0, thread="main", link="a", kind="on_subscribe", began=0)
    >>> two = Event(seq=1, time=0.1, thread="main", link="a", kind="on_next", began=1, item="x")
    >>> [(breach.rule, breach.message) for breach in judge([one, two])]
    [('1.1', "on_next('x') came, element number 1, when nothing had been asked for")]
    """
    return [breach for breach in judge_all(trace, bounds) if not breach.follows]


def judge_all(trace: Iterable[Event], bounds: Bounds | None = None) -> list[Breach]:
    """Returns the breaches in a trace, with those that may only follow from another (`Breach.follows`)."""
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
    causes = [
        replace(breach, message=f"{breach.message}, the first of {more[key] + 1} such")
        if more[key]
        else breach
        for key, breach in first.items()
    ]
    # One that is found on its own as well is no mere consequence.
    known = set(first)
    hidden = [each for each in jury.hidden() if (each.rule, each.event.link) not in known]
    return sorted([*causes, *hidden], key=lambda breach: breach.event.seq)
