"""Reports: what the checks of a component have found, as data, as text and as JSON."""

from __future__ import annotations

import json
import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, cast, get_args

from reactive_streams.rules import RULES, rule
from tck.checks.model import CheckKind
from tck.trace import Trace

__all__ = [
    "CHAPTERS",
    "SIGNS",
    "CheckKind",
    "Outcome",
    "Report",
    "Result",
    "Status",
    "Violation",
    "combined",
    "counted",
    "load",
    "save",
]

Outcome: TypeAlias = Literal["passed", "failed", "skipped", "warned"]
"""warned: only what is recommended was not done."""

Status: TypeAlias = Literal["passed", "failed", "warned", "skipped", "not looked at"]
"""What is known of a rule; skipped: its checks could not be made."""

STATUSES: Final[tuple[Status, ...]] = get_args(Status)
SIGNS: Final[Mapping[Status, str]] = {
    "passed": "✓", "failed": "✗", "warned": "!", "skipped": "-", "not looked at": "·",
}  # fmt: skip
CHAPTERS: Final[Mapping[str, str]] = {
    "1": "Publisher", "2": "Subscriber", "3": "Subscription", "4": "Processor",
}  # fmt: skip
VERSION: Final = 1
_FORMAT: Final = "reactive-streams conformance report"
_WORST: Final[tuple[Outcome, ...]] = ("failed", "warned", "passed", "skipped")


@dataclass(frozen=True, kw_only=True)
class Violation:
    """A rule that was broken, and how to see it."""

    rule: str
    """Its id, such as "1.7"."""
    check: str
    """The name of the check that found it."""
    message: str
    """What happened, in plain words."""
    script: str = ""
    """A runnable Python snippet that shows it."""
    diagram: str = ""
    """The signals of that script, time down, with what broke the rule marked."""
    trace: Trace | None = None

    @property
    def mandatory(self) -> bool:
        """Whether the rule says MUST; one that only recommends is warned of."""
        return rule(self.rule).mandatory

    def __str__(self) -> str:
        sign = SIGNS["failed" if self.mandatory else "warned"]
        head = textwrap.fill(f"{sign} §{self.rule} {rule(self.rule).statement}", 96)
        parts = [f"{self.message}\n(found by {self.check})", self.script, self.diagram]
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

    @property
    def says(self) -> Outcome:
        """What it says about its own rule: a check that another rule's breach has ended says nothing."""
        if self.outcome in {"failed", "warned"} and self.violations:
            return self.severity(self.rule) or "skipped"
        if self.reason.startswith("§") and not self.reason.startswith(f"§{self.rule}:"):
            return (
                "skipped"  # the violation was left out, as a consequence of another rule's breach
            )
        return self.outcome

    def severity(self, rule_id: str) -> Literal["failed", "warned"] | None:
        """Returns how grave it is that it found this rule broken; None where it has not."""
        if self.outcome not in {"failed", "warned"}:
            return None
        found = {violation.rule: violation.mandatory for violation in self.violations}
        if rule_id not in found:
            return None
        # A failure with nothing mandatory in it is one of what is only recommended: a call that hangs.
        grave = self.outcome == "failed" and (found[rule_id] or not any(found.values()))
        return "failed" if grave else "warned"


