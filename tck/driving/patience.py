"""Patience: how long a verification waits for what it has waited for in vain, again and again."""

from __future__ import annotations

import math
from collections import Counter
from typing import Final

from tck.reports.results import Result, Violation
from tck.scripts.script import Stuck
from tck.settings import Settings

_ENOUGH: Final = 1
"""So many checks wait as long as the settings say; then it is known what the component does."""
_OFTEN: Final = 5
"""So many calls that never return are waited for longer than briefly."""
_BRIEF: Final = 0.05
"""Seconds that are left for the others. They name no rule that is not known to be broken."""
_MOMENT: Final = 0.2
"""Seconds that are left where something was missing, but may have been the consequence of another breach."""
_GLANCE: Final = 0.005
"""Seconds of silence that do for the time being, where somebody listens on later."""
_CROWD: Final = 1_000
"""Signals that are taken down of each stream, once one has gone on without end."""
PURSE: Final = 6.0
"""Seconds that a whole verification waits in vain."""
_SOON: Final = 2
"""So many deadlines each check may wait for elements that come slowly."""
_TIMED: Final = frozenset({"3.4", "3.5"})


class Tired(Stuck):
    """It has been waited in vain for so long that this is not waited for; nothing is on record."""

    def __str__(self) -> str:
        return "too much has been waited for in vain: this was not waited for any more"


class Patience:
    """What the checks so far have found missing, hanging or slow; each check begins with the same.

    Without it a component that never completes, say, is waited for in every check anew, and one
    whose request blocks is worth minutes. `purse` is how many seconds may be waited in vain in all;
    after that only what is known to be broken is found broken, quickly, and the rest is left open.

    >>> patience = Patience()
    >>> patience.deadline(2.0, "1.5")
    2.0
    >>> patience.missing.update({"1.5": 1})
    >>> patience.deadline(2.0, "1.5"), patience.deadline(2.0, "3.8")
    (0.05, 2.0)
    """

    def __init__(self, *, listens_on: bool = False, purse: float = math.inf) -> None:
        self._listens_on = listens_on
        self._purse = purse
        self.missing: Counter[str] = Counter()
        self.waited: set[str] = set()
        """What was waited for in vain, whether or not that is held against the component."""
        self._now: set[str] = set()
        self.hung: Counter[str] = Counter()
        self.slow: set[str] = set()
        self._endless = False
        self._pace = 0.0

    def slow_down(self, pace: float) -> None:
        """Takes note that each element takes so many seconds, which is no fault."""
        self._pace = max(self._pace, pace)

    def soon(self, settings: Settings) -> int | None:
        """Returns how many elements can be waited for in each of many checks; None where it is not slow."""
        return max(1, int(_SOON * settings.deadline / self._pace)) if self._pace else None

    def begin(self) -> None:
        """Begins a check: what another has only waited for is no reason to be short with this one."""
        self._now.clear()

    def miss(self, rule: str) -> None:
        """Takes note that in this check something was waited for in vain.

        Errors: `Tired` where that is no reason to hold it against the component.
        """
        if self.spent and not self.missing[rule]:
            raise Tired
        self._now.add(rule)

    def pay(self, seconds: float) -> None:
        """Takes note of seconds that have been spent in vain."""
        self._purse -= seconds

    def pay_for_call(self, seconds: float, responsive: float) -> None:
        """Takes note of how long a call has taken, where calls are known to take longer than they may."""
        if seconds > responsive and self.slow & _TIMED:
            self.pay(seconds)

    @property
    def spent(self) -> bool:
        """Whether there was so much to wait for in vain that nothing new is waited for any more."""
        return self._purse <= 0

    def learn(self, result: Result) -> None:
        """Takes note of what a check has found."""
        if result.outcome not in {"failed", "warned"}:
            return
        for violation in result.violations:
            if violation.kind != "rule":
                # It is no reason to be short with what the rule itself demands.
                self.missing[f"{violation.rule}/{violation.kind}"] += 1
                continue
            if _never_subscribed(violation):
                self.missing["1.9"] += 1
            trace = violation.trace or ()
            self._endless = self._endless or any(
                e.error is not None and e.error.type == "Runaway" for e in trace
            )
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
        if not (self.missing or self.waited or self._now or self.spent):
            return seconds  # as it mostly is, and is asked at each step
        if self.spent or any(self.missing[rule] >= _ENOUGH for rule in rules):
            return min(seconds, _BRIEF)
        waited = any(rule in self.waited or rule in self._now for rule in rules)
        return min(seconds, _MOMENT) if waited else seconds

    def silence(self, seconds: float) -> float:
        """Returns how long is listened before a check goes on, where nothing but itself makes a sound.

        Whoever runs many checks listens on for the rest of the time, to all of them at once.
        """
        return min(seconds, _GLANCE) if self._listens_on else seconds

    def crowd(self, most: int) -> int:
        """Returns how many signals of a stream are taken down, of `most` at first."""
        return min(most, _CROWD) if self._endless else most

    def hang(self, settings: Settings, rule: str) -> float:
        """Returns how long is waited for a call whose hanging breaks that rule."""
        times = self.hung[rule]
        if self.spent or times >= _OFTEN:
            return min(settings.hang, _BRIEF)
        if times < _ENOUGH:
            return settings.hang
        # request and cancel may be slow (§3.4, §3.5), which is something else.
        slow = rule in _TIMED and times == _ENOUGH
        return min(settings.hang, 2 * settings.responsive if slow else _MOMENT)

    @property
    def tired(self) -> bool:
        """Whether calls of some kind are known to hang, or nothing is waited for any more."""
        return self.spent or any(times >= _ENOUGH for times in self.hung.values())


def _never_subscribed(violation: Violation) -> bool:
    if violation.trace is None:
        return False
    calls = [each for each in violation.trace.calls("subscribe") if each.text != "None subscriber"]
    return bool(calls) and not violation.trace.calls("on_subscribe")
