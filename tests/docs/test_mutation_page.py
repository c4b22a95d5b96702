"""The page on mutation says what the list of survivors says, and nothing in the list is without a reason."""

from __future__ import annotations

import importlib.util
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("mutation", ROOT / "tools" / "mutation.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Its data classes look themselves up.
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "mutation", module)
        spec.loader.exec_module(module)
    return module


@pytest.fixture
def plan(tool: ModuleType) -> dict[str, Any]:
    return dict(tomllib.loads(tool.PLAN.read_text("utf-8"))["module"])


def test_the_page_is_up_to_date(tool: ModuleType, plan: dict[str, Any]) -> None:
    assert tool.PAGE.read_text("utf-8") == tool.page(plan), "run: python tools/mutation.py --page"


def test_what_is_listed_is_there_and_explained(plan: dict[str, Any]) -> None:
    for module, each in plan.items():
        source = (ROOT / module).read_text("utf-8")
        for test in each["tests"]:
            assert (ROOT / test.partition("::")[0]).exists(), test
        for survivor in each["survivors"]:
            before, _, after = survivor["change"].partition(" => ")
            assert before in source, f"{module} has no such line any more: {before}"
            assert after, survivor
            assert survivor["why"], survivor
