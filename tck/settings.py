"""Settings: how long the kit waits and listens, and what a component is declared to do."""

from __future__ import annotations

import difflib
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final, Literal, TypeAlias, get_args

Loop: TypeAlias = Literal["thread", "asyncio", "trio"]
"""What a component is used on: a thread without a loop, or one on which such a loop runs."""

LOOPS: Final[tuple[Loop, ...]] = get_args(Loop)

NonInt: TypeAlias = Literal["sent", "cannot cross"]
"""What becomes of a request for what is no int."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What a verification goes by; each field also by the environment variable `TCK_<FIELD>`.

    Three times, for three questions, all in seconds. Only `quiet` is spent on a component that keeps
    the rules; the others are reached by one that does not.

    >>> Settings(deadline=5).deadline
    5
    >>> Settings.from_environment({"TCK_QUIET": "0.1"}).quiet
    0.1
    >>> Settings(deadline=0)
    Traceback (most recent call last):
    ValueError: Settings: deadline must be more than 0, not 0
    """

    deadline: float = 2.0
    """How long a signal that is due is waited for."""
    quiet: float = 0.03
    """How long is listened for signals that must not come."""
    poll: float = 0.002
    """How often is looked at what tells nobody when it changes, such as a reference that is kept."""
    responsive: float = 0.5
    """The longest that `request` (§3.4) and `cancel` (§3.5) may take while nothing is delivered."""
    hang: float = 5.0
    """After which a call that has not returned is taken for one that never will."""
    recursion: int = 1
    """How many calls of on_next, one inside another, a Publisher may make (§3.3)."""
    after_cancel: int = 64
    """Elements that may still come after a cancel, being under way in a queue or mailbox (§1.8, §3.12)."""
    seed: int = 0
    """What the scripts that are made up at random are made from: the same, if it is the same."""
    examples: int = 40
    """How many such scripts are tried for each component."""
    max_elements: int | None = None
    """The most elements that the factory's publishers can have; None: as many as asked for."""
    multicast: bool = False
    """Whether several Subscribers of one Publisher see the same elements (§1.11)."""
    per_subscriber: bool = False
    """Whether each Subscriber of one Publisher has a stream of its own, from the beginning (§1.11)."""
    concurrent_requests: bool = True
    """Whether request is called from several threads at once (§3.8); if not, calls take turns (§2.7)."""
    completes: bool = True
    """Whether streams complete; a Publisher that never ends is not asked to."""
    recovers: bool = False
    """Whether a Processor may swallow its upstream's error, and go on (§4.2)."""
    non_int: NonInt = "sent"
    """Whether a request for what is no int is sent, or "cannot cross", as a bridge or a wire."""
    strict_python: bool = False
    """Whether what only Python makes possible, such as request(1.5), fails as a rule does."""
    buffer: int | None = None
    """The most a Processor may ask for ahead of its own Subscriber; None: any bounded number."""

    def __post_init__(self) -> None:
        for field in fields(self):
            problem = _problem(str(field.type), field.name, getattr(self, field.name))
            if problem is not None:
                raise ValueError(f"Settings: {field.name} {problem}")

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Returns the default settings, as the environment changes them.

        Errors: `ValueError` that names the variable whose text is no such value.
        """
        found = os.environ if environ is None else environ
        known = {f"TCK_{field.name.upper()}": field for field in fields(cls)}
        changes: dict[str, Any] = {}
        for name, text in found.items():
            if not name.startswith("TCK_"):
                continue
            if name not in known:
                close = difflib.get_close_matches(name, known, 1)
                hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(known)}"
                raise ValueError(f"{name}={text}: there is no such setting; {hint}")
            field = known[name]
            kind = str(field.type)
            try:
                value = _READERS[kind](text)
            except ValueError:
                raise ValueError(f"{name}={text}: this is not {_KINDS[kind][1]}") from None
            problem = _problem(kind, field.name, value)
            if problem is not None:
                raise ValueError(f"{name}={text}: {field.name} {problem}")
            changes[field.name] = value
        return replace(cls(), **changes)

    def but(self, **changes: Any) -> Settings:
        """Returns these settings with some of them changed."""
        return replace(self, **changes)


_MORE_THAN_0: Final = frozenset({"deadline", "poll", "responsive", "hang"})
_AT_LEAST_1: Final = frozenset({"recursion"})
_ANY: Final = frozenset({"seed"})

_KINDS: Final[Mapping[str, tuple[tuple[type, ...], str]]] = {
    "float": ((int, float), "a number of seconds"),
    "int": ((int,), "a whole number"),
    "bool": ((bool,), "true or false (1, 0, yes, no)"),
    "int | None": ((int, type(None)), "a whole number or none"),
    "NonInt": ((str,), " or ".join(map(repr, get_args(NonInt)))),
}


def _problem(kind: str, name: str, value: Any) -> str | None:
    """Returns what is wrong with the value of a field; None where nothing is."""
    types, what = _KINDS[kind]
    if type(value) not in types:  # to which a bool is no int
        return f"must be {what}, not {value!r}"
    if kind == "NonInt":
        return None if value in get_args(NonInt) else f"must be {what}, not {value!r}"
    if value is None or kind == "bool" or name in _ANY:
        return None
    if kind == "float" and value > threading.TIMEOUT_MAX:
        return f"is too long: {value!r} seconds"
    if name in _MORE_THAN_0:
        return None if value > 0 else f"must be more than 0, not {value!r}"
    least = int(name in _AT_LEAST_1)
    return None if value >= least else f"must be {least} or more, not {value!r}"


def _flag(text: str) -> bool:
    try:
        return {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}[
            text.lower()
        ]
    except KeyError:
        raise ValueError(text) from None


def _optional(text: str) -> int | None:
    return None if text.lower() in {"", "none"} else int(text)


_READERS: dict[str, Callable[[str], Any]] = {
    "float": float,
    "int": int,
    "bool": _flag,
    "int | None": _optional,
    "NonInt": str,
}
