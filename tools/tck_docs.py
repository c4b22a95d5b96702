"""Writes the pages on the rules and the gallery: `python tools/tck_docs.py`.

    python tools/tck_docs.py            docs/rules/*.md and docs/gallery.md
    python tools/tck_docs.py rsocket    docs/rsocket.md, where `rsocket` is installed

Tests fail while a page is not what this makes of the code.
"""

from __future__ import annotations

import importlib.util
import inspect
import logging
import re
import sys
import textwrap
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from reactive_streams.rules import RULES, Rule  # noqa: E402
from tck.broken import GALLERY, Exhibit  # noqa: E402
from tck.checks.blackbox import BLACKBOX  # noqa: E402
from tck.checks.model import Check  # noqa: E402
from tck.checks.processor import PROCESSOR, PROCESSOR_BEYOND  # noqa: E402
from tck.checks.publisher import PUBLISHER  # noqa: E402
from tck.checks.publisher_beyond import PUBLISHER_BEYOND  # noqa: E402
from tck.checks.subscriber_beyond import SUBSCRIBER_BEYOND, WHITEBOX_BEYOND  # noqa: E402
from tck.checks.whitebox import WHITEBOX  # noqa: E402
from tck.correct import CORRECT  # noqa: E402
from tck.oracle.follows import FOLLOWS  # noqa: E402
from tck.oracle.rules import looked_at  # noqa: E402
from tck.reports.report import Report  # noqa: E402
from tck.reports.results import CHAPTERS, Violation  # noqa: E402

DOCS = ROOT / "docs"
MADE = "Made from the code by `python tools/tck_docs.py`; do not edit."
SUITES = {
    "publisher": (PUBLISHER, PUBLISHER_BEYOND),
    "subscriber, blackbox": (BLACKBOX, SUBSCRIBER_BEYOND),
    "subscriber, whitebox": (WHITEBOX, WHITEBOX_BEYOND),
    "processor": (PROCESSOR, PROCESSOR_BEYOND),
}
# What the issue of the kit asks to see of rsocket, in full; the others stand in the table.
IN_FULL = ("1.11", "3.9", "3.15")


def pages() -> dict[Path, str]:
    """Return the text of each page, by its path."""
    found = {DOCS / "rules" / f"{rule.id}.md": rule_page(rule) for rule in RULES}
    return {
        **found,
        DOCS / "rules" / "README.md": index(),
        DOCS / "gallery.md": gallery(),
        DOCS / "follows.md": follows(),
    }


def rule_page(rule: Rule) -> str:
    """Return the page on one rule: what it says and why, who looks, and what breaks it."""
    place = RULES.index(rule)
    around = [
        f"[§{RULES[at].id}]({RULES[at].id}.md)"
        for at in (place - 1, place + 1)
        if 0 <= at < len(RULES)
    ]
    out = [
        f"# §{rule.id}",
        "",
        f"**{rule.level}** · binds the {' and the '.join(rule.binds)} · [all rules](README.md) · "
        + " · ".join(around),
        "",
        *_quoted(rule.statement),
        "",
        *textwrap.wrap(f"Why: {rule.intent}", 100),
        "",
        "## How the kit looks at it",
        "",
    ]
    ways = looked_at(rule.id)
    if ways:
        out += ["In every trace, whatever is being checked, and in `tck.guard`:", ""]
        out += [*(f"- {way}" for way in ways), ""]
    rows = list(check_rows(rule.id))
    if rows:
        out += ["| check | suite | kind | what it does |", "| --- | --- | --- | --- |", *rows, ""]
    if not ways and not rows:
        out += ["It cannot be seen from outside, so nothing looks at it.", ""]
    out += ["## What breaks it", ""]
    broken = [exhibit for exhibit in GALLERY if exhibit.rule == rule.id]
    if broken:
        out += [
            f"From [the gallery](../gallery.md). `python -m tck explain {rule.id}` runs the first one,",
            "and draws the signals.",
            "",
        ]
    else:
        out += ["Nothing in [the gallery](../gallery.md).", ""]
    for exhibit in broken:
        out += _exhibit(exhibit)
    return "\n".join(out).rstrip() + "\n"


