"""Our kit over publishers that others have written for the JVM: `make tck-third-parties`.

It verifies four kinds of Publisher of each library, holds what it finds against what is known of them
(`readings.py`), and writes docs/third-parties.md. Exit code 1: an alarm that is not known, or one that is
known and was not raised. `ARGS='RxJava Pekko'` looks at some only. Each library has a process of its own:
what one has left running in its machine, or a machine that crashes, is no matter of the next.
"""

from __future__ import annotations

import argparse
import gc
import json
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT), str(HERE)]

from machine import BUILD, leave, missing, start  # noqa: E402
from readings import HEAD, READINGS, Reading  # noqa: E402

PAGE = ROOT / "docs" / "third-parties.md"
STORED: Path = BUILD / "found"
"""What was found last of each, for the page, when only some are looked at."""


@dataclass(frozen=True)
class Found:
    """What our kit says of one kind of Publisher: by rule, its alarms and its warnings, in its words."""

    library: str
    kind: str
    code: str
    declares: dict[str, Any]
    checks: int
    alarms: dict[str, str]
    warnings: dict[str, str]

    @property
    def known(self) -> list[Reading]:
        """What is known of it."""
        return [r for r in READINGS if self.library.startswith(r.library) and self.kind in r.kinds]

    @property
    def strange(self) -> list[str]:
        """What is not known, and what is known and was not found."""
        known = {(reading.rule, reading.warning) for reading in self.known}
        chance = {(reading.rule, reading.warning) for reading in self.known if reading.by_chance}
        found = {(rule, False): text for rule, text in self.alarms.items()}
        found |= {(rule, True): text for rule, text in self.warnings.items()}
        return [
            *(
                f"not known: {'warning, ' * warning}§{rule} {text}"
                for (rule, warning), text in found.items()
                if (rule, warning) not in known
            ),
            *(f"not found: §{rule}" for rule, warning in sorted(known - chance - found.keys())),
        ]

    def text(self, reading: Reading) -> str:
        """What the kit says of what that reading is about."""
        return (self.warnings if reading.warning else self.alarms).get(reading.rule, "")


def _settings(foreign: Any) -> Any:
    import tck

    # Two collectors take longer than one to see that a reference is dropped (§3.13).
    declares = {"non_int": "cannot cross", "deadline": 5.0, **foreign.declares}
    return tck.Settings(**declares)


def look(foreign: Any) -> Found:
    """Return what our kit says of it."""
    import tck

    settings = _settings(foreign)
    report = tck.verify_publisher(
        foreign.publisher, failed=foreign.failed, settings=settings, subject=foreign.name
    )
    alarms: dict[str, str] = {}
    warnings: dict[str, str] = {}
    for violation in report.violations:
        if not violation.follows:
            told = alarms if violation.fails else warnings
            told[violation.rule] = violation.message
    if "3.13" in alarms and not _still_held(foreign):
        del alarms["3.13"]
    return Found(
        foreign.library, foreign.kind, foreign.code, foreign.declares,
        sum(result.outcome == "passed" for result in report.results), alarms, warnings,
    )  # fmt: skip


def _still_held(foreign: Any) -> bool:
    """Whether a reference is kept in a fresh program too, where no stream of before still runs."""
    command = [sys.executable, __file__, "--held", foreign.name]
    return subprocess.run(command, timeout=300, check=False).returncode == 0


def held(foreign: Any, settings: Any) -> bool:
    """Whether a reference is found to be kept, three times in a row."""
    from tck.checks.all import PUBLISHER_CHECKS
    from tck.checks.publisher_kit import PublisherKit
    from tck.checks.run import run_check

    check = next(each for each in PUBLISHER_CHECKS if "required_spec313" in each.name)
    with collecting():
        return all(
            run_check(check, lambda: PublisherKit(foreign.publisher, None, settings)).outcome
            != "passed"
            for _ in range(3)
        )


