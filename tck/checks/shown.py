"""A breach as a report shows it: in words, as a script, and as a diagram."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from tck.checks.causes import level_of
from tck.recording.breach import Breach
from tck.recording.diagram import diagram
from tck.recording.trace import Trace
from tck.reports.results import Violation
from tck.scripts.script import Script
from tck.settings import Settings

_MEETING: Final = frozenset({"1.3", "2.7"})
"""Rules that are broken where two threads meet."""
_LONGEST: Final = 30
_REMARKS: Final = frozenset({"missing", "hung", "note"})


def shown(
    breach: Breach, script: Script, trace: Trace, check: str, subject: str, settings: Settings
) -> Violation:
    """Returns the violation; `subject` is where the factory is, as for `Script.snippet`."""
    if _by_chance(breach, script):
        script = replace(script, until=breach.rule)
    return Violation(
        rule=breach.rule,
        check=check,
        message=f"{_where(breach, trace)}: {breach.told}",
        script=script.snippet(subject),
        diagram=diagram(trace, [breach], explained=False),
        trace=trace,
        kind=breach.kind,
        level=level_of(breach, strict_python=settings.strict_python),
        follows=breach.follows,
    )


def _where(breach: Breach, trace: Trace) -> str:
    """Returns at which signal it happened, by its number in the diagram."""
    event = breach.event
    if event.kind not in _REMARKS:
        return f"at signal {event.seq}"
    if event.began != event.seq:
        return f"at signal {event.began}"
    before = [
        e for e in trace if e.seq < event.seq and e.phase == "enter" and e.kind not in _REMARKS
    ]
    last = next((e for e in reversed(before) if e.link == event.link), None)
    if last is None:
        return "among signals too many to be numbered"
    label = last.label if len(last.label) <= _LONGEST else f"{last.kind}(...)"
    return f"after signal {last.seq}, {label}"


def _by_chance(breach: Breach, script: Script) -> bool:
    """Returns whether another run may come out otherwise, since threads of others are part of it."""
    if breach.event.kind == "missing" and not any(a.name == "together" for a in script.actions):
        return False
    return (
        breach.rule in _MEETING
        or any(action.name in {"together", "deliver_while_asked"} for action in script.actions)
        or (breach.event.kind not in _REMARKS and not breach.event.thread.startswith("tck-"))
    )
