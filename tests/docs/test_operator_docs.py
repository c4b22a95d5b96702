"""docs/operators.md is what the code makes of it, and the generator refuses what is incomplete."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from operators._kernel.node import Operator

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("operator_docs", ROOT / "tools/operator_docs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_up_to_date(generator: ModuleType) -> None:
    written = (ROOT / "docs/operators.md").read_text(encoding="utf-8")
    assert written == generator.page(), "run: python tools/operator_docs.py"


def test_every_method_of_a_family_has_its_operator(generator: ModuleType) -> None:
    for face in generator.FAMILIES.values():
        for name in generator.methods(face):
            generator.operator_class(name)


def test_a_method_without_an_operator_is_refused(generator: ModuleType) -> None:
    with pytest.raises(LookupError, match="no_such_operator"):
        generator.operator_class("no_such_operator")


def test_a_docstring_without_its_four_lines_is_refused(generator: ModuleType) -> None:
    class Silent(Operator):
        """Something.

        emits   a thing
        """

    with pytest.raises(ValueError, match="Silent"):
        generator.contract_lines(Silent)