def checks_of(rule_id: str) -> Iterable[tuple[str, Check]]:
    """Return the checks of a rule, each with its suite."""
    for suite, lists in SUITES.items():
        for checks in lists:
            for check in checks.all:
                if check.rule == rule_id:
                    yield suite, check


def check_rows(rule_id: str) -> Iterable[str]:
    """Return a line of the table for each check of a rule; one in several suites stands once."""
    found: dict[str, tuple[list[str], Check]] = {}
    for suite, check in checks_of(rule_id):
        found.setdefault(check.name, ([], check))[0].append(suite)
    for suites, check in found.values():
        kind = "not made" if check.kind == "untested" else check.kind
        why = _cell(check.why)
        yield f"| `{check.name}` | {'; '.join(suites)} | {kind} | {why} |"


def _exhibit(exhibit: Exhibit) -> list[str]:
    out = [f"### {exhibit.name}", "", f"A {exhibit.kind} that {_that(exhibit)}."]
    if exhibit.level == "warns":
        out[-1] += " The rule only recommends: it is warned of."
    if exhibit.follows:
        rules = ", ".join(f"[§{id_}]({id_}.md)" for id_ in exhibit.follows)
        out[-1] += f" {rules} may be broken along with it."
    out.append("")
    if exhibit.shows is not None:
        source = textwrap.dedent(inspect.getsource(exhibit.shows)).rstrip()
        # Not `python`: an excerpt does not run by itself, and the tests of the docs run what says so.
        out += ["```python3", _without_decorators(source), "```", ""]
    return out


def _that(exhibit: Exhibit) -> str:
    return _cell(exhibit.why).rstrip(".")


def _without_decorators(source: str) -> str:
    # They say where it hangs in the gallery, which the page says in words.
    return source[source.index("class ") :] if source.startswith("@") else source


def index() -> str:
    """Return the list of the rules."""
    out = ["# The 43 rules", "", MADE, "A page each: what it says, why, and what breaks it."]
    for chapter, party in CHAPTERS.items():
        out += ["", f"## {chapter}. {party}", "", "| rule | | statement |", "| --- | --- | --- |"]
        out += [
            f"| [§{rule.id}]({rule.id}.md) | {rule.level} | {_cell(rule.statement)} |"
            for rule in RULES
            if rule.id.startswith(chapter + ".")
        ]
    return "\n".join(out) + "\n"


def follows() -> str:
    """Return the table of what hides what."""
    out = [
        "# What may only follow",
        "",
        MADE,
        "Where a rule is broken, a breach of another may be no more than its consequence. Then the report",
        'lists it with its cause ("also seen, may follow from 3.8"), and no more. The table is',
        "`tck.oracle.follows.FOLLOWS`; nothing else hides anything.",
        "",
        "In the same signals: a later breach on the same link. In silence: something that is due and does",
        "not come, in any check, if the cause shows in what was recorded of it.",
    ]
    for where, head in (("signals", "In the same signals"), ("silence", "In silence")):
        out += ["", f"## {head}", "", "| cause | may follow | why |", "| --- | --- | --- |"]
        out += [
            f"| §{each.cause} | §{each.effect} | {_cell(each.reason)} |"
            for each in FOLLOWS
            if each.where == where
        ]
    return "\n".join(out) + "\n"


