"""The bridge to the JVM: where something is missing, it is named, and nothing fails."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RUN = ROOT / "tools/jvm/run.py"


def run(path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *options, str(RUN)], capture_output=True, text=True, timeout=50,
        check=False, env={**os.environ, "PATH": str(path)},
    )  # fmt: skip


def tools(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).write_text("#!/bin/sh\nexit 1\n")
        (folder / name).chmod(0o755)
    return folder


@pytest.mark.parametrize(
    ("there", "lacking"),
    [((), "a JDK"), (("java",), "a JDK"), (("java", "javac"), "Maven")],
)
def test_what_is_missing_is_named(tmp_path: Path, there: tuple[str, ...], lacking: str) -> None:
    done = run(tools(tmp_path, *there))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"tck-jvm: skipped, for {lacking} is not on this machine")
    assert len(done.stdout.splitlines()) == 1


def test_without_jpype_it_says_what_to_install(tmp_path: Path) -> None:
    # Without site-packages there is none, wherever this runs.
    done = run(tools(tmp_path, "java", "javac", "mvn"), "-I", "-S")
    assert done.returncode == 0, done.stderr
    assert done.stdout == (
        "tck-jvm: skipped, for JPype is not installed: pip install 'reactive-streams[jvm]'\n"
    )
