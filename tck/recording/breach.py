"""A breach: what the oracle marks in a trace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from tck.recording.trace import Event

BreachKind: TypeAlias = Literal["rule", "python", "doubt"]
"""rule: what the specification says. python: what only Python makes possible, such as request(1.5), and
the specification does not speak of. doubt: it may be meant so, or the rule be read in another way."""


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule that is broken, the event that breaks it, and what happened in plain words."""

    rule: str
    event: Event
    message: str
    """What came, or did not come."""
    kind: BreachKind = "rule"
    follows: str = ""
    """The rule from whose breach this one may only follow; empty for a cause."""
    due: str = ""
    """What was expected instead, to be understood by who has not read the rule."""

    @property
    def told(self) -> str:
        """Returns what came, and what was expected."""
        return f"{self.message}; expected: {self.due}" if self.due else self.message

    def __str__(self) -> str:
        return f"§{self.rule}: {self.told}"
