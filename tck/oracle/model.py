"""What the rules are told: bounds, the state of a link, and the calls that are open on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Final, Literal, TypeAlias

from reactive_streams import UNBOUNDED
from tck.recording.breach import Breach, BreachKind
from tck.recording.trace import CALLS, SIGNALS, TERMINAL, ErrorNote, Event, Kind, Phase, Side
from tck.settings import Settings

_ON_PURPOSE: Final = ("ProbeError(", "Runaway(")
"""What the kit itself raises: as a Subscriber that fails, and to break a loop without end."""

_REMEMBERED: Final = 8

KEPT_BACK: Final = "kept back"
"""The text of the end of a call that the guard has not passed on."""


_BOUND: Final[dict[str, tuple[tuple[type, ...], str]]] = {
    "int": ((int,), "a whole number of 0 or more"),
    "float": ((int, float), "a number of seconds, 0 or more"),
    "bool": ((bool,), "True or False"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much is tolerated where a rule says "eventually", "soon" or "bounded".

    Errors: `ValueError` for what is no such number.

    >>> Bounds.of(Settings(recursion=3)).recursion
    3
    """

    recursion: int = 1
    """Calls of on_next inside one another that are welcome (§3.3); one more is tolerated."""
    after_cancel: int = 64
    """Elements that may still come after a cancel, being under way (§1.8, §2.8, §3.12)."""
    linger: float = 2.0
    """Seconds after a cancel within which they have to be here."""
    responsive: float = 0.5
    """Seconds that request (§3.4) and cancel (§3.5) may take, without what is delivered meanwhile."""
    crossing: int = 1
    """Calls after the end by a thread that made calls before: the end can cross one (§2.4)."""
    serial_cancel: bool = True
    """Whether cancel has to wait for its turn like request does (§2.7), although it is thread-safe."""

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            types, what = _BOUND[str(each.type)]
            if type(value) not in types or not value >= 0:
                raise ValueError(f"Bounds: {each.name} must be {what}, not {value!r}")

    @classmethod
    def of(cls, settings: Settings) -> Bounds:
        """Returns the bounds that belong to these settings."""
        return cls(
            recursion=settings.recursion,
            after_cancel=settings.after_cancel,
            linger=settings.deadline,
            responsive=settings.responsive,
        )


class Call:
    """A call that has begun and not ended, with the one that it was made from."""

    __slots__ = ("event", "late", "parent", "passing", "since", "stretch")

    def __init__(self, event: Event, parent: Call | None) -> None:
        self.event: Event = event
        self.parent: Call | None = parent
        self.late: bool = False
        """Made on a Subscription that was over already."""
        self.since: float = event.time
        """When the last call that was made directly from this one has ended; at first, its beginning."""
        self.stretch: float = 0.0
        """The most seconds between two such calls. Their sum would grow with the number of elements."""
        self.passing: ErrorNote | None = None
        """What a call made from this one raised: to let it through is no deed of its own."""

    def busy(self, until: float) -> None:
        """Takes note that it was on its own until then."""
        if until - self.since > self.stretch:
            self.stretch = until - self.since
        self.since = until

    def inside(self, link: str, kinds: frozenset[str]) -> Call | None:
        """Returns the innermost enclosing call of these kinds on that link."""
        call = self.parent
        while call is not None:
            if call.event.kind in kinds and call.event.link == link:
                return call
            call = call.parent
        return None

    @property
    def late_request(self) -> Event | None:
        """Returns the request on a finished Subscription of this link that this was made from."""
        call = self.parent
        while call is not None:
            if call.late and call.event.kind == "request" and call.event.link == self.event.link:
                return call.event
            call = call.parent
        return None

    @property
    def outermost(self) -> int:
        """Returns the `seq` of the outermost enclosing call."""
        call = self
        while call.parent is not None:
            call = call.parent
        return call.event.seq


@dataclass(slots=True, eq=False)
class Stop:
    """From when on a Publisher has to be silent: a cancel, or a Subscriber that raised."""

    event: Event
    outermost: int
    emitting: bool
    """Made from inside a signal, hence on the very thread that emits."""
    over: float | None = None
    """When it had returned."""
    came: int = 0
    """Elements since then."""

    def same_place(self, event: Event, call: Call) -> bool:
        """Returns whether a signal comes from where the stop was known at once."""
        if not self.emitting or event.thread != self.event.thread:
            return False
        # Turns of one event loop share its thread, and a stop may need one to get across.
        tasks = event.task is not None or self.event.task is not None
        return not tasks or call.outermost == self.outermost

    def exceeded(self, event: Event, call: Call, bounds: Bounds) -> str | None:
        """Returns how many elements came after it, if those are too many or too late."""
        if self.over is None:
            return None
        what = "cancel() returned" if self.event.kind == "cancel" else "the Subscriber raised"
        number = self.came + 1
        # One that was past the Publisher's look at it when another thread made the stop is called
        # back by nobody.
        most = bounds.after_cancel if self.same_place(event, call) else max(1, bounds.after_cancel)
        if number > most:
            return (
                f"{event.label} came, element number {number} since {what}, where {most} may still be "
                "under way (Settings.after_cancel)"
            )
        if event.time - self.over > bounds.linger:
            late = event.time - self.over
            return f"{event.label} came {late:.3g} s after {what}, where {bounds.linger:g} s are tolerated"
        return None

    def count(self) -> None:
        """Notes one more element that came after it."""
        self.came += self.over is not None


