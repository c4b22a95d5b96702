"""Patience: how long a verification waits for what it has waited for in vain, again and again."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tck.report import Result, Violation
    from tck.settings import Settings

_ENOUGH: Final = 1
"""So many checks wait as long as the settings say; then it is known what the component does."""
_BRIEF: Final = 0.05
"""Seconds that are left for the others. They name no rule that is not known to be broken."""

_MOMENT: Final = 0.2
"""Seconds that are left where something was missing, but may have been the consequence of another breach."""
_TIMED: Final = frozenset({"3.4", "3.5"})


class Patience:
    """What the checks so far have found missing, hanging or slow; each check begins with the same.

    Without it a component that never completes, say, is waited for in every check anew, and one
    whose request blocks is worth minutes.

    >>> patience = Patience()
    >>> patience.deadline(2.0, "1.5")
    2.0
    >>> patience.missing.update({"1.5": 1})
    >>> patience.deadline(2.0, "1.5"), patience.deadline(2.0, "3.8")
    (0.05, 2.0)
    """

    def __init__(self) -> None:
        self.missing: Counter[str] = Counter()
        self.waited: set[str] = set()
        """What was waited for in vain, whether or not that is held against the component."""
        self._now: set[str] = set()
        self.hung: Counter[str] = Counter()
        self.slow: set[str] = set()

    def begin(self) -> None:
        """Begins a check: what another has only waited for is no reason to be short with this one."""
        self._now.clear()

    def miss(self, rule: str) -> None:
        """Takes note that in this check something was waited for in vain."""
        self._now.add(rule)

    def learn(self, result: Result) -> None:
        """Takes note of what a check has found."""
        if result.outcome not in {"failed", "warned"}:
            return
        for violation in result.violations:
            if _never_subscribed(violation):
                self.missing["1.9"] += 1
            trace = violation.trace or ()
            self.waited |= {str(e.rule) for e in trace if e.kind == "missing"}
            kinds = {e.kind for e in trace if e.rule == violation.rule}
            if "hung" in kinds:
                self.hung[violation.rule] += 1
            elif kinds & {"missing", "note"}:
                self.missing[violation.rule] += 1
            else:
                self.slow.add(violation.rule)

    def deadline(self, seconds: float, *rules: str) -> float:
        """Returns how long is waited for what is missing by one of these rules if it does not come."""
        if any(self.missing[rule] >= _ENOUGH for rule in rules):
            return min(seconds, _BRIEF)
        waited = any(rule in self.waited or rule in self._now for rule in rules)
        return min(seconds, _MOMENT) if waited else seconds

    def hang(self, settings: Settings, rule: str) -> float:
        """Returns how long is waited for a call whose hanging breaks that rule."""
        if self.hung[rule] < _ENOUGH:
            return settings.hang
        # request and cancel may be slow (§3.4, §3.5), which is something else.
        return min(settings.hang, 2 * settings.responsive if rule in _TIMED else _MOMENT)

    @property
    def tired(self) -> bool:
        """Whether calls of some kind are known to hang."""
        return any(times >= _ENOUGH for times in self.hung.values())


def _never_subscribed(violation: Violation) -> bool:
    if violation.trace is None:
        return False
    calls = [each for each in violation.trace.calls("subscribe") if each.text != "None subscriber"]
    return bool(calls) and not violation.trace.calls("on_subscribe")
