"""The table of speed has every operator that is measured, and a reason for each figure over a limit."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.reasons import BY_WAY, REACTIVEX
from tools.speed_docs import TABLES, WAYS, row, why

PAGE = Path(__file__).resolve().parents[2] / "docs" / "speed.md"
MEASURED = {name for table in TABLES.values() for name in table}


def rows() -> dict[str, list[str]]:
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line[:2] == "| "]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {first: rest for first, *rest in cells if first not in ("", "---")}


def test_every_operator_that_is_measured_has_its_row():
    assert rows().keys() == MEASURED


@pytest.mark.parametrize("name", sorted(MEASURED))
def test_a_figure_over_a_limit_has_its_reason(name: str):
    *figures, against, reason = rows()[name]
    assert len(figures) == len(WAYS)
    assert min(map(float, figures)) == 1.0
    faster = float(against.removesuffix("x")) if against else None
    assert reason == why(name, figures, faster)


def test_one_without_a_reason_is_refused():
    even = dict.fromkeys(WAYS, 1.0)
    assert row("new", even, 2.0) == "| new | 1.0 | 1.0 | 1.0 | 1.0 | 1.0 | 2.0x |  |"
    with pytest.raises(LookupError, match="new: slow against reactivex; say why"):
        row("new", even, 1.9)
    with pytest.raises(LookupError, match="new: slow against another way; say why"):
        row("new", {**even, "for": 5.1}, None)


def test_no_reason_is_of_an_operator_that_is_not_measured():
    assert (REACTIVEX.keys() | BY_WAY.keys()) - MEASURED == set()
