"""`make bench-check` bites: a ratio a third worse than the file says is named, and so is a row too many."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import check
from benchmarks.measure import SHOWN, Case, Figure

NAME = "fused: sum of a thousand / the same"


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Have one case be all there is, which takes ten times what its peer does, whoever else is busy."""
    case = Case("sum of a thousand", lambda: True, SHOWN, 1, lambda: True, "the same")
    monkeypatch.setattr(check, "GROUPS", {"fused": lambda: [case]})
    monkeypatch.setattr(check, "measure", lambda case, _: Figure(case, ours=10, peer=1, call=1))
    return tmp_path / "ratios.json"


def run(file: Path, ratios: dict[str, float]) -> int:
    file.write_text(json.dumps(ratios), encoding="utf-8")
    return check.main(["--file", str(file), "--rounds", "1"])


def test_what_is_a_third_worse_fails(measured: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(measured, {NAME: 1.0}) == 1
    assert NAME in capsys.readouterr().out


def test_what_is_as_good_passes(measured: Path) -> None:
    assert run(measured, {NAME: 1_000.0}) == 0


def test_what_the_file_does_not_know_fails(
    measured: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(measured, {NAME: 1_000.0, "gone": 1.0}) == 1
    assert run(measured, {}) == 1
    said = capsys.readouterr().out
    assert "gone: in the file, and not measured any more" in said
    assert f"{NAME}: measured, and not in the file" in said


def test_it_is_written_from_what_is_measured(measured: Path) -> None:
    assert check.main(["--write", "--file", str(measured), "--rounds", "1"]) == 0
    assert list(json.loads(measured.read_text(encoding="utf-8"))) == [NAME]


def test_the_committed_file_has_a_ratio_of_each() -> None:
    committed = json.loads(check.RATIOS.read_text(encoding="utf-8"))
    assert committed.keys() == check.checked().keys()
    assert all(ratio > 0 for ratio in committed.values())
