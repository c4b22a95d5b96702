"""The report as a page: one file that needs nothing else, in light and in dark."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from typing import Final

from reactive_streams.rules import RULES, rule
from tck.reports.findings import Findings
from tck.reports.page import SCRIPT, STYLE
from tck.reports.results import CHAPTERS, SIGNS, Result, Status, Violation, counted

__all__ = ["page"]

_CLASS: Final = {
    "passed": "ok", "failed": "bad", "warned": "warn", "skipped": "skip", "not looked at": "none",
}  # fmt: skip
_MARKED: Final = re.compile(r"^.*&lt;-- §.*$", re.MULTILINE)


def page(reports: Sequence[Findings], title: str = "Reactive Streams conformance") -> str:
    """Returns the page: for each report its verdict, the 43 rules, the violations, and the checks."""
    passed = all(report.passed for report in reports)
    looked = any(report.results for report in reports)
    state = _CLASS["passed" if passed else "failed"] if looked else "none"
    several = len(reports) > 1
    body = [_overview(reports)] if several else []
    body += [
        _section(report, f"r{number}-", heading="h2" if several else "h1")
        for number, report in enumerate(reports, 1)
    ]
    subject = "" if several or not reports else f" — {reports[0].subject}"
    return "\n".join(
        [
            "<!DOCTYPE html>",
            f'<html lang="en" data-verdict="{state}">',
            "<head>",
            '<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            f"<title>{escape(title + subject)}</title>",
            f"<style>{STYLE}</style>",
            "</head>",
            f"<body>\n<main>\n<p class=kicker>{escape(title)}</p>",
            *body,
            (
                "<footer>43 rules of Reactive Streams 1.0.4, worded for Python. "
                "§ before a number names a rule.</footer>"
            ),
            f"</main>\n<script>{SCRIPT}</script>\n</body>\n</html>\n",
        ]
    )


def _overview(reports: Sequence[Findings]) -> str:
    broken = sum(not report.passed for report in reports)
    head = f"{broken} of {len(reports)} do not conform" if broken else f"All {len(reports)} conform"
    rows = "".join(
        f'<li class="{_verdict_class(report)}"><a href="#r{number}-top">'
        f"<span class=sign>{_verdict_sign(report)}</span> <b>{escape(report.subject)}</b></a> "
        f"<span>{escape(report.verdict)}</span></li>"
        for number, report in enumerate(reports, 1)
    )
    return f"<h1>{head}</h1>\n<ol class=overview>{rows}</ol>"


def _verdict_class(report: Findings) -> str:
    if not report.results:
        return "none"
    if not report.passed:
        return "bad"
    return "warn" if "warned" in report.by_rule().values() else "ok"


def _verdict_sign(report: Findings) -> str:
    return {"ok": "✓", "bad": "✗", "warn": "!", "none": "·"}[_verdict_class(report)]


def _section(report: Findings, prefix: str, heading: str) -> str:
    seconds = sum(result.seconds for result in report.results)
    facts = [
        ("checks", f"{len(report.results)} made or listed: {counted(report.check_counts)}"),
        ("seed", str(report.seed)),
        ("time", f"{seconds:.1f} s"),
    ]
    listed = "".join(f"<div><dt>{name}</dt><dd>{escape(text)}</dd></div>" for name, text in facts)
    return "\n".join(
        [
            f'<section class=report id="{prefix}top">',
            f'<header class="verdict {_verdict_class(report)}">',
            f"<span class=stamp aria-hidden=true>{_verdict_sign(report)}</span><div>",
            f"<{heading}>{escape(report.subject or 'the component')}</{heading}>",
            f"<p class=says>{escape(report.verdict)}</p></div></header>",
            f"<dl class=facts>{listed}</dl>",
            _matrix(report, prefix),
            _violations(report, prefix),
            _checks(report, prefix),
            "</section>",
        ]
    )


def _matrix(report: Findings, prefix: str) -> str:
    known = report.by_rule()
    found = {violation.rule for violation in report.violations}
    rows: list[str] = []
    for chapter, name in CHAPTERS.items():
        cells = "".join(
            _cell(each.id, known[each.id], prefix if each.id in found else "")
            for each in RULES
            if each.id.startswith(f"{chapter}.")
        )
        rows.append(
            f"<div class=chapter><h3><b>{chapter}</b> {name}</h3><ul class=cells>{cells}</ul></div>"
        )
    legend = "".join(
        f'<li class="{_CLASS[status]}"><span class=sign>{SIGNS[status]}</span> {count} {status}</li>'
        for status, count in report.rule_counts.items()
    )
    return (
        f"<h2>Rules</h2>\n<div class=matrix>{''.join(rows)}</div>\n<ul class=legend>{legend}</ul>"
    )


def _cell(rule_id: str, status: Status, prefix: str) -> str:
    text = f"§{rule_id} {status}: {rule(rule_id).statement}"
    inner = f"<span class=sign>{SIGNS[status]}</span><span>{rule_id}</span>"
    if prefix:
        inner = f'<a href="#{prefix}{rule_id}">{inner}</a>'
    return (
        f'<li class="cell {_CLASS[status]}" data-rule="{rule_id}" data-status="{status}" '
        f'title="{escape(text)}">{inner}</li>'
    )


def _violations(report: Findings, prefix: str) -> str:
    if not report.violations:
        return ""
    known = report.by_rule()
    cards = "\n".join(_violation(found, known[found.rule], prefix) for found in report.violations)
    return f"<h2>Violations</h2>\n{cards}"


def _violation(found: Violation, state: Status, prefix: str) -> str:
    broken = rule(found.rule)
    parts = [
        f'<article class="violation {_CLASS[state]}" id="{prefix}{escape(found.rule)}">',
        (
            f"<h3><span class=sign>{SIGNS[state]}</span> §{escape(found.rule)}"
            f"<span class=word>{'recommended, not done' if state == 'warned' else 'broken'}</span></h3>"
        ),
        f"<p class=statement>{escape(broken.statement)}</p>",
        f"<p class=message>{escape(found.message)}</p>",
        f"<p class=found>found by <code>{_breakable(found.check)}</code></p>",
    ]
    if found.script.strip():
        parts.append(f"<h4>Script</h4><pre class=script>{escape(found.script.strip())}</pre>")
    if found.diagram.strip():
        drawn = _MARKED.sub(r"<mark>\g<0></mark>", escape(found.diagram.strip("\n")))
        parts.append(f"<h4>Signals</h4><pre class=diagram>{drawn}</pre>")
    if broken.intent:
        parts.append(
            f"<details><summary>Why the rule is there</summary><p>{escape(broken.intent)}</p></details>"
        )
    return "\n".join([*parts, "</article>"])


def _checks(report: Findings, prefix: str) -> str:
    outcomes = report.check_counts
    chips = "".join(
        f'<label class="{_CLASS[outcome]}"><input type=checkbox checked value="{outcome}"> '
        f"<span class=sign>{SIGNS[outcome]}</span> {count} {outcome}</label>"
        for outcome, count in outcomes.items()
        if count
    )
    rows = "\n".join(map(_row, report.results))
    return "\n".join(
        [
            "<h2>Checks</h2>",
            f'<div class=filter data-table="{prefix}checks">',
            (
                '<input type=search placeholder="Filter: a rule such as 1.7, a word, a kind"'
                ' aria-label="Filter the checks">'
            ),
            f"{chips}<output></output></div>",
            (
                f'<div class=scroll><table id="{prefix}checks"><thead><tr><th>Rule<th>Outcome<th>Check'
                "<th>Kind<th class=number>Seconds</tr></thead>"
            ),
            f"<tbody>\n{rows}\n</tbody></table></div>",
        ]
    )


def _row(result: Result) -> str:
    state = _CLASS[result.outcome]
    reason = f"<div class=reason>{escape(result.reason)}</div>" if result.reason else ""
    suite = f"<span class=suite>{escape(result.suite)}</span>" if result.suite else ""
    return (
        f'<tr class="{state}" data-outcome="{result.outcome}"><td class=id>{escape(result.rule)}'
        f"<td class=outcome><span class=sign>{SIGNS[result.outcome]}</span> {result.outcome}"
        f"<td><code>{_breakable(result.name)}</code>{suite}{reason}"
        f"<td>{result.kind}<td class=number>{result.seconds:.2f}</tr>"
    )


def _breakable(name: str) -> str:
    # The names have up to 150 characters and no space: they may be broken behind each underscore.
    return escape(name).replace("_", "_<wbr>")
