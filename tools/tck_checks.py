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
from tests.tck.judging.alone import Situation, described, situations  # noqa: E402
from tests.tck.judging.test_each_check import SUITES, WITHOUT, kit  # noqa: E402

PAGE = ROOT / "docs" / "checks.md"
KINDS = ("publisher", "subscriber", "processor")
HEAD = """\
# What each check finds

Made by `python tools/tck_checks.py`; do not edit.
Each check was run alone on each wrong component of [the gallery](gallery.md) that is of its kind: "finds"
is by how many of them it fails, with the rule that the component is named after or one that follows.

Where a check is the **only one** that finds a component, that stands in the table, and a test runs all
others on it. Where it is not, the table names the component that the fewest others find, and one of those
others. There are two reasons why several find the same. Signals that are wrong by themselves (out of turn,
too many, after the end, None) are judged in every check, whatever it is made for: who gets as far as that
situation sees them. And the official kit, whose checks are all here under their names, makes one situation
several times over: with and without a probe inside of a Subscriber (`blackbox`), as required and as
optional, for one element and for three. What our own checks add stands below them, without such a prefix.

Many a check of a Publisher makes a situation that no other does. There it is the only one for a component
of another kind, too: one that is right in all that it does but in that situation ("wrong only there"; a test
makes one for each and has the check find it).

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


def found_by() -> dict[str, list[str]]:
    """Return the checks that find each exhibit."""
    names = [each.name for each in GALLERY]
    with ProcessPoolExecutor(4) as pool:
        return dict(zip(names, pool.map(_quietly, names), strict=True))


def page(found: dict[str, list[str]]) -> str:
    """Return the page on all checks."""
    kinds = {each.name: each.kind for each in GALLERY}
    own = situations(SUITES[0][0])
    out = [HEAD]
    for kind, (checks, _) in zip(KINDS, SUITES, strict=True):
        of_kind = {name: by for name, by in found.items() if kinds[name] == kind}
        title = "that only it is put through" if kind == "processor" else ""
        out += [
            f"## {kind.capitalize()}s{', ' * bool(title)}{title}", "",
            "| check | rule | finds | only it finds | else: with whom |",
            "| --- | --- | --- | --- | --- |",
            *_rows(checks, of_kind, own if kind == "publisher" else {}), "",
        ]  # fmt: skip
    return "\n".join(out).rstrip() + "\n"


def _rows(
    checks: Iterable[Check], found: dict[str, list[str]], own: dict[str, Situation]
) -> Iterable[str]:
    of: dict[str, list[str]] = defaultdict(list)
    for name, by in found.items():
        for finder in by:
            of[finder].append(name)
    for check in checks:
        if check.whole is not None:
            continue
        mine = sorted(of[check.name], key=lambda name: (len(found[name]), name))
        alone = [name for name in mine if len(found[name]) == 1]
        why = WITHOUT.get(check.name, "")
        there = own.get(check.name)
        if mine and not alone and there is None:
            other = next(each for each in found[mine[0]] if each != check.name)
            more = len(found[mine[0]]) - 2
            why = f"`{mine[0]}`, as does `{other}`" + f" and {more} more" * (more > 0)
        parts = [f"`{name}`" for name in alone]
        if there is not None:
            parts.append(f"wrong only there: {described(there)}")
        only = "; ".join(parts)
        yield f"| `{check.name}` | §{check.rule} | {len(mine)} | {only} | {why} |"


if __name__ == "__main__":
    PAGE.write_text(page(found_by()), "utf-8")
    print(f"page: {PAGE.relative_to(ROOT)}")
