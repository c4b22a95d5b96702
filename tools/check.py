"""Run the checks of `make check`: all of them, or those named; a failing one hides no other.

The commands stand here and nowhere else, so that the tests of the gates run the very same ones on
bad samples.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
import tomllib
from pathlib import Path

PACKAGES = ("reactive_streams", "operators", "tck", "playground")
TYPED = (*PACKAGES, "tests", "examples", "benchmarks", "tools")
STEPS = ("format", "lint", "house", "layers", "mypy", "basedpyright", "verifytypes")


def commands(step: str, root: Path) -> list[list[str]]:
    """The command lines of one step, for those folders of `root` that exist."""
    python = sys.executable
    packages = [name for name in PACKAGES if (root / name).is_dir()]
    match step:
        case "format":
            return [[python, "-m", "ruff", "format", "--check", "."]]
        case "lint":
            return [[python, "-m", "ruff", "check", "."]]
        case "house":
            return [[python, str(Path(__file__).with_name("house.py")), "."]]
        case "layers":
            # Not by its script, which breaks when the environment has been moved.
            run = "from importlinter.cli import lint_imports_command as run; run()"
            return [[python, "-c", run, "--no-cache", "--no-logo"]]
        case "mypy":
            typed = [name for name in TYPED if (root / name).is_dir()]
            return [[python, "-m", "mypy", *typed]]
        case "basedpyright":
            project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
            # Named here, for the tool fails for a folder of `include` that is not there yet.
            include = [
                name
                for name in project["tool"]["basedpyright"]["include"]
                if (root / name).is_dir()
            ]
            return [[python, "-m", "basedpyright", "--pythonpath", python, *include]]
        case "verifytypes":
            verify = [python, "-m", "basedpyright", "--pythonpath", python, "--ignoreexternal"]
            return [[*verify, "--verifytypes", name] for name in packages]
        case _:
            raise ValueError(f"no check named {step!r}: it is one of {', '.join(STEPS)}")


def main() -> int:
    """The number of failing checks, as the exit status."""
    parser = argparse.ArgumentParser(description="Run the checks.")
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent)
    parser.add_argument("steps", nargs="*", metavar="step", help=f"one of {', '.join(STEPS)}")
    options = parser.parse_args()
    for step in options.steps:
        if step not in STEPS:
            parser.error(f"no check named {step!r}: it is one of {', '.join(STEPS)}")

    root = options.root.resolve()
    failed = 0
    for step in options.steps or STEPS:
        start = time.monotonic()
        output = ""
        passed = True
        for command in commands(step, root):
            done = subprocess.run(
                command,
                cwd=root,
                # verifytypes sees only what is installed: here, the packages of this folder.
                env={**os.environ, "PYTHONPATH": str(root)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            passed = passed and done.returncode == 0
            if done.returncode:
                output += done.stdout
        failed += not passed
        seconds = time.monotonic() - start
        print(f"{step:<13}{'ok' if passed else 'FAILED'}  {seconds:5.1f} s\n{output}", end="")
        sys.stdout.flush()
    return failed


if __name__ == "__main__":
    sys.exit(main())
