"""The example of a training that is stopped and resumed runs, and ends as if it had not been."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

from tests.cli.program import ROOT


def test_it_is_resumed_just_where_it_was(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # The processes of the pool import it by its name.
    monkeypatch.syspath_prepend(str(ROOT / "examples"))
    training: Any = importlib.import_module("training")
    whole, resumed = training.main(1_600)
    assert resumed.weights == whole.weights
    told = capsys.readouterr().out
    assert "stopped; saved is 30 batches" in told
    assert "the same weights as without the stop: True" in told
