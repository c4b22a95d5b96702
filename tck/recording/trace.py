"""Trace: every signal of a run, in order, as plain data that can be saved and judged again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal, TypeAlias, overload

Kind: TypeAlias = Literal[
    "subscribe", "on_subscribe", "on_next", "on_error", "on_complete", "request", "cancel",
    "missing", "hung", "note",
]  # fmt: skip
"""Seven signals, and three remarks: a due signal did not come, a call did not return, a finding."""

Phase: TypeAlias = Literal["enter", "exit", "raise"]
"""A call began, returned, or raised; remarks have "enter" only."""

Side: TypeAlias = Literal["driver", "component"]
"""Who made a call: the kit, or the code that is looked at."""

SIGNALS = frozenset({"on_subscribe", "on_next", "on_error", "on_complete"})
"""What goes from Publisher to Subscriber."""
TERMINAL = frozenset({"on_error", "on_complete"})
CALLS = frozenset({"request", "cancel"})
"""What goes from Subscriber to Publisher."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorNote:
    """An exception as data: its type's name, those of the types it derives from, and its message."""

    type: str
    bases: tuple[str, ...]
    message: str
    causes: tuple[str, ...] = ()
    """The exceptions that it was raised from, or while they were handled, and those that it groups."""

    @classmethod
    def of(cls, error: object) -> ErrorNote:
        """Returns the note of an exception, or of whatever was signalled in place of one.

        >>> try:
        ...     raise KeyError("seat") from ValueError("row")
        ... except KeyError as error:
        ...     ErrorNote.of(error).causes
        ("ValueError('row')",)
        """
        kind = type(error)
        return cls(
            type=kind.__qualname__,
            bases=tuple(base.__qualname__ for base in kind.__mro__[1:-1]),
            message=plain(str(error)) if isinstance(error, BaseException) else brief(error),
            causes=tuple(_causes(error)) if isinstance(error, BaseException) else (),
        )

    def stems_from(self, other: ErrorNote | None) -> bool:
        """Returns whether it is that exception, or one made in its likeness, or was raised because of it.

        What comes through another language comes as an exception of its own, with other causes.
        """
        return other is not None and (str(self) == str(other) or str(other) in self.causes)

    def is_a(self, *names: str) -> bool:
        """Returns whether the exception is of one of the types with these names."""
        return any(name == self.type or name in self.bases for name in names)

    def __str__(self) -> str:
        return f"{self.type}({self.message!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One moment of a trace: a call on a link that begins, returns or raises, or a remark."""

    seq: int
    """Its position in the trace, from 0."""
    time: float
    """Seconds since the trace began, without those in which others kept the processor."""
    thread: str
    task: str | None = None
    """The asyncio task, if it happened in one."""
    link: str
    """One Subscriber and its Publisher: "a", "b", ...; before a Processor "up", behind it "a"."""
    kind: Kind
    phase: Phase = "enter"
    began: int
    """The `seq` at which this call began; its own at "enter", and in a remark that is on no event."""
    inside: int | None = None
    """The `seq` at which the innermost call began that encloses this one on the same thread."""
    depth: int = 0
    """How many on_next of this link are open on this thread, this one included."""
    n: Any = None
    """What request was given."""
    item: Any = None
    """What on_next was given."""
    error: ErrorNote | None = None
    """What on_error was given, or what a call raised."""
    subscription: int | None = None
    """Which of the Subscriptions given on this link it is about, from 1."""
    outstanding: int = 0
    """The demand after this event: asked for minus delivered; below 0 where too much came."""
    by: Side = "component"
    rule: str | None = None
    """In a remark: the rule that is broken."""
    doubt: bool = False
    """In a remark: that it may be meant so, and is to be warned of only."""
    text: str = ""
    due: str = ""
    """In a remark: what was expected."""
    stack: str = ""

    @property
    def label(self) -> str:
        """Returns the call as one would write it: `request(3)`, `on_next(1)`, `cancel()`."""
        return {
            "request": f"request({brief(self.n)})",
            "on_next": f"on_next({brief(self.item)})",
            "on_error": f"on_error({self.error})" if self.phase == "enter" else "on_error",
            "missing": self.text,
            "hung": self.text,
            "note": self.text,
        }.get(self.kind, f"{self.kind}()")


class _Draft:
    """An Event while it is written: the same slots, to which one may still assign."""

    __slots__ = tuple(field.name for field in fields(Event))


def event_of(
    seq: int,
    time: float,
    thread: str,
    task: str | None,
    link: str,
    kind: Kind,
    phase: Phase,
    began: int,
    inside: int | None,
    depth: int,
    n: Any,
    item: Any,
    error: ErrorNote | None,
    subscription: int | None,
    outstanding: int,
    by: Side,
    text: str,
) -> Event:
    """Returns the Event of a call, for who takes a great many down: in a fifth of the time.

    A frozen dataclass sets each of its fields by a call; this is written as what may be assigned to,
    and frozen when it is whole.

    >>> event_of(
    ...     0,
    ...     0.5,
    ...     "main",
    ...     None,
    ...     "a",
    ...     "cancel",
    ...     "enter",
    ...     0,
    ...     None,
    ...     0,
    ...     None,
    ...     None,
    ...     None,
    ...     1,
    ...     2,
    ...     "driver",
    ...     "",
    ... ) == Event(
    ...     seq=0,
    ...     time=0.5,
    ...     thread="main",
    ...     link="a",
    ...     kind="cancel",
    ...     began=0,
    ...     subscription=1,
    ...     outstanding=2,
    ...     by="driver",
    ... )
    True
    """
    draft: Any = _Draft()
    draft.seq = seq
    draft.time = time
    draft.thread = thread
    draft.task = task
    draft.link = link
    draft.kind = kind
    draft.phase = phase
    draft.began = began
    draft.inside = inside
    draft.depth = depth
    draft.n = n
    draft.item = item
    draft.error = error
    draft.subscription = subscription
    draft.outstanding = outstanding
    draft.by = by
    draft.rule = None
    draft.doubt = False
    draft.text = text
    draft.due = draft.stack = ""
    draft.__class__ = Event
    return draft  # type: ignore[no-any-return]


