"""Causes: what the results of all checks say together, so that one fault is told of once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from reactive_streams.rules import rule as rule_of
from tck.oracle.follows import causes_of
from tck.recording.breach import Breach
from tck.recording.trace import Trace
from tck.reports.results import Level, Outcome, Result, Violation

_RAISES: Final = frozenset({"2.13", "3.15", "3.16"})
_LOSES: Final = frozenset({"3.2", "3.8"})


def concluded(results: Iterable[Result]) -> list[Result]:
    """Returns the results, each with what is its own to say.

    What may only follow from a fault that was found elsewhere is moved to `Result.also`. A rule that a
    check of its own has found broken is that check's to tell of; one that has none, the first's that
    has found it. The others are skipped, with a reason that says where to look.
    """
    return _attributed(causes_only(list(results)))


def level_of(breach: Breach, *, strict_python: bool = False) -> Level:
    """Returns whether it is a failure, or only something to be warned of."""
    if breach.kind != "rule":
        return "fails" if breach.kind == "python" and strict_python else "warns"
    # A call that hangs is no matter of taste; and what is declared has to be kept (§1.11).
    grave = rule_of(breach.rule).mandatory or breach.event.kind == "hung" or breach.rule == "1.11"
    return "fails" if grave else "warns"


def outcome_of(violations: Iterable[Violation]) -> Outcome:
    """Returns what comes of a check that has found these, at least one."""
    return "failed" if any(each.fails for each in violations) else "warned"


def reason_of(violations: Iterable[Violation]) -> str:
    """Returns the gravest of them in one line."""
    first = min(violations, key=lambda each: not each.fails)
    return f"§{first.rule}: {first.message}"


def causes_only(results: list[Result]) -> list[Result]:
    """Returns the results without what may only follow from others, which is in `Result.also`."""
    found = {v.rule for r in results for v in r.violations if v.kind == "rule" and r.told}
    fewest = {
        rule: min(
            (_delivered(v) for r in results for v in r.violations if v.rule == rule), default=0
        )
        for rule in _LOSES
    }
    cleared: list[Result] = []
    for result in results:
        kept: list[Violation] = []
        also = list(result.also)
        for violation in result.violations:
            cause = _cause(violation, found, fewest)
            if cause is None:
                kept.append(violation)
            else:
                also.append(replace(violation, follows=cause))
        if len(kept) < len(result.violations):
            result = replace(result, violations=tuple(kept), also=tuple(also))
            if not kept:
                result = replace(
                    result, outcome="skipped", reason=f"it may only follow: {result.reason}"
                )
            elif result.told:
                result = replace(result, outcome=outcome_of(kept), reason=reason_of(kept))
        cleared.append(result)
    return cleared


def _cause(violation: Violation, found: set[str], fewest: dict[str, int]) -> str | None:
    """Returns the rule from whose breach the violation may only follow, going by its own trace."""
    trace = violation.trace
    remarks = [e for e in trace or () if e.rule == violation.rule and e.kind in {"missing", "note"}]
    if trace is None or not remarks:
        return None
    here = Trace(e for e in trace if e.link in {remark.link for remark in remarks})
    for cause in causes_of(violation.rule, "silence"):
        if cause in found and _shows(cause, here, violation, fewest):
            return cause
    return None


def _shows(cause: str, here: Trace, violation: Violation, fewest: dict[str, int]) -> bool:
    if cause == "1.9":
        return not here.calls("on_subscribe")
    if cause == "2.12":
        return len(here.calls("on_subscribe")) > len(here.links)
    if cause in _RAISES:
        return any(event.phase == "raise" for event in here)
    if "count_elements" in violation.script:
        return True  # it asks in each on_next, and keeps no record
    if cause == "3.2" and not any(e.inside is not None for e in here.calls("request")):
        return False
    # Who loses demand after some dozens has not lost it before.
    return len(here.calls("on_next")) >= fewest[cause]


def _delivered(violation: Violation) -> int:
    """Returns how many elements had come where something is said to be missing."""
    trace = violation.trace
    if trace is None:
        return 0
    links = {e.link for e in trace if e.rule == violation.rule}
    return sum(e.link in links for e in trace.calls("on_next"))


def _attributed(results: list[Result]) -> list[Result]:
    teller: dict[str, str] = {}
    for own in (True, False):
        for result in results:
            if not result.told:
                continue
            for violation in result.violations:
                if violation.rule not in teller and (not own or result.rule == violation.rule):
                    teller[violation.rule] = result.name
    tellers = set(teller.items())
    said: list[Result] = []
    for result in results:
        mine = [
            v for v in result.violations
            if result.rule == v.rule or (v.rule, result.name) in tellers
        ]  # fmt: skip
        if result.told and result.violations and len(mine) < len(result.violations):
            if mine:
                result = replace(result, outcome=outcome_of(mine), reason=reason_of(mine))
            else:
                other = result.violations[0]
                result = replace(
                    result, outcome="skipped",
                    reason=f"§{other.rule} is broken, as {teller[other.rule]} says: {other.message}",
                )  # fmt: skip
        said.append(result)
    return said