@dataclass(slots=True, eq=False)
class Link:
    """What has happened on a link so far: a few counters, whatever the length of the stream."""

    name: str
    bounds: Bounds
    asked: int = 0
    """Demand by good requests, cut at UNBOUNDED."""
    odd: set[Side] = field(default_factory=set[Side])
    """Who has asked for what is no int: how many elements may come then is for no rule to say."""
    delivered: int = 0
    unasked: int = 0
    """How many of them came without demand while the Subscription lived (§1.1)."""
    subscribes: int = 0
    on_subscribes: int = 0
    terminal: Event | None = None
    terminal_open: bool = False
    cancel: Stop | None = None
    failed: Stop | None = None
    bad: set[str] = field(default_factory=set[str])
    """The errors that are due for bad requests: names of types."""
    late: bool = False
    """A good request came when the Subscription was over."""
    late_bad: bool = False
    """A bad request came when it was over."""
    signals: dict[int, Call] = field(default_factory=dict[int, Call])
    """The signals to the Subscriber that are open."""
    calls: dict[int, Call] = field(default_factory=dict[int, Call])
    """The calls of request and cancel that are open."""
    callers: set[str] = field(default_factory=set[str])
    """The threads that have called request or cancel; the first few are remembered."""
    after_end: int = 0
    """Calls that crossed the terminal signal."""
    unwanted: dict[int, Event] = field(default_factory=dict[int, Event])
    """Second Subscriptions that have to be cancelled."""
    broken: set[str] = field(default_factory=set[str])
    hidden: dict[str, Breach] = field(default_factory=dict[str, Breach])
    """The first breach of each rule that may only follow from another."""

    @property
    def over(self) -> bool:
        """Returns whether the Subscription has ended, by either side."""
        return self.terminal is not None or (
            self.cancel is not None and self.cancel.over is not None
        )

    @property
    def calm(self) -> bool:
        """Whether it is in the middle of a stream that has broken nothing, and that nobody has ended."""
        return self.on_subscribes == 1 and not (
            self.terminal or self.cancel or self.failed or self.bad or self.late or self.late_bad
            or self.odd or self.unwanted or self.broken
        )  # fmt: skip

    @property
    def demand(self) -> int:
        """Returns how many elements may come, as far as that can be told."""
        return UNBOUNDED if self.odd else self.asked

    @property
    def mixed(self) -> bool:
        """Returns whether the driver has subscribed one Subscriber twice: two streams on one link."""
        return self.subscribes > 1 and self.on_subscribes > 1

    def opened(self, call: Call) -> None:
        """Takes note of a call that begins."""
        event = call.event
        kind = event.kind
        if kind in SIGNALS:
            self.signals[event.seq] = call
        elif kind in CALLS:
            self.calls[event.seq] = call
        if kind == "on_next":
            self._delivered()
            if self.cancel is not None:
                self.cancel.count()
            if self.failed is not None:
                self.failed.count()
        elif kind == "request":
            self._requested(call)
        elif kind == "cancel":
            self._cancelled(call)
        elif kind in TERMINAL:
            if self.terminal is None:
                self.terminal = event
                self.terminal_open = True
        elif kind == "subscribe":
            self.subscribes += event.text != "None subscriber"
        elif kind == "on_subscribe" and not gave_none(event):
            self.on_subscribes += 1
            if self.on_subscribes > 1 and not self.over and len(self.unwanted) < _REMEMBERED:
                self.unwanted[event.subscription or self.on_subscribes] = event

    def closed(self, call: Call, event: Event) -> None:
        """Takes note of a call that returned or raised."""
        self.signals.pop(event.began, None)
        self.calls.pop(event.began, None)
        if self.cancel is not None and self.cancel.event.seq == event.began:
            self.cancel.over = event.time
        if self.terminal is not None and self.terminal.seq == event.began:
            self.terminal_open = False
        if refused(event):
            self._never_arrived(event)
        if (
            event.phase == "raise"
            and event.kind in SIGNALS
            and self.failed is None
            and not (gave_none(call.event) or refused(event))
        ):
            self.failed = Stop(event, call.outermost, emitting=True, over=event.time)

    def _delivered(self) -> None:
        if not self.late and self.delivered - self.unasked >= self.demand:
            self.unasked += 1
        self.delivered += 1

    def _never_arrived(self, event: Event) -> None:
        # The Publisher owes nothing to a call that the guard has kept from it.
        if event.kind == "request":
            self.bad.clear()
        elif self.cancel is not None and self.cancel.event.seq == event.began:
            self.cancel = None

    def _requested(self, call: Call) -> None:
        event = call.event
        self._called(event)
        due = complaint(event.n)
        call.late = self.over
        if event.subscription in self.unwanted:
            return
        if due is not None:
            if due == "TypeError":
                self.odd.add(event.by)
            if call.late:
                self.late_bad = True
            else:
                self.bad.add(due)
        elif call.late:
            self.late = True
        else:
            self.asked = min(UNBOUNDED, self.asked + event.n)

    def _cancelled(self, call: Call) -> None:
        event = call.event
        self._called(event)
        if event.subscription in self.unwanted:
            del self.unwanted[event.subscription]
        elif self.cancel is None:
            emitting = call.inside(self.name, SIGNALS) is not None
            self.cancel = Stop(event, call.outermost, emitting)

    def _called(self, event: Event) -> None:
        if self.terminal is not None:
            self.after_end += 1
        self.called_by(event.thread)

    def called_by(self, thread: str) -> None:
        """Takes note that a thread has called request or cancel."""
        if len(self.callers) < _REMEMBERED:
            self.callers.add(thread)


