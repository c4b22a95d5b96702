"""Findings as data that JSON can hold, and back."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final, cast, get_args

from tck.recording.trace import Trace
from tck.reports.findings import Findings
from tck.reports.results import CheckKind, Outcome, Result, Violation

VERSION: Final = 1
FORMAT: Final = "reactive-streams conformance report"


def findings_data(findings: Findings) -> dict[str, Any]:
    """Returns what JSON can hold of them; of the traces, those of `violations`."""
    # A trace may have tens of thousands of events; those nobody is going to look at are left out.
    kept = {id(found) for found in findings.violations}
    return {
        "format": FORMAT,
        "version": VERSION,
        "subject": findings.subject,
        "seed": findings.seed,
        "passed": findings.passed,
        "verdict": findings.verdict,
        "rules": findings.by_rule(),
        "checks": findings.check_counts,
        "results": [
            {
                "suite": result.suite,
                "name": result.name,
                "rule": result.rule,
                "kind": result.kind,
                "outcome": result.outcome,
                "reason": result.reason,
                "seconds": result.seconds,
                "violations": [
                    _violation_data(found, traced=id(found) in kept) for found in result.violations
                ],
                "also": [_violation_data(found, traced=False) for found in result.also],
            }
            for result in findings.results
        ],
    }


def _violation_data(found: Violation, *, traced: bool) -> dict[str, Any]:
    data: dict[str, Any] = {
        "rule": found.rule,
        "check": found.check,
        "message": found.message,
        "script": found.script,
        "diagram": found.diagram,
        "kind": found.kind,
        "level": found.level,
        "follows": found.follows,
    }
    if traced and found.trace is not None:
        data["trace"] = [json.loads(line) for line in found.trace.to_lines()]
    return data


def parsed(text: str) -> dict[str, Any]:
    """Returns the object that a text in JSON holds.

    Errors: `ValueError` that says what is wrong with it.
    """
    try:
        data: object = json.loads(text)
    except ValueError as error:
        raise ValueError(f"this is no JSON: {error}") from None
    if not isinstance(data, dict):
        raise ValueError(f"this is no {FORMAT}, but a {type(data).__name__}")  # noqa: TRY004
    return cast("dict[str, Any]", data)


def read(data: dict[str, Any]) -> Findings:
    """Returns the findings that were made such data.

    Errors: `ValueError` that says what is wrong with it.
    """
    if data.get("format") != FORMAT:
        raise ValueError(f"this is no {FORMAT}: its format is {data.get('format')!r}")
    if data.get("version") != VERSION:
        raise ValueError(f"version {data.get('version')!r} cannot be read: known is {VERSION}")
    try:
        return Findings(
            subject=data["subject"],
            seed=data["seed"],
            results=tuple(map(_read_result, data["results"])),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a whole report: {type(error).__name__}: {error}") from None


def _read_violation(data: dict[str, Any]) -> Violation:
    fields: dict[str, Any] = {**data, "trace": _read_trace(data.get("trace"))}
    return Violation(**fields)


def _read_result(data: dict[str, Any]) -> Result:
    found = tuple(map(_read_violation, data["violations"]))
    also = tuple(map(_read_violation, data.get("also", ())))
    fields: dict[str, Any] = {**data, "violations": found, "also": also}
    result = Result(**fields)
    if result.outcome not in get_args(Outcome) or result.kind not in get_args(CheckKind):
        raise ValueError(f"{result.name}: {result.kind} and {result.outcome} are not known")
    return result


def _read_trace(events: Iterable[object] | None) -> Trace | None:
    return None if events is None else Trace.from_lines(json.dumps(event) for event in events)
