"""Verifies right components many times over: `python tools/tck_soak.py --runs 100`.

    --runs N    how often each is verified, each time with another seed
    --busy N    how many processes keep the cores busy meanwhile
    --jobs N    how many components are verified at the same time
    NAME ...    these only; else our own threaded and asyncio components and the right publishers

Every failure and every warning is a false alarm, or a fault of ours. The exit code is 1 if there
was one.
"""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tck import Report, Settings, verify_publisher
from tck.correct import CORRECT, Exhibit
from tests.tck.own import OPERATORS, SOURCES, Own
from tests.tck.verifying import verify_operator, verify_source


def components() -> dict[str, Callable[[Settings], Report]]:
    """Return how each is verified, by its name."""
    found: dict[str, Callable[[Settings], Report]] = {}
    for verify, all_ in ((verify_source, SOURCES), (verify_operator, OPERATORS)):
        for at, own in enumerate(all_):
            if own.hops:
                found[f"{own.name}-{at}"] = partial(_own, own, verify)
    for right in CORRECT:
        if right.kind == "publisher":
            found[right.name] = partial(_right, right)
    return found


def _own(own: Own, verify: Callable[[Own, Settings], Report], settings: Settings) -> Report:
    return verify(own, settings.but(**own.declares))


def _right(right: Exhibit, settings: Settings) -> Report:
    return verify_publisher(
        right.factory, failed=right.failed, settings=settings.but(**right.settings)
    )


def soak(name: str, runs: int) -> tuple[str, list[str], float]:
    """Return the name, the alarms, and the seconds that the longest run took."""
    logging.disable()  # what the kit's Subscribers raise on purpose
    alarms: list[str] = []
    longest = 0.0
    for seed in range(runs):
        began = time.perf_counter()
        report = components()[name](Settings(seed=seed))
        longest = max(longest, time.perf_counter() - began)
        alarms += [
            f"seed {seed}: {result.outcome}: {result.name}: {result.reason}"
            for result in report.results
            if result.outcome in {"failed", "warned"}
        ]
    return name, alarms, longest


def _spin() -> None:
    while True:
        pass


def main() -> int:
    """Return 1 if there was an alarm, else 0."""
    parser = argparse.ArgumentParser(description=__doc__, add_help=True)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--busy", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("names", nargs="*", metavar="NAME")
    given = parser.parse_args()
    names: list[str] = given.names or list(components())
    if unknown := set(names) - set(components()):
        parser.error(f"{', '.join(unknown)}: not one of {', '.join(components())}")
    start = multiprocessing.get_context("spawn")
    busy = [start.Process(target=_spin, daemon=True) for _ in range(given.busy)]
    for process in busy:
        process.start()
    false = 0
    try:
        with start.Pool(given.jobs, maxtasksperchild=1) as pool:
            for done in [pool.apply_async(soak, (name, given.runs)) for name in names]:
                name, alarms, longest = done.get()
                false += len(alarms)
                print(
                    f"{name:<28} {given.runs:>4} runs {len(alarms):>3} alarms, longest {longest:.1f} s"
                )
                print(*(f"    {alarm}\n" for alarm in alarms[:3]), sep="", end="", flush=True)
    finally:
        for process in busy:
            process.kill()
    return 1 if false else 0


if __name__ == "__main__":
    sys.exit(main())
