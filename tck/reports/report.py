"""Reports: what the checks of a component have found, and the files that it can be kept in."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tck.reports.data import FORMAT, VERSION, findings_data, parsed, read
from tck.reports.findings import Findings
from tck.reports.html import page


@dataclass(frozen=True, kw_only=True)
class Report(Findings):
    """What all checks of one component have found.

    >>> good = Result(name="spec309", rule="3.9", kind="required", outcome="passed")
    >>> report = Report(subject="mine:numbers", results=(good,), seed=0)
    >>> report.passed, report.by_rule()["3.9"], report.by_rule()["1.1"]
    (True, 'passed', 'not looked at')
    >>> Report.from_json(report.to_json()) == report
    True
    """

    def to_json(self) -> str:
        """Returns the report as JSON; of the traces, those of `violations` are kept."""
        return json.dumps(findings_data(self), indent=1, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Report:
        """Returns the report that such a text holds.

        Errors: `ValueError` that says what is wrong with it.
        """
        return _report(read(parsed(text)))

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


def save(reports: Sequence[Report], path: str | Path) -> None:
    """Writes reports to one file: `.json` as JSON, `.html` or `.htm` as a page, else as text.

    Errors: `OSError` where the file cannot be written.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix in {".html", ".htm"}:
        text = page(reports)
    elif suffix == ".json":
        data = [findings_data(report) for report in reports]
        whole = data[0] if len(data) == 1 else {
            "format": FORMAT, "version": VERSION, "reports": data,
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
    data = parsed(Path(path).read_text("utf-8"))
    if "reports" in data:
        return [_report(read(each)) for each in data["reports"]]
    return [_report(read(data))]


def _report(found: Findings) -> Report:
    return Report(subject=found.subject, results=found.results, seed=found.seed)