@dataclass(frozen=True, kw_only=True)
class Report:
    """What all checks of one component have found.

    >>> good = Result(name="spec309", rule="3.9", kind="required", outcome="passed")
    >>> report = Report(subject="mine:numbers", results=(good,), seed=0)
    >>> report.passed, report.by_rule()["3.9"], report.by_rule()["1.1"]
    (True, 'passed', 'not looked at')
    >>> Report.from_json(report.to_json()) == report
    True
    """

    subject: str
    results: tuple[Result, ...]
    seed: int = 0

    @property
    def passed(self) -> bool:
        """Whether no check has failed; a warning is no failure."""
        return all(result.outcome != "failed" for result in self.results)

    @property
    def violations(self) -> tuple[Violation, ...]:
        """What was broken, in the order of the rules: for each the one with the shortest script.

        Rules that only recommend are among them: `Violation.mandatory` tells.
        """
        best: dict[str, Violation] = {}
        for result in self.results:
            if result.outcome in {"failed", "warned"}:
                for found in result.violations:
                    if found.rule not in best or _length(found) < _length(best[found.rule]):
                        best[found.rule] = found
        return tuple(sorted(best.values(), key=lambda found: _place(found.rule)))

    def by_rule(self) -> dict[str, Status]:
        """Returns what is known of each of the 43 rules, by id, in their order."""
        said: dict[str, set[Outcome]] = {}
        for result in self.results:
            said.setdefault(result.rule, set()).add(result.says)
            for found in result.violations:
                if (severity := result.severity(found.rule)) is not None:
                    said.setdefault(found.rule, set()).add(severity)
        known: dict[str, Status] = {}
        for each in RULES:
            outcomes = said.get(each.id, set())
            worst: Status = "not looked at"
            for outcome in _WORST:
                if outcome in outcomes:
                    worst = outcome
                    break
            known[each.id] = worst
        return known

    @property
    def rule_counts(self) -> dict[Status, int]:
        """How many rules have each status; together they are 43."""
        counts = Counter(self.by_rule().values())
        return {status: counts[status] for status in STATUSES}

    @property
    def check_counts(self) -> dict[Outcome, int]:
        """How many checks had each outcome."""
        counts = Counter(result.outcome for result in self.results)
        return {outcome: counts[outcome] for outcome in get_args(Outcome)}

    @property
    def verdict(self) -> str:
        """What it comes to, in a few words."""
        if not self.results:
            return "has not been looked at"
        broken = sum(status == "failed" for status in self.by_rule().values())
        warned = sum(status == "warned" for status in self.by_rule().values())
        warnings = f"{warned} warning{'s' * (warned != 1)}"
        if self.passed:
            return f"conforms, with {warnings}" if warned else "conforms"
        if not broken:  # it could not even be made, say
            return "does not conform"
        text = f"does not conform: {broken} rule{'s' * (broken != 1)} broken"
        return f"{text}, {warnings}" if warned else text

    def matrix(self) -> str:
        """Returns a screen of text: every rule with its status, in columns, and counts."""
        known = self.by_rule()
        chapters = {
            chapter: [f"{chapter}. {name}"]
            + [_cell(id_, status) for id_, status in known.items() if id_[0] == chapter]
            for chapter, name in CHAPTERS.items()
        }
        # Processors have two rules, which find room below the shortest column.
        columns = [[*chapters["1"], "", *chapters["4"]], chapters["2"], chapters["3"]]
        rows = zip_longest(*columns, fillvalue="")
        lines = ["".join(f"{cell:<24}" for cell in row).rstrip() for row in rows]
        return "\n".join([*lines, "", self.counts()])

    def counts(self) -> str:
        """Returns two lines: how many rules, and how many checks, came out how."""
        rules = counted(self.rule_counts)
        checks = counted(self.check_counts)
        return f"{len(RULES)} rules: {rules}\n{len(self.results)} checks: {checks}"

    def summary(self) -> str:
        """Returns the whole report as text: verdict, matrix, and each violation with its script."""
        parts = [f"{self.subject or 'the component'} {self.verdict}", self.matrix()]
        parts += [str(found) for found in self.violations]
        silent = [r for r in self.results if r.outcome == "failed" and not r.violations]
        parts += [f"{result.name} (§{result.rule}) failed: {result.reason}" for result in silent]
        return "\n\n".join([*parts, f"seed {self.seed}"])

    def __str__(self) -> str:
        return self.summary()

    def to_json(self) -> str:
        """Returns the report as JSON; of the traces, those of `violations` are kept."""
        return json.dumps(_report_data(self), indent=1, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Report:
        """Returns the report that such a text holds.

        Errors: `ValueError` that says what is wrong with it.
        """
        return _read_report(_parsed(text))

    def save(self, path: str | Path) -> None:
        """Writes the report to a file: `.json` as JSON, `.html` as a page, else as text.

        Errors: `OSError` where the file cannot be written.
        """
        save([self], path)


def combined(reports: Sequence[Report], subject: str = "") -> Report:
    """Returns the results of several reports as those of one, where a rule broken once is broken."""
    if len(reports) == 1 and not subject:
        return reports[0]
    return Report(
        subject=subject or f"{len(reports)} components",
        results=tuple(result for report in reports for result in report.results),
        seed=reports[0].seed if reports else 0,
    )


def counted(counts: Mapping[Any, int]) -> str:
    """Returns counts as text: `3 passed, 1 failed`; what there is none of is left out.

    >>> counted({"passed": 3, "failed": 0, "skipped": 1})
    '3 passed, 1 skipped'
    """
    return ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "none"


def save(reports: Sequence[Report], path: str | Path) -> None:
    """Writes reports to one file: `.json` as JSON, `.html` or `.htm` as a page, else as text.

    Errors: `OSError` where the file cannot be written.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix in {".html", ".htm"}:
        from tck.html import page

        text = page(reports)
    elif suffix == ".json":
        data = [_report_data(report) for report in reports]
        whole = data[0] if len(data) == 1 else {
            "format": _FORMAT, "version": VERSION, "reports": data,
        }  # fmt: skip
        text = json.dumps(whole, indent=1, ensure_ascii=False) + "\n"
    else:
        text = "\n\n\n".join(report.summary() for report in reports) + "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def load(path: str | Path) -> list[Report]:
    """Returns the reports that a JSON file holds, which `save` has written.

    Errors: `ValueError` that says what is wrong with it; `OSError` where it cannot be read.
    """
    data = _parsed(Path(path).read_text("utf-8"))
    if "reports" in data:
        return [_read_report(each) for each in data["reports"]]
    return [_read_report(data)]


def _report_data(report: Report) -> dict[str, Any]:
    # A trace may have tens of thousands of events; those nobody is going to look at are left out.
    kept = {id(found) for found in report.violations}
    return {
        "format": _FORMAT,
        "version": VERSION,
        "subject": report.subject,
        "seed": report.seed,
        "passed": report.passed,
        "verdict": report.verdict,
        "rules": report.by_rule(),
        "checks": report.check_counts,
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
            }
            for result in report.results
        ],
    }


def _violation_data(found: Violation, *, traced: bool) -> dict[str, Any]:
    data: dict[str, Any] = {
        "rule": found.rule,
        "check": found.check,
        "message": found.message,
        "script": found.script,
        "diagram": found.diagram,
    }
    if traced and found.trace is not None:
        data["trace"] = [json.loads(line) for line in found.trace.to_lines()]
    return data


def _parsed(text: str) -> dict[str, Any]:
    try:
        data: object = json.loads(text)
    except ValueError as error:
        raise ValueError(f"this is no JSON: {error}") from None
    if not isinstance(data, dict):
        raise ValueError(f"this is no {_FORMAT}, but a {type(data).__name__}")  # noqa: TRY004
    return cast("dict[str, Any]", data)


def _read_report(data: dict[str, Any]) -> Report:
    if data.get("format") != _FORMAT:
        raise ValueError(f"this is no {_FORMAT}: its format is {data.get('format')!r}")
    if data.get("version") != VERSION:
        raise ValueError(f"version {data.get('version')!r} cannot be read: known is {VERSION}")
    try:
        return Report(
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
    fields: dict[str, Any] = {**data, "violations": found}
    result = Result(**fields)
    if result.outcome not in get_args(Outcome) or result.kind not in get_args(CheckKind):
        raise ValueError(f"{result.name}: {result.kind} and {result.outcome} are not known")
    return result


def _read_trace(events: Iterable[object] | None) -> Trace | None:
    return None if events is None else Trace.from_lines(json.dumps(event) for event in events)


def _cell(rule_id: str, status: Status) -> str:
    return f"{SIGNS[status]} {rule_id:<5}{status}"


def _place(rule_id: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdigit() else 99 for part in rule_id.split("."))


def _length(found: Violation) -> tuple[int, int, int, int]:
    # None at all is not shorter than one that can be run; and one that only counts shows little.
    counts = "count_elements" in found.script
    return (not found.script, counts, found.script.count("\n"), len(found.script))