def complaint(n: object) -> str | None:
    """Returns the name of the error that is due for such a request; None if it is a good one.

    >>> complaint(1), complaint(0), complaint(True)
    (None, 'ValueError', 'TypeError')
    """
    if not isinstance(n, int) or isinstance(n, bool):
        return "TypeError"
    return None if n > 0 else "ValueError"


def gave_none(event: Event) -> bool:
    """Returns whether the signal was given None, which is answered by a TypeError (§2.13)."""
    if event.kind == "on_next":
        return event.item is None
    if event.kind == "on_error":
        return event.error is None or event.error.type == "NoneType"
    # How the recorder says so: Subscriptions are numbered, not kept.
    return event.kind == "on_subscribe" and event.text == "None"


def refused(event: Event) -> bool:
    """Returns whether it was the kit that raised, and the Subscriber was not even reached."""
    if event.text == KEPT_BACK:
        return True
    return event.error is not None and event.error.type in {"RuleViolation", "Runaway"}


def own_error(event: Event, call: Call) -> bool:
    """Returns whether what a call raised is its own doing: neither the kit's, nor what it was told.

    An exception that comes through, or is raised from another, is the Subscriber's all the same: §2.13
    leaves open how it is made known.
    """
    error = event.error
    if error is None or error.stems_from(call.passing) or refused(event):
        return False
    return not any(each.startswith(_ON_PURPOSE) for each in (str(error), *error.causes))


def threads(one: Event, other: Event) -> tuple[str, str]:
    """Returns what to call the threads of two events; their numbers only where the names are the same."""
    names = [f"thread {event.thread.partition('#')[0]}" for event in (one, other)]
    if names[0] == names[1]:
        names = [f"thread {event.thread}" for event in (one, other)]
    return names[0], names[1]


Watch: TypeAlias = Callable[[Link, Event, Call], "str | None"]
"""Tells what is wrong with an event that is about to be noted on its link, if anything is."""

Accused: TypeAlias = Literal["caller", "callee"]
"""Whose fault it would be: of the one that made the call, or of the one that was called."""


@dataclass(frozen=True, slots=True)
class Watcher:
    """One way to break one rule: which events to look at, and how."""

    rule: str
    kinds: tuple[Kind, ...]
    phase: Phase
    accused: Accused
    look: Watch
    kind: BreachKind
    due: str
    """What is expected instead, in plain words."""

    @property
    def looks_at(self) -> str:
        """Returns in one line what is looked at."""
        return " ".join((self.look.__doc__ or "").split())


_REGISTERED: Final[dict[tuple[str, str], Watcher]] = {}


def watchers() -> list[Watcher]:
    """Returns all of them, in the order in which they are asked."""
    return list(_REGISTERED.values())


def watch(
    *rules: str,
    at: tuple[Kind, ...],
    due: str,
    phase: Phase = "enter",
    accused: Accused = "caller",
    kind: BreachKind = "rule",
) -> Callable[[Watch], Watch]:
    """Returns a decorator that registers a function as a way to break the rules named.

    `due` is what is expected instead, in the words of who has not read them.
    """

    def register(look: Watch) -> Watch:
        for rule in rules:
            # By name: a module that is imported once more registers nothing twice.
            _REGISTERED[rule, look.__qualname__] = Watcher(
                rule, at, phase, accused, look, kind, due
            )
        return look

    return register
