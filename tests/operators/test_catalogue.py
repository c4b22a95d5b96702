"""No method of Flow without its tests."""

from __future__ import annotations

from pathlib import Path

from operators import Flow
from tests.operators.catalogue import OPERATORS, RUNNING, SOURCES, WITHOUT_ITEMS, missing

HERE = Path(__file__).parent


def without_a_file(folder: Path) -> set[str]:
    names = {case.name for case in OPERATORS.values()} | {made.name for made in SOURCES.values()}
    names |= WITHOUT_ITEMS | RUNNING
    return names - {file.stem.removeprefix("test_") for file in folder.rglob("test_*.py")}


def test_every_method_of_flow_has_an_entry():
    assert missing(Flow) == set()


def test_a_method_without_an_entry_is_found():
    class Longer(Flow):
        def zigzag(self):
            return self

    assert missing(Longer) == {"zigzag"}


def test_every_method_has_a_test_file_of_its_own():
    assert without_a_file(HERE) == set()


def test_a_method_without_a_file_is_found(tmp_path):
    for file in HERE.rglob("test_*.py"):
        if file.name != "test_map.py":
            (tmp_path / file.name).touch()

    assert without_a_file(tmp_path) == {"map"}
