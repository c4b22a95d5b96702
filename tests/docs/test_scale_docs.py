"""The tables of docs/scale.md are those of the model, and of its simulation."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tools import scale_docs

MODEL: dict[str, Any] = json.loads(scale_docs.MODEL.read_text(encoding="utf-8"))
TEXT = scale_docs.PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("table", ["inside", "memory", "threads", "far"])
def test_what_was_measured_is_in_the_page(table: str) -> None:
    assert getattr(scale_docs, f"{table}_table")(MODEL) in TEXT, "python tools/scale_docs.py"


def test_what_is_simulated_is_in_the_page() -> None:
    # A part of it, which takes milliseconds; `python tools/scale_docs.py --check` looks at all of it.
    made = scale_docs.rates_table(MODEL, "dask", 256, (0.01,)).splitlines()
    assert made[0] in TEXT
    assert made[-1] in TEXT


def test_the_simulation_is_of_what_it_says() -> None:
    # Whoever sends is the limit, or the workers are.
    fast, idle = scale_docs.rate(0.001, 0.0, 1, 0.001, 16)
    assert 0.9 * 1_000 < fast <= 1_000
    assert idle < 0.1
    slow, busy = scale_docs.rate(0.000_001, 0.0, 16, 0.01, 4)
    assert 0.8 * 400 < slow < 1.2 * 400
    assert busy > 0.9


def test_a_key_that_is_hot_is_the_limit_of_a_group(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scale_docs, "BULKS", 640)
    even, hot = (scale_docs.group_rate(16, 0.001, hot=hot) for hot in (False, True))
    assert even > 12_000
    assert hot < 10_000
    dies = scale_docs.group_rate(16, 0.001, dies=True)
    assert dies < even


def test_what_is_not_up_to_date_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(scale_docs, "made", lambda model: "another")
    assert scale_docs.main(["--check"]) == 1
    assert "docs/scale.md is not up to date" in capsys.readouterr().out
