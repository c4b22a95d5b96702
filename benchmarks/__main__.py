"""`python -m benchmarks [GROUP ...]`: print the table; exit code 1 where a figure is off its limit."""

from __future__ import annotations

import argparse
import platform
import sys

from benchmarks.cases import GROUPS, ON_REQUEST
from benchmarks.measure import QUIET_CALL, ROUNDS, Case, Figure, measure

_HEAD = f"{'':<44} {'ns an item':>10} {'peer':>8}  {'found':>13}  {'limit':<21}      against"


def line(figure: Figure) -> str:
    """Return the row of a figure."""
    case = figure.case
    limit = str(case.limit)
    verdict = "" if not limit else "ok" if figure.holds else "OFF"
    return (
        f"{case.title:<44} {figure.ours * 1e9:>10,.0f} {figure.peer * 1e9:>8,.0f}  "
        f"{figure.found:>13}  {limit:<21} {verdict:<4} {case.peer_name}"
    )


def failed(case: Case, error: Exception) -> str:
    """Return the row of a case that could not be measured."""
    return f"{case.title:<44} OFF: {type(error).__name__}: {error}".partition("\n")[0]


def main(argv: list[str] | None = None) -> int:
    """Measure the groups named, or all without a server; return 0 where every figure is within its limit."""
    groups = {**GROUPS, **ON_REQUEST}
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=", ".join(groups))
    parser.add_argument(
        "--rounds", type=int, default=ROUNDS, help="rounds of each case (%(default)s)"
    )
    parser.add_argument("--only", default="", metavar="TEXT", help="rows whose title has this text")
    options = parser.parse_args(argv)
    unknown = [name for name in options.groups if name not in groups]
    if unknown:
        parser.error(f"no group {unknown[0]!r}; there are {', '.join(groups)}")
    python = f"{platform.python_implementation()} {platform.python_version()}"
    print(f"{python}; ratios within this process, best of {options.rounds} rounds each;")
    print(f"limits in us are of a machine that calls a function in {QUIET_CALL * 1e9:.0f} ns")
    off = 0
    best_call = float("inf")
    for name in options.groups or GROUPS:
        print(f"\n{name}\n{_HEAD}")
        for case in groups[name]():
            if options.only not in case.title:
                continue
            try:
                figure = measure(case, options.rounds)
            except Exception as error:  # the rows after it count all the same
                print(failed(case, error), flush=True)
                off += 1
                continue
            best_call = min(best_call, figure.call)
            print(line(figure), flush=True)
            off += not figure.holds
    print(f"\na function call took {best_call * 1e9:.0f} ns; {off} rows are OFF")
    return 1 if off else 0


if __name__ == "__main__":
    sys.exit(main())
