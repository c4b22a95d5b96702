"""Changes our own modules a little, one place at a time, and lists what no test notices: `make mutation`.

    python tools/mutation.py                  the modules of tools/mutation.toml, all of them
    python tools/mutation.py demand sources   those whose path contains one of these
    --jobs N                                  how many are worked on at the same time
    --page                                    only write docs/mutation.md, of what is in the list

The mutants are cosmic-ray's, without those that `make check` is there for: of annotations, of
decorators, and of `is` for `==`. Everything happens in copies of the tree. A mutant that survives is
to be explained in tools/mutation.toml, by the function and the change; the exit code is 1 while one
is not.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PLAN = ROOT / "tools" / "mutation.toml"
PAGE = ROOT / "docs" / "mutation.md"
SECONDS = 90.0
"""Tests that take longer hang, which is noticed."""
EACH_TEST = 10
CONFIG = """
[cosmic-ray]
module-path = {module}
timeout = {seconds}
excluded-modules = []
test-command = {command}
[cosmic-ray.distributor]
name = "local"
[cosmic-ray.filters.operators-filter]
exclude-operators = [
    "core/ReplaceBinaryOperator_BitOr_.*",
    "core/RemoveDecorator",
    "core/ReplaceComparisonOperator_(Eq|NotEq|Lt|LtE|Gt|GtE)_Is(Not)?",
    "core/ReplaceComparisonOperator_Is(Not)?_(Eq|NotEq)",
]
"""


@dataclass(frozen=True)
class Survivor:
    """A mutant that no test has noticed."""

    function: str
    change: str
    line: int
    why: str
    """What it is explained with; "" where nobody has done so."""


@dataclass(frozen=True)
class Outcome:
    """What has become of a module's mutants."""

    module: str
    mutants: int
    survivors: tuple[Survivor, ...]
    seconds: float


def main() -> int:
    """Return 1 if a mutant lives that nobody has explained, else 0."""
    parser = argparse.ArgumentParser(description="Find what no test notices.")
    parser.add_argument("parts", nargs="*", default=[""])
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--page", action="store_true")
    options = parser.parse_args()
    plan: dict[str, Any] = tomllib.loads(PLAN.read_text("utf-8"))["module"]
    modules = [module for module in plan if any(part in module for part in options.parts)]
    if options.page:
        PAGE.write_text(page(plan), "utf-8")
        return 0
    if not modules:
        parser.error(f"no module of {PLAN.name} is named so: {' '.join(options.parts)}")
    with ThreadPoolExecutor(options.jobs) as pool:
        outcomes = list(pool.map(lambda module: examined(module, plan[module]), modules))
    unexplained = 0
    for outcome in outcomes:
        print(summary(outcome))
        for each in outcome.survivors:
            print(f"    line {each.line}, {each.function}: {each.change}")
            print(f"        {each.why or 'NOT EXPLAINED'}")
            unexplained += not each.why
    print(f"{unexplained} survivors are not explained" if unexplained else "all are explained")
    return 1 if unexplained else 0


def examined(module: str, plan: dict[str, Any]) -> Outcome:
    """Return what has become of a module's mutants, run in a copy of the tree."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(".*", "build", "__pycache__"))
        pairs = list(mutants(tree, module, plan["tests"]))
    explained = {(each["function"], each["change"]): each["why"] for each in plan["survivors"]}
    survivors: list[Survivor] = []
    for item, result in pairs:
        mutation = item["mutations"][0]
        function, change = mutation["definition_name"] or "", changed(result["diff"])
        if result["test_outcome"] == "survived":
            why = explained.get((function, change), "")
            survivors.append(Survivor(function, change, mutation["start_pos"][0], why))
    print(f"{module}: {time.monotonic() - began:.0f} s", file=sys.stderr)
    return Outcome(module, len(pairs), tuple(survivors), time.monotonic() - began)


def mutants(tree: Path, module: str, tests: list[str]) -> Iterator[tuple[Any, Any]]:
    """Yield each mutant and what became of it, as cosmic-ray describes them."""
    pytest = f"{sys.executable} -m pytest -x -q -n 0 -p no:cacheprovider --timeout={EACH_TEST}"
    config, session = tree / "mutation.toml", tree / "mutation.sqlite"
    command = f"{pytest} {' '.join(tests)}"
    text = CONFIG.format(module=json.dumps(module), seconds=SECONDS, command=json.dumps(command))
    config.write_text(text, "utf-8")
    environment = {
        **os.environ,
        "PYTHONPATH": str(tree),
        "PYTHONDONTWRITEBYTECODE": "1",  # a mutant's would be taken for the next one's
        "TESTS_DEADLINE": "4",
        "CI": "1",  # the same examples for all
    }

    def run(tool: str, *words: Path | str) -> str:
        ran = [sys.executable, "-m", f"cosmic_ray.{tool}", *map(str, words)]
        done = subprocess.run(
            ran, cwd=tree, env=environment, check=False, capture_output=True, text=True
        )
        if done.returncode:
            raise SystemExit(f"{module}: {' '.join(ran)}\n{done.stdout}{done.stderr}")
        return done.stdout

    run("cli", "baseline", config)
    run("cli", "init", config, session)
    run("tools.filters.operators_filter", session, config)
    run("cli", "exec", config, session)
    for line in run("cli", "dump", session).splitlines():
        item, result = json.loads(line)
        if result is not None and result["worker_outcome"] != "skipped":
            yield item, result


def changed(diff: str) -> str:
    """Return the lines of a diff that differ, without what is around them."""
    lines = [line for line in diff.splitlines() if line[:1] in "+-"]
    lines = [line for line in lines if line[:3] not in {"+++", "---"}]
    return " => ".join(line[1:].strip() for line in lines)


def summary(outcome: Outcome) -> str:
    """Return a line that says how many there were, and how many live."""
    alive = len(outcome.survivors)
    return (
        f"{outcome.module}: {outcome.mutants} mutants, {outcome.mutants - alive} noticed, "
        f"{alive} survive ({outcome.seconds:.0f} s)"
    )


def page(plan: dict[str, Any]) -> str:
    """Return docs/mutation.md."""
    lines = [
        "# Mutation",
        "",
        "What no test notices may as well not be there. `make mutation` changes our own modules a",
        "little, one place at a time (with cosmic-ray), and runs tests that should fail. What survives",
        "is listed here with the reason why it may; the run fails for a survivor that is not in",
        "`tools/mutation.toml`, of which this page is made (`python tools/mutation.py --page`).",
        "",
        "| module | mutants | survive, and are explained |",
        "| --- | ---: | ---: |",
    ]
    for module, each in plan.items():
        lines.append(f"| `{module}` | {each['mutants']} | {len(each['survivors']) or 'none'} |")
    for module, each in plan.items():
        if each["survivors"]:
            lines += ["", f"## `{module}`"]
        for survivor in each["survivors"]:
            before, _, after = survivor["change"].partition(" => ")
            where = f"In `{survivor['function']}`:" if survivor["function"] else "At the top:"
            lines += ["", where, "", "```diff", f"- {before}", f"+ {after}", "```", ""]
            lines.append(survivor["why"])
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
