"""Which wrong components each check of the kit finds, run alone: writes docs/checks.md.

Some 4,600 runs of one check on one exhibit, in four processes: a few minutes.
"""

from __future__ import annotations

import sys
import threading
import warnings
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tck.broken import GALLERY  # noqa: E402
from tck.checks.all import WHITEBOX_CHECKS  # noqa: E402
from tck.checks.model import Check  # noqa: E402
from tck.checks.run import run_check  # noqa: E402
from tck.gallery.broken._exhibit import Exhibit  # noqa: E402
from tests.tck.judging import (  # noqa: E402
    alone_processors,
    alone_publishers,
    alone_subscribers,
)
from tests.tck.judging.alone import Found, alone  # noqa: E402
from tests.tck.judging.test_each_check import OWN, SUITES, WITHOUT, kit  # noqa: E402

PAGE = ROOT / "docs" / "checks.md"
MOST = 6
"""More checks that find the same are not named."""
KINDS = ("publisher", "subscriber", "processor")
HEAD = """\
# What each check finds

Made by `python tools/tck_checks.py`; do not edit.
Each check was run alone on each wrong component of [the gallery](gallery.md) that is of its kind: "finds"
is by how many of them it fails, with the rule that the component is named after or one that follows.

Where a check is the **only one** that finds a component, that stands in the table, and a test runs all
others on it. For most there is none in the gallery: signals that are wrong by themselves (out of turn, too
many, after the end, None) are judged in every check, whatever it is made for, and who gets as far as that
situation sees them.

Nearly every check makes a situation that no other does, or looks at more in it. There it is the only one for
a component of another kind, too: one that is right in all that it does but in that situation ("wrong only
there", and what it does there; a test makes one for each and has all checks of that situation look at it).
Where it is not, since the official kit makes one situation twice to look at the same, those who make it are
named ("the same situation as"): there is a component that they find, and no other check.

The scripts that are made up at random are left out: they find most of all this as well.
"""


def applies(check: Check, exhibit: Exhibit) -> bool:
    """Return whether the check can be made on it."""
    return not (
        check.whole is not None
        or check.name in WITHOUT
        or (exhibit.kind == "subscriber" and check in WHITEBOX_CHECKS and not exhibit.whitebox)
    )


def finders(exhibit: Exhibit) -> list[str]:
    """Return the checks that find it, each run alone."""
    checks, _ = SUITES[KINDS.index(exhibit.kind)]
    return [check.name for check in checks if applies(check, exhibit) and finds(check, exhibit)]


def finds(check: Check, exhibit: Exhibit) -> bool:
    """Return whether the check, run alone, tells of what is wrong with it."""
    result = run_check(check, kit(check, exhibit))
    known = {exhibit.rule, *exhibit.follows}
    return result.told and bool({each.rule for each in result.violations} & known)


def _quietly(name: str) -> list[str]:
    warnings.simplefilter("ignore")
    threading.excepthook = lambda _: None  # the exhibits' own threads
    return finders(next(each for each in GALLERY if each.name == name))


def _only_there(kind: str) -> dict[str, Found]:
    """Return for each check of a kind a component, wrong in one situation, that the fewest find."""
    warnings.simplefilter("ignore")
    threading.excepthook = lambda _: None
    if kind == "publisher":
        return alone(alone_publishers.CHECKS, alone_publishers.STYLES, MOST)
    if kind == "subscriber":
        return alone(alone_subscribers.CHECKS, alone_subscribers.STYLES, MOST)
    own = frozenset(check.name for check in OWN)
    every = alone_processors.CHECKS
    return alone(every, alone_processors.STYLES, MOST, of=lambda check: check.name in own)


def found_by() -> tuple[dict[str, list[str]], dict[str, dict[str, Found]]]:
    """Return the checks that find each exhibit, and what each finds that is wrong in one situation."""
    names = [each.name for each in GALLERY]
    with ProcessPoolExecutor(4) as pool:
        there = pool.map(_only_there, KINDS)
        found = dict(zip(names, pool.map(_quietly, names), strict=True))
        return found, dict(zip(KINDS, there, strict=True))


def page(found: dict[str, list[str]], there: dict[str, dict[str, Found]]) -> str:
    """Return the page on all checks."""
    kinds = {each.name: each.kind for each in GALLERY}
    out = [HEAD]
    for kind, (checks, _) in zip(KINDS, SUITES, strict=True):
        of_kind = {name: by for name, by in found.items() if kinds[name] == kind}
        title = "that only it is put through" if kind == "processor" else ""
        out += [
            f"## {kind.capitalize()}s{', ' * bool(title)}{title}", "",
            "| check | rule | finds | only it finds | else: with whom |",
            "| --- | --- | --- | --- | --- |",
            *_rows(checks, of_kind, there[kind]), "",
        ]  # fmt: skip
    return "\n".join(out).rstrip() + "\n"


def _rows(
    checks: Iterable[Check], found: dict[str, list[str]], own: dict[str, Found]
) -> Iterable[str]:
    of: dict[str, list[str]] = defaultdict(list)
    for name, by in found.items():
        for finder in by:
            of[finder].append(name)
    for check in checks:
        if check.whole is not None:
            continue
        mine = sorted(of[check.name], key=lambda name: (len(found[name]), name))
        alone_ = [name for name in mine if len(found[name]) == 1]
        why = WITHOUT.get(check.name, "")
        there = own.get(check.name)
        parts = [f"`{name}`" for name in alone_]
        if there is not None and len(there.by) == 1:
            parts.append(f"wrong only there: {there.where} ({there.what})")
        elif there is not None and not parts:
            others = " and ".join(f"`{name}`" for name in there.by if name != check.name)
            why = f"the same situation as {others}: {there.where} ({there.what})"
        only = "; ".join(parts)
        yield f"| `{check.name}` | §{check.rule} | {len(mine)} | {only} | {why} |"


if __name__ == "__main__":
    PAGE.write_text(page(*found_by()), "utf-8")
    print(f"page: {PAGE.relative_to(ROOT)}")
