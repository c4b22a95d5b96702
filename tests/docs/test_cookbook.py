"""Every recipe of the cookbook is short, is listed, and gives what it says."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from operators.testing import VirtualClock

COOKBOOK = Path(__file__).resolve().parents[2] / "docs" / "cookbook"
RECIPES = sorted(COOKBOOK.glob("*.py"))
MOST_LINES = 15


@pytest.fixture
def recipe(request: pytest.FixtureRequest) -> Iterator[ModuleType]:
    """The module of a recipe; by its name, for what goes to other processes is looked up there."""
    path: Path = request.param
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    try:
        spec.loader.exec_module(module)
        yield module
    finally:
        del sys.modules[path.stem]


@pytest.mark.parametrize("recipe", RECIPES, ids=[path.stem for path in RECIPES], indirect=True)
def test_a_recipe_gives_what_it_says(recipe: ModuleType):
    assert VirtualClock(patience=30.0).run(recipe.main()) == recipe.GIVES


@pytest.mark.parametrize("path", RECIPES, ids=[path.stem for path in RECIPES])
def test_a_pipeline_is_short(path: Path):
    pipeline = path.read_text(encoding="utf-8").split("# The pipeline.")[1].split("# ---")[0]
    assert len(pipeline.strip().splitlines()) <= MOST_LINES


def test_all_sixteen_are_listed():
    listed = (COOKBOOK / "README.md").read_text(encoding="utf-8")
    assert len(RECIPES) == 16
    for path in RECIPES:
        title = path.read_text(encoding="utf-8").split('"""')[1]
        assert f"| [{path.name}]({path.name}) | {title} |" in listed
