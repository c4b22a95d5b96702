"""The page on what each check finds: all of them stand there, and who is alone in finding something is."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from tck.broken import GALLERY, Exhibit
from tests.tck.judging.test_each_check import SUITES

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/checks.md").read_text("utf-8")
ROWS = [line.split("|")[1:-1] for line in PAGE.splitlines() if line.startswith("| `")]
BY_NAME = {each.name: each for each in GALLERY}
ONLY = [
    pytest.param(check.strip().strip("`"), BY_NAME.get(exhibit), id=exhibit)
    for check, _, _, only, _ in ROWS
    for exhibit in re.findall(r"`(Spec\w+)`", only)
]


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("tck_checks", ROOT / "tools/tck_checks.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_each_check_stands_on_it_and_finds_something_or_says_why_not() -> None:
    made = [check.name for checks, _ in SUITES for check in checks if check.whole is None]
    assert [row[0].strip().strip("`") for row in ROWS] == made
    for check, _, finds, only, why in ROWS:
        assert int(finds) > 0 or why.strip(), check
        assert only.strip() or why.strip(), check


def test_exhibits_on_it_are_there() -> None:
    assert set(re.findall(r"`(Spec\w+)`", PAGE)) <= BY_NAME.keys()
    assert len(ONLY) > 15


@pytest.mark.long
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize(("check", "exhibit"), ONLY)
def test_no_other_check_finds_it(check: str, exhibit: Exhibit, tool: ModuleType) -> None:
    assert tool.finders(exhibit) == [check]
