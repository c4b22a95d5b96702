"""`python -m benchmarks [GROUP ...]`: print the table; exit code 1 where a ratio is off its limit."""

from __future__ import annotations

import argparse
import platform
import sys

from benchmarks.cases import GROUPS
from benchmarks.measure import ROUNDS, Figure, measure


def line(figure: Figure) -> str:
    """Return the row of a figure."""
    case = figure.case
    if case.better == "lower":
        found, limit = f"{figure.ratio:.2f}x", f"at most {case.limit:.2f}x"
    else:
        found, limit = f"{figure.ratio:.2f}x faster", f"at least {case.limit:.1f}x faster"
    verdict = "ok" if figure.holds else "OFF"
    return f"{case.title:<34} {found:>13}  {limit:<21} {verdict:<4} against {case.peer_name}"


def main(argv: list[str] | None = None) -> int:
    """Measure the groups named, or all; return 0 where every ratio is within its limit."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=", ".join(GROUPS))
    parser.add_argument(
        "--rounds", type=int, default=ROUNDS, help="rounds of each case (%(default)s)"
    )
    options = parser.parse_args(argv)
    unknown = [name for name in options.groups if name not in GROUPS]
    if unknown:
        parser.error(f"no group {unknown[0]!r}; there are {', '.join(GROUPS)}")
    python = f"{platform.python_implementation()} {platform.python_version()}"
    print(f"{python}; ratios within this process, best of {options.rounds} rounds each\n")
    held = True
    for name in options.groups or GROUPS:
        for case in GROUPS[name]():
            figure = measure(case, options.rounds)
            print(line(figure), flush=True)
            held = held and figure.holds
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
