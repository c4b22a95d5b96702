"""The official kit over our components, and ours over a publisher of the JVM: `make tck-jvm`.

`ARGS='range as_processor(map)'` looks at some of ours only; `ARGS=--faults` puts one fault after another
into the kernel, each of which the official kit has to find. The kit and its test runner are fetched with
Maven. Where there is no JDK, no Maven or no JPype, it says so and ends well. Exit code 1: a check has
failed, a fault was not found, or our kit's alarms are not those that are known.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE)]

from machine import leave, missing, start  # noqa: E402


def say(line: str) -> None:
    """Print a line now, and not when the program ends."""
    print(line, flush=True)


def official(names: list[str]) -> int:
    """Run the official suites of those names; return how many checks failed."""
    from official import SUITES, run

    say("The official kit, 1.0.4, over our components:")
    reasons: dict[str, list[str]] = {}
    failures = 0
    for name in names or SUITES:
        began = time.perf_counter()
        found = run(name, tell=say)
        failures += len(found.failed)
        for check, reason in found.skipped.items():
            reasons.setdefault(reason, []).append(f"{name}: {check}")
        say(
            f"  {name:<24} {found.passed:>3} passed {len(found.skipped):>3} skipped "
            f"{len(found.failed):>3} failed {time.perf_counter() - began:>6.1f} s"
        )
    if reasons:
        say("\nSkipped, in the words of the official kit:")
    for reason, checks in sorted(reasons.items(), key=lambda each: -len(each[1])):
        say(f"  {len(checks):>3} x {reason}")
        say(f"        as {checks[0]}")
    return failures


def ours() -> int:
    """Run our kit over the JDK's SubmissionPublisher; return how many of its alarms are not as known."""
    from libraries import jdk
    from third_parties import look_at

    say("\nOur kit over the JDK's SubmissionPublisher:")
    strange = 0
    for found in look_at(each for each in jdk() if each.kind == "asynchronous"):
        strange += len(found.strange)
        for reading in found.known:
            kind = "warning" if reading.warning else "alarm"
            said = found.text(reading) or "not found this time: it hangs on how threads meet"
            say(f"    expected {kind}: §{reading.rule} {said}")
    return strange


def faults() -> int:
    """Put each fault into the kernel of a program of its own; return how many were not found there."""
    from faults import FAULTS

    say("Faults in the kernel, and the first check of the official kit that finds them:")
    missed = 0
    for fault in FAULTS:
        command = [sys.executable, str(HERE / "sown.py"), fault.name]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        missed += done.returncode != 0
        shown = done.stdout.partition(":")[0] if done.returncode == 0 else "NOT FOUND"
        say(f"  {fault.name:<40} {fault.suite:<20} {shown}")
    say(f"{len(FAULTS) - missed} of {len(FAULTS)} found")
    return missed


def main() -> int:
    """Return 0 where all went well, or nothing could be run; else 1."""
    parser = argparse.ArgumentParser(
        prog="tck-jvm", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "suites", nargs="*", help="which of ours, by name; all of them unless given"
    )
    parser.add_argument("--faults", action="store_true", help="put faults into the kernel instead")
    arguments = parser.parse_args()
    lacks = missing()
    if lacks:
        print(f"tck-jvm: skipped, for {lacks}")
        return 0
    if arguments.faults:
        return int(faults() > 0)
    start()
    failures = official(arguments.suites)
    if not arguments.suites:
        failures += ours()
    return int(failures > 0)


if __name__ == "__main__":
    leave(main())
