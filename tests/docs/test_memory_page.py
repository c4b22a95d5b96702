"""docs/memory.md is what the experiment found, of everything it is made with, and ours holds in it."""

from __future__ import annotations

from pathlib import Path

from benchmarks.memory import MOST_GROWTH, PAGE, Row, page
from benchmarks.memory_subjects import OURS, PEERS, SHOWN


def rows(text: str) -> list[Row]:
    found = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 5 and cells[2].replace(",", "").isdecimal():
            name, promised, most, growth, made = cells
            found.append(
                Row(
                    name,
                    int(promised.replace(",", "")) if promised else None,
                    int(most.replace(",", "")),
                    float(growth.removesuffix(" MB")),
                    int(made.replace(",", "")),
                )
            )
    return found


def test_the_page_has_all_rows_and_ours_hold() -> None:
    found = rows(Path(PAGE).read_text(encoding="utf-8"))
    assert [row.name for row in found] == [*OURS, *(SHOWN[name] for name in PEERS)]
    assert all(row.holds for row in found)
    assert all(row.promised is not None for row in found[: len(OURS)])


def test_a_row_that_is_off_is_known() -> None:
    assert not Row("piles up", 10, 13, 0.1, 500).holds
    assert not Row("grows", 10, 10, MOST_GROWTH + 0.1, 500).holds
    assert Row("at its ends", 10, 12, 0.1, 500).holds


def test_the_page_is_what_is_written() -> None:
    text = Path(PAGE).read_text(encoding="utf-8")
    assert page(rows(text)).splitlines()[:-1] == text.splitlines()[:-1]  # but for the Python
