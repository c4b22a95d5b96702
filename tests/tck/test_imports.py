"""Who does not verify anything pays next to nothing for it that the kit is installed."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import tck

ROOT = Path(__file__).resolve().parents[2]

MEASURE = """\
import sys, time
{before}
began = time.process_time()
import {module}
print(time.process_time() - began, *sys.modules)
"""


def imported(module: str, before: str = "") -> tuple[float, set[str]]:
    """Returns the seconds of processor time that an import takes, at best, and what is loaded then."""
    seconds: list[float] = []
    loaded: set[str] = set()
    for _ in range(3):
        program = MEASURE.format(module=module, before=before)
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
        )
        first, *modules = done.stdout.split()
        seconds.append(float(first))
        loaded = set(modules)
    return min(seconds), loaded


@pytest.mark.parametrize(
    ("module", "before"), [("tck", ""), ("tck.pytest_plugin", "import pytest")]
)
def test_a_run_that_verifies_nothing_is_not_held_up(module: str, before: str) -> None:
    seconds, loaded = imported(module, before)
    peer, _ = imported("asyncio")
    assert seconds < 3 * peer  # some tens of milliseconds
    rooms = {"checks", "driving", "gallery", "reports", "scripts"}
    heavy = {"asyncio", "hypothesis", "tck.suites", *(f"tck.{room}" for room in rooms)}
    assert not loaded & (heavy - set(imported(before.removeprefix("import ") or "sys")[1]))


def test_every_name_is_there_and_is_what_type_checkers_take_it_for() -> None:
    source = ast.parse((ROOT / "tck/__init__.py").read_text("utf-8"))
    told = {
        alias.name: node.module
        for node in ast.walk(source)
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("tck.")
        for alias in node.names
    }
    assert set(told) == set(tck.__all__) <= set(dir(tck))
    for name, home in told.items():
        found = getattr(tck, name)
        assert found is getattr(sys.modules[home], name)
        assert getattr(found, "__module__", home) == home


def test_a_name_that_is_not_there_is_missing_like_any_other() -> None:
    with pytest.raises(AttributeError, match=r"module 'tck' has no attribute 'verify_all'"):
        _ = tck.verify_all


def test_the_guard_is_a_function_whatever_has_been_imported_before() -> None:
    for before in ("import tck.guard", "from tck.guard import RuleViolation", "import tck"):
        program = f"{before}\nimport tck\nassert callable(tck.guard), tck.guard"
        subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)