def look_at(wanted: Iterable[Any]) -> Iterator[Found]:
    """Yield what is found of each, and print it."""
    with collecting():
        for foreign in wanted:
            began = time.perf_counter()
            found = look(foreign)
            STORED.mkdir(parents=True, exist_ok=True)
            _stored(foreign).write_text(json.dumps(asdict(found)), "utf-8")
            rules = ", ".join(
                [*(f"§{rule}" for rule in found.alarms), *(f"(§{rule})" for rule in found.warnings)]
            )
            took = time.perf_counter() - began
            print(
                f"  {foreign.name:<32} {found.checks:>3} passed {took:>6.1f} s  {rules}", flush=True
            )
            for line in found.strange:
                print(f"    {line}", flush=True)
            yield found


@contextmanager
def collecting() -> Iterator[None]:
    """Have Java's collector run with Python's full one, for a reference may be on either heap (§3.13)."""
    from jpype import JClass

    system = JClass("java.lang.System")
    JClass("Bridge").hush()

    def collect(phase: str, info: dict[str, int]) -> None:
        if phase == "start" and info["generation"] == 2:
            system.gc()

    gc.callbacks.append(collect)
    try:
        yield
    finally:
        gc.callbacks.remove(collect)


def page(found: list[Found]) -> str:
    """Return the page on all of them."""
    lines = [HEAD]
    lines += [
        "| library | kind | as written in Java | declared | alarms | warnings |",
        "|---|---|---|---|---|---|",
    ]
    for each in found:
        declared = ", ".join(f"`{name}={value}`" for name, value in each.declares.items())
        lines.append(
            f"| {each.library} | {each.kind} | `{each.code}` | {declared} | {_rules(each.alarms)} "
            f"| {_rules(each.warnings)} |"
        )
    lines += ["", "## What was found, and how we read it"]
    for reading in READINGS:
        heard = [each for each in found if reading in each.known and each.text(reading)]
        if not heard:
            continue
        kind = "Warned of" if reading.warning else "Raised for"
        lines += [
            "", f"### {reading.library}, §{reading.rule}", "",
            f"{kind}: {', '.join(each.kind for each in heard)}. In the words of the kit:", "",
            f"> {heard[0].text(reading)}", "",
            reading.text,
        ]  # fmt: skip
    return "\n".join([*lines, ""])


def _rules(found: dict[str, str]) -> str:
    return ", ".join(f"[§{rule}](rules/{rule}.md)" for rule in sorted(found)) or "none"


def _stored(foreign: Any) -> Path:
    return STORED / f"{foreign.name.replace(' ', '_')}.json"


def _apart(library: str, names: list[str]) -> int:
    """Return the exit code of a process that looks at one library."""
    command = [sys.executable, __file__, "--here", library, *names]
    code = subprocess.run(command, check=False).returncode
    if code not in (0, 1):
        print(f"  {library}: the process has ended with code {code}", flush=True)
    return code


def main() -> int:
    """Return 0 where what is found is what is known, or nothing could be run; else 1."""
    parser = argparse.ArgumentParser(prog="tck-third-parties", description=__doc__)
    parser.add_argument("names", nargs="*", help="a part of the names of those to look at")
    parser.add_argument("--held", metavar="NAME", help=argparse.SUPPRESS)
    parser.add_argument("--here", metavar="LIBRARY", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    names = arguments.names
    lacks = missing()
    if lacks:
        print(f"tck-third-parties: skipped, for {lacks}")
        return 0
    start()
    from libraries import everybody

    foreign = list(everybody())
    if arguments.held is not None:
        one = next(each for each in foreign if each.name == arguments.held)
        return int(not held(one, _settings(one)))
    wanted = [each for each in foreign if not names or any(name in each.name for name in names)]
    if arguments.here is not None:
        theirs = (each for each in wanted if each.library == arguments.here)
        return int(sum(len(found.strange) for found in look_at(theirs)) > 0)
    print("Our kit over publishers of the JVM:", flush=True)
    codes = [_apart(library, names) for library in dict.fromkeys(each.library for each in wanted)]
    files = [_stored(each) for each in foreign]
    if all(file.is_file() for file in files):
        found = [Found(**json.loads(file.read_text("utf-8"))) for file in files]
        PAGE.write_text(page(found), "utf-8")
        print(f"page: {PAGE.relative_to(ROOT)}")
    return int(any(codes))


if __name__ == "__main__":
    leave(main())
