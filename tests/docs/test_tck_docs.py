"""The pages on the rules and the gallery are what the code makes of them."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from reactive_streams.rules import RULES
from tck.broken import GALLERY

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("tck_docs", ROOT / "tools/tck_docs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_pages_are_up_to_date(generator: ModuleType) -> None:
    made = generator.pages()
    stale = [str(p) for p, t in made.items() if not p.is_file() or p.read_text("utf-8") != t]
    assert not stale, "run: python tools/tck_docs.py"


def test_there_is_no_page_of_a_rule_that_does_not_exist(generator: ModuleType) -> None:
    assert set((ROOT / "docs/rules").glob("*.md")) <= set(generator.pages())


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_the_page_of_a_rule_says_all_there_is(generator: ModuleType, rule) -> None:
    page = generator.rule_page(rule)
    for _, check in generator.checks_of(rule.id):
        assert f"`{check.name}`" in page
    for exhibit in GALLERY:
        assert (f"### {exhibit.name}\n" in page) is (exhibit.rule == rule.id)


def test_every_exhibit_stands_in_the_table(generator: ModuleType) -> None:
    table = generator.gallery()
    for exhibit in GALLERY:
        assert f"| `{exhibit.name}` |" in table


def test_every_check_stands_on_a_page(generator: ModuleType) -> None:
    rules = {rule.id for rule in RULES}
    for lists in generator.SUITES.values():
        for checks in lists:
            assert {check.rule for check in checks.all} <= rules
