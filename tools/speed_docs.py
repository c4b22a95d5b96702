"""Measures the operators by every way to consume them, for docs/speed.md.

    python tools/speed_docs.py              all of them
    python tools/speed_docs.py NAME ...     these, and keep what the page says of the others

It takes some minutes. What counts is the time of the processor, the best of several rounds, so that a
busy machine does no harm; `make bench` holds the same operators to their limits. Needs what that does.
"""

from __future__ import annotations

import gc
import platform
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.combining import COMBINED  # noqa: E402
from benchmarks.matrix import matrix  # noqa: E402
from benchmarks.measure import Case  # noqa: E402
from benchmarks.reasons import BY_WAY, REACTIVEX  # noqa: E402
from benchmarks.sharing import GROUPED, SHARED  # noqa: E402
from benchmarks.steps import STEPS  # noqa: E402
from benchmarks.timing import HELD, MANY, PASSING  # noqa: E402

PAGE = ROOT / "docs" / "speed.md"
TABLES = {
    "Items, results and errors": STEPS,
    "Time": {**PASSING, **HELD},
    "Several flows": COMBINED,
    "One flow for several": SHARED,
    "Flows of flows": GROUPED,
}
WAYS = ("UNBOUNDED", "request(1)", "request(256)", "for", "async for")
ROUNDS = 5
FASTER = 2.0
DEARER = 5.0
_TEXT = f"""
# Speed

What an operator costs by each way to consume it, in times of what the cheapest way costs, and how many
times faster than the same operator of reactivex it is, with unbounded demand. Ratios of processor time in
one process, best of {ROUNDS} rounds over {MANY:,} items, on a machine that does other things as well: a fifth
more or less says nothing. Measured by `python tools/speed_docs.py`; `make bench` holds them to limits.

An operator is to be at least {FASTER:g} times as fast as that of reactivex, which has no demand and no bound,
and no way of its own over {DEARER:g} times as dear as another. Where one is not, the last column says why.
""".strip()


def _best(run: Callable[[], object]) -> float:
    gc.collect()
    best = float("inf")
    for _ in range(ROUNDS):
        before = time.process_time()
        run()
        best = min(best, time.process_time() - before)
    return best


def _measured(cases: list[Case]) -> tuple[dict[str, float], float | None]:
    """Return the seconds that each way takes, and those of the peer where there is one."""
    ways = {case.title.rpartition(", ")[2]: _best(case.ours) for case in cases}
    first, last = cases[0], cases[-1]
    if "UNBOUNDED" in ways:
        return ways, _best(first.peer)
    return {**ways, "UNBOUNDED": _best(last.peer)}, None


def row(name: str, ways: dict[str, float], peer: float | None) -> str:
    """Return the row of an operator, from the seconds that each way takes, and the peer."""
    best = min(ways.values())
    faster = None if peer is None else peer / ways["UNBOUNDED"]
    figures = [f"{ways[way] / best:.1f}" for way in WAYS]
    against = "" if faster is None else f"{faster:.{1 if faster >= 0.1 else 2}f}x"
    cells = [name, *figures, against, why(name, figures, faster)]
    return f"| {' | '.join(cells)} |"


def why(name: str, figures: list[str], faster: float | None) -> str:
    """Return the reasons for what is over a limit; raises LookupError where there is none."""
    reasons = []
    if faster is not None and round(faster, 1) < FASTER:
        reasons.append(_reason(name, "reactivex", REACTIVEX))
    if max(map(float, figures)) > DEARER:
        reasons.append(_reason(name, "another way", BY_WAY))
    return "; ".join(dict.fromkeys(reasons))


def _reason(name: str, against: str, reasons: dict[str, str]) -> str:
    if name not in reasons:
        raise LookupError(f"{name}: slow against {against}; say why in benchmarks/reasons.py")
    return reasons[name]


def _kept(names: list[str]) -> dict[str, str]:
    """Return the rows of the page that are to stay, by operator."""
    if not names:
        return {}
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    rows = {line.split(" | ")[0].removeprefix("| "): line for line in lines if line[:2] == "| "}
    return {name: line for name, line in rows.items() if name not in names}


def _rows(names: list[str]) -> Iterator[str]:
    kept = _kept(names)
    for title, table in TABLES.items():
        yield f"\n## {title}\n"
        yield f"| | {' | '.join(f'`{way}`' for way in WAYS)} | reactivex | |"
        yield f"| --- | {' | '.join('---' for _ in WAYS)} | --- | --- |"
        for name, entry in table.items():
            yield kept.get(name) or row(name, *_measured(matrix({name: entry}, MANY)))


def main() -> int:
    """Measure what the command line names, or all, and write the page; return 0."""
    lines = [_TEXT, *_rows(sys.argv[1:])]
    lines.append(f"\n{platform.python_implementation()} {platform.python_version()}")
    PAGE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
