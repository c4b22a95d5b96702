"""Results: what came of each check, as data."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias, get_args

from reactive_streams.rules import rule
from tck.recording.breach import BreachKind
from tck.recording.trace import Trace

CheckKind: TypeAlias = Literal["required", "optional", "stochastic", "untested", "beyond"]
"""optional: a failure is a skip with its reason. untested: listed with why. beyond: our own."""

Outcome: TypeAlias = Literal["passed", "failed", "skipped", "warned"]
"""warned: only what is recommended was not done."""

Level: TypeAlias = Literal["fails", "warns"]

Status: TypeAlias = Literal["passed", "failed", "warned", "skipped", "not looked at"]
"""What is known of a rule; skipped: its checks could not be made."""

STATUSES: Final[tuple[Status, ...]] = get_args(Status)
SIGNS: Final[Mapping[Status, str]] = {
    "passed": "✓", "failed": "✗", "warned": "!", "skipped": "-", "not looked at": "·",
}  # fmt: skip
CHAPTERS: Final[Mapping[str, str]] = {
    "1": "Publisher", "2": "Subscriber", "3": "Subscription", "4": "Processor",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Violation:
    """A rule that was broken, and how to see it."""

    rule: str
    """Its id, such as "1.7"."""
    check: str
    """The name of the check that found it."""
    message: str
    """At which signal what happened, and what was expected, in plain words."""
    script: str = ""
    """A runnable Python snippet that shows it."""
    diagram: str = ""
    """The signals of that script, time down, with what broke the rule marked."""
    trace: Trace | None = None
    kind: BreachKind = "rule"
    """"python" for what only Python makes possible, and "doubt" for what may be meant so: warnings."""
    level: Level | None = None
    """Whether it fails or warns; None: as the words of the rule have it."""
    follows: str = ""
    """The rule from whose breach it may only follow; empty for one that stands for itself."""

    @property
    def mandatory(self) -> bool:
        """Whether the rule says MUST; one that only recommends is warned of."""
        return rule(self.rule).mandatory

    @property
    def fails(self) -> bool:
        """Whether it is a failure, and not only something to be warned of."""
        if self.level is not None:
            return self.level == "fails"
        return self.mandatory and self.kind == "rule"

    def __str__(self) -> str:
        sign = SIGNS["failed" if self.fails else "warned"]
        head = textwrap.fill(f"{sign} §{self.rule} {rule(self.rule).statement}", 96)
        told = textwrap.fill(self.message, 92, break_on_hyphens=False, break_long_words=False)
        parts = [f"{told}\n(found by {self.check})", self.script, self.diagram]
        return "\n\n".join(
            [head, *(textwrap.indent(part.strip("\n"), "    ") for part in parts if part.strip())]
        )


@dataclass(frozen=True, kw_only=True)
class Result:
    """What came of one check."""

    name: str
    rule: str
    kind: CheckKind
    outcome: Outcome
    reason: str = ""
    """Why it failed or was skipped, in one line; empty where it passed."""
    violations: tuple[Violation, ...] = ()
    seconds: float = 0.0
    suite: str = ""
    also: tuple[Violation, ...] = ()
    """What it has seen as well, and may only follow from a breach that is told of elsewhere."""

    @property
    def told(self) -> bool:
        """Whether it has something to tell of."""
        return self.outcome in {"failed", "warned"}

    @property
    def says(self) -> Outcome:
        """What it says about its own rule: a check that another rule's breach has ended says nothing."""
        if self.told and self.violations:
            return self.severity(self.rule) or self._beside
        if self.reason.startswith("§") and not self.reason.startswith(f"§{self.rule}:"):
            return (
                "skipped"  # the violation was left out, as a consequence of another rule's breach
            )
        return self.outcome

    def severity(self, rule_id: str) -> Literal["failed", "warned"] | None:
        """Returns how grave it is that it found this rule broken; None where it has not."""
        found = [
            v for v in self.violations if v.rule == rule_id and (v.kind != "python" or v.fails)
        ]
        if not self.told or not found:
            return None
        return "failed" if any(each.fails for each in found) else "warned"

    @property
    def _beside(self) -> Outcome:
        # What is for Python alone to say leaves the rule as it is.
        return "passed" if all(v.kind == "python" for v in self.violations) else "skipped"


def counted(counts: Mapping[Any, int]) -> str:
    """Returns counts as text: `3 passed, 1 failed`; what there is none of is left out.

    >>> counted({"passed": 3, "failed": 0, "skipped": 1})
    '3 passed, 1 skipped'
    """
    return ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "none"