class Trace(Sequence[Event]):
    """The events of a run in order; immutable.

    >>> event = Event(seq=0, time=0.0, thread="main", link="a", kind="request", began=0, n=3)
    >>> trace = Trace([event])
    >>> Trace.from_lines(trace.to_lines()) == trace
    True
    >>> trace[0].label
    'request(3)'
    """

    __slots__ = ("_events",)

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self._events = tuple(events)

    @overload
    def __getitem__(self, index: int) -> Event: ...
    @overload
    def __getitem__(self, index: slice) -> Trace: ...
    def __getitem__(self, index: int | slice) -> Event | Trace:
        if isinstance(index, slice):
            return Trace(self._events[index])
        return self._events[index]

    def __len__(self) -> int:
        return len(self._events)

    def __iter__(self) -> Iterator[Event]:
        return iter(self._events)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Trace) and self._events == other._events

    def __hash__(self) -> int:
        return hash(self._events)

    def __repr__(self) -> str:
        return f"<Trace of {len(self)} events on {', '.join(self.links) or 'no link'}>"

    @property
    def links(self) -> list[str]:
        """Returns the names of the links, in the order of their first events."""
        return list(dict.fromkeys(event.link for event in self._events))

    def link(self, name: str) -> Trace:
        """Returns the events of one link; `seq` and `began` stay those of the whole."""
        return Trace(event for event in self._events if event.link == name)

    def calls(self, *kinds: Kind) -> list[Event]:
        """Returns the beginnings of the calls of these kinds."""
        return [event for event in self._events if event.phase == "enter" and event.kind in kinds]

    def end_of(self, event: Event) -> Event | None:
        """Returns how a call ended: the event at which it returned or raised; None while it is open."""
        for later in self._events:
            if later.began == event.seq and later.phase != "enter":
                return later
        return None

    def to_lines(self) -> Iterator[str]:
        """Returns the events as lines of JSON; an element that JSON cannot hold becomes its repr."""
        for event in self._events:
            yield json.dumps(
                {
                    name: _saved(value) if name in {"n", "item"} else value
                    for name, value in asdict(event).items()
                    if value is not None and value != "" and (name != "doubt" or value)
                }
            )

    @classmethod
    def from_lines(cls, lines: Iterable[str]) -> Trace:
        """Returns the trace that such lines hold.

        Errors: `ValueError` that names the first line that is none.
        """
        events: list[Event] = []
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                values: dict[str, Any] = json.loads(line)
                note = values.pop("error", None)
                if note is not None:
                    fields: dict[str, Any] = {
                        **note,
                        "bases": tuple(note["bases"]),
                        "causes": tuple(note.get("causes", ())),
                    }
                    note = ErrorNote(**fields)
                events.append(Event(**values, error=note))
            except (TypeError, ValueError, KeyError, AttributeError) as error:
                raise ValueError(f"line {number} is no event of a trace: {error}") from None
        return cls(events)

    def save(self, path: str | Path) -> None:
        """Writes the trace as JSON lines."""
        Path(path).write_text("".join(f"{line}\n" for line in self.to_lines()), "utf-8")

    @classmethod
    def load(cls, path: str | Path) -> Trace:
        """Returns the trace that `save` has written there."""
        return cls.from_lines(Path(path).read_text("utf-8").splitlines())


_MOST_CAUSES = 16


def _causes(error: BaseException) -> Iterator[str]:
    seen: set[int] = set()
    waiting = [error]
    while waiting and len(seen) < _MOST_CAUSES:
        each = waiting.pop(0)
        if id(each) in seen:
            continue
        if seen:
            yield f"{type(each).__qualname__}({plain(str(each))!r})"
        seen.add(id(each))
        waiting += [other for other in (each.__cause__, each.__context__) if other is not None]
        if isinstance(each, BaseExceptionGroup):
            waiting += each.exceptions  # pyright: ignore[reportUnknownMemberType]


def brief(value: object) -> str:
    """Returns the repr, cut to 60 characters; a repr that raises is no failure of the kit."""
    try:
        text = plain(repr(value))
    except Exception as error:
        text = f"<{type(value).__name__}, whose repr raised {type(error).__name__}>"
    return text if len(text) <= 60 else f"{text[:57]}..."


def plain(text: str) -> str:
    """Returns the text as one line without addresses, which would differ from run to run."""
    return " ".join(text.split())


def _saved(value: object) -> Any:
    return value if value is None or isinstance(value, (bool, int, float, str)) else brief(value)
