"""What has failed beside others is run once more, alone, where CI says so: a few, and each is named."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / "tools/once_more.py"

TESTS = """
from pathlib import Path

def test_good(): pass

def test_of_a_moment():
    assert Path("seen").exists() or Path("seen").touch() is not None

def test_bad():
    assert Path("mended").exists()
"""


@pytest.fixture
def failed(tmp_path: Path) -> Path:
    """A folder in whose last run two of three tests have failed."""
    tmp_path.joinpath("test_it.py").write_text(TESTS)
    done = _run(tmp_path, "-m", "pytest", "-q")
    assert "2 failed, 1 passed" in done.stdout
    return tmp_path


def _run(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.long
def test_who_fails_again_has_failed(failed: Path) -> None:
    done = _run(failed, TOOL, 3, "-q")
    assert done.returncode == 1
    assert "1 failed, 1 passed" in done.stdout
    assert done.stdout.endswith("once more: failed again\n")


def test_who_passes_alone_is_named_all_the_same(failed: Path) -> None:
    failed.joinpath("mended").touch()
    done = _run(failed, TOOL, 2, "-q")
    assert done.returncode == 0, done.stdout
    assert done.stdout.endswith(
        "to be mended all the same:\n    test_it.py::test_bad\n    test_it.py::test_of_a_moment\n"
    )
    assert _run(failed, TOOL, 2, "-q").returncode == 1  # it failed before any test had


@pytest.mark.parametrize("most", [0, 1])
def test_of_more_than_a_few_none_is_run(failed: Path, most: int) -> None:
    failed.joinpath("mended").touch()
    done = _run(failed, TOOL, most, "-q")
    assert done.returncode == 1
    assert done.stdout == f"once more: 2 failed, and at most {most} are run once more\n"