def gallery() -> str:
    """Return the table of the gallery."""
    out = [
        "# The gallery",
        "",
        MADE,
        f"{len(GALLERY)} wrong implementations, in `tck/gallery/broken/`, a few lines each. Of each of them",
        f"the kit names the rule that it is named after, and it finds nothing in the {len(CORRECT)} correct",
        "ones in `tck/gallery/correct/`.",
    ]
    for kind in ("publisher", "subscriber", "processor"):
        out += [
            "",
            f"## {kind.capitalize()}s",
            "",
            "| rule | name | what it does wrong | follows |",
        ]
        out += ["| --- | --- | --- | --- |"]
        out += [
            f"| [§{each.rule}](rules/{each.rule}.md) | `{each.name}` | {_cell(each.why)} | "
            f"{', '.join(f'§{id_}' for id_ in each.follows)} |"
            for each in GALLERY
            if each.kind == kind
        ]
    out += ["", "## Correct ones", "", "| kind | name | style |", "| --- | --- | --- |"]
    out += [f"| {each.kind} | `{each.name}` | {_cell(each.why)} |" for each in CORRECT]
    return "\n".join(out) + "\n"


def rsocket_report() -> Report:
    """Return what the kit finds in rsocket; it takes some seconds."""
    spec = importlib.util.spec_from_file_location(
        "verify_rsocket", ROOT / "examples" / "verify_rsocket.py"
    )
    assert spec is not None
    assert spec.loader is not None
    example = importlib.util.module_from_spec(spec)
    # rsocket logs each error that it signals.
    logger = logging.getLogger("pyrsocket")
    disabled, logger.disabled = logger.disabled, True
    try:
        spec.loader.exec_module(example)
        report: Report = example.verified()
    finally:
        logger.disabled = disabled
    return report


def rsocket_rows(report: Report) -> list[str]:
    """Return a line of the table for each rule that is broken."""
    return [
        f"| [§{found.rule}](rules/{found.rule}.md) | {_cell(found.message)} | `{found.check}` |"
        for found in report.violations
    ]


def rsocket_page(report: Report, version: str) -> str:
    """Return the published report."""
    out = [
        "# A third party: rsocket",
        "",
        "Made by `python tools/tck_docs.py rsocket`; do not edit.",
        f"What the kit says of `rsocket.streams` {version} from the package index, which ships Publishers",
        "nearly of the shape of the specification. [The example](../examples/verify_rsocket.py) adapts",
        "the one difference, `on_next(value, is_complete=True)`, and verifies them:",
        "",
        "```console",
        "$ pip install rsocket",
        "$ python examples/verify_rsocket.py",
        "```",
        "",
        f"It {report.verdict}. Of each rule, the shortest way to break it:",
        "",
        "| rule | what happens | found by |",
        "| --- | --- | --- |",
        *rsocket_rows(report),
        "",
        "What it comes to, for who uses it: demand that makes no sense is ignored in silence; a",
        "Subscriber that changes its mind before the first element gets an `AttributeError` from",
        "`cancel`; and a Publisher serves one Subscriber only, without refusing a second one, which is",
        "sent what the first has asked for.",
        "",
    ]
    for found in report.violations:
        if found.rule in IN_FULL:
            out += _in_full(found)
    return "\n".join(out).rstrip() + "\n"


def _in_full(found: Violation) -> list[str]:
    # The names of tasks count on from run to run.
    diagram = re.sub(r"(Task|Thread)-\d+", lambda m: m[1].ljust(len(m[0])), found.diagram)
    # What the rule says stands on its page.
    diagram = diagram.split("\n\n§")[0].rstrip()
    return [
        f"## §{found.rule}", "", f"{found.message}.", "",
        "```python3", found.script.strip(), "```", "", "```text", diagram, "```", "",
    ]  # fmt: skip


def _quoted(text: str) -> list[str]:
    return [f"> {line}" for line in textwrap.wrap(text, 96)]


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", r"\|")


def main(arguments: list[str]) -> None:
    """Write the pages, and say which."""
    if arguments == ["rsocket"]:
        from importlib.metadata import version

        made = {DOCS / "rsocket.md": rsocket_page(rsocket_report(), version("rsocket"))}
    else:
        made = pages()
        (DOCS / "rules").mkdir(exist_ok=True)
        for path in set((DOCS / "rules").glob("*.md")) - set(made):
            path.unlink()
    for path, text in made.items():
        path.write_text(text, encoding="utf-8")
    print(f"{len(made)} pages")


if __name__ == "__main__":
    main(sys.argv[1:])
