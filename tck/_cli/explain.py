"""A rule explained: what it says and why, who looks at it, and an example that breaks it, run live."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable
from typing import Any

from reactive_streams.rules import Rule
from tck import verify
from tck.checks.blackbox import BLACKBOX
from tck.checks.processor import PROCESSOR, PROCESSOR_BEYOND
from tck.checks.publisher import PUBLISHER
from tck.checks.publisher_beyond import PUBLISHER_BEYOND
from tck.checks.subscriber_beyond import SUBSCRIBER_BEYOND, WHITEBOX_BEYOND
from tck.checks.whitebox import WHITEBOX
from tck.gallery.broken import GALLERY, Exhibit
from tck.reports.report import Report
from tck.settings import Settings

_ALL = (
    PUBLISHER, PUBLISHER_BEYOND, BLACKBOX, SUBSCRIBER_BEYOND, WHITEBOX, WHITEBOX_BEYOND,
    PROCESSOR, PROCESSOR_BEYOND,
)  # fmt: skip


def explain(rule: Rule) -> str:
    """Returns the rule as text, with what the kit says of an exhibit of the gallery that breaks it."""
    bound = ", ".join(rule.binds)
    parts = [f"§{rule.id}  {rule.level}  ({bound})", _filled(rule.statement), _filled(rule.intent)]
    found = {check.name: check for checks in _ALL for check in checks.all if check.rule == rule.id}
    lines = [
        f"    {check.name}" + (" (not made)" if check.kind == "untested" else "")
        for check in found.values()
    ]
    parts.append("\n".join(["Checks:", *(lines or ["    none"])]))
    exhibit = next((each for each in GALLERY if each.rule == rule.id), None)
    parts.append(
        "No example: it cannot be seen in signals." if exhibit is None else _shown(exhibit)
    )
    return "\n\n".join(parts)


def _shown(exhibit: Exhibit) -> str:
    head = f"Example: {exhibit.name}\n{_filled(exhibit.why)}"
    source = "".join(f"\n\n{textwrap.indent(text, '    ')}" for text in sources(exhibit))
    report = _run(exhibit)
    broken = next((v for v in report.violations if v.rule == exhibit.rule), None)
    if broken is None:
        return f"{head}{source}\n\nThe kit has not found it this time."
    told = f"Run now, {broken.message}"
    return f"{head}{source}\n\n{_filled(told)}\n\n{textwrap.indent(broken.diagram, '    ')}"


def sources(exhibit: Exhibit) -> list[str]:
    """Return the text of the example, and of each class of the gallery that it stands on."""
    if exhibit.shows is None:
        return []
    lineage: tuple[Any, ...] = getattr(exhibit.shows, "__mro__", (exhibit.shows,))
    ours = [each for each in lineage if each.__module__.startswith("tck.gallery")]
    return [textwrap.dedent(inspect.getsource(each)).rstrip() for each in ours]


def _run(exhibit: Exhibit) -> Report:
    settings = Settings.from_environment().but(deadline=0.2, hang=1.0, **dict(exhibit.settings))
    function: Callable[..., Report] = getattr(verify, f"verify_{exhibit.kind}")
    more: dict[str, Any] = {"settings": settings}
    if exhibit.kind == "publisher":
        more["failed"] = exhibit.failed
    if exhibit.kind == "subscriber":
        more["whitebox"] = exhibit.whitebox
    return function(exhibit.factory, **more)


def _filled(text: str) -> str:
    return textwrap.fill(text, 92, initial_indent="    ", subsequent_indent="    ")
