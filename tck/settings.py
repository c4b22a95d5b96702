"""Settings: how long the kit waits and listens, and what a component is declared to do."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any


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
    after_cancel: int = 0
    """Elements that may still come after a cancel on the thread that emits them (§3.12)."""
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
    """Whether request is called from several threads at once (§3.8)."""
    completes: bool = True
    """Whether streams complete; a Publisher that never ends is not asked to."""
    recovers: bool = False
    """Whether a Processor may swallow its upstream's error, and go on (§4.2)."""
    buffer: int | None = None
    """The most a Processor may ask for ahead of its own Subscriber; None: any bounded number."""

    def __post_init__(self) -> None:
        for name in ("deadline", "quiet", "poll", "responsive", "hang"):
            if getattr(self, name) > threading.TIMEOUT_MAX:
                raise ValueError(f"Settings: {name} is too long: {getattr(self, name)!r} seconds")
        for name in ("deadline", "poll", "responsive", "hang"):
            if not getattr(self, name) > 0:
                raise ValueError(
                    f"Settings: {name} must be more than 0, not {getattr(self, name)!r}"
                )
        for name in ("quiet", "recursion", "after_cancel", "examples", "max_elements", "buffer"):
            value = getattr(self, name)
            if value is not None and not value >= 0:
                raise ValueError(f"Settings: {name} must be 0 or more, not {value!r}")

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Returns the default settings, as the environment changes them.

        Errors: `ValueError` that names the variable whose text is no such value.
        """
        found = os.environ if environ is None else environ
        changes: dict[str, Any] = {}
        for field in fields(cls):
            name = f"TCK_{field.name.upper()}"
            if name in found:
                try:
                    changes[field.name] = _READERS[str(field.type)](found[name])
                except ValueError:
                    raise ValueError(
                        f"{name}={found[name]!r}: not a value for {field.name} ({field.type})"
                    ) from None
        return replace(cls(), **changes)

    def but(self, **changes: Any) -> Settings:
        """Returns these settings with some of them changed."""
        return replace(self, **changes)


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
}
