"""The example of a model under overload runs, and tells what came of it."""

from __future__ import annotations

import asyncio
import importlib
from typing import Any

import pytest

from tests.cli.program import ROOT


@pytest.fixture
def inference(monkeypatch: pytest.MonkeyPatch) -> Any:
    # The process of the pool imports it by its name.
    monkeypatch.syspath_prepend(str(ROOT / "examples"))
    return importlib.import_module("inference")


def test_the_model_learns(inference: Any) -> None:
    model = inference.Model()
    model.learn(inference.some(3_000, 4))
    points = inference.some(300, 5)
    right = sum(a == point.in_ring for a, point in zip(model(points), points, strict=True))
    assert right / 300 > 0.65


def test_it_tells_what_is_answered_with_and_without_shedding(
    inference: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = inference.Model()
    monkeypatch.setattr(inference, "ROUNDS", 1)
    runs = asyncio.run(inference.main(0.4, model=model))
    told = capsys.readouterr().out
    assert "it can answer" in told
    # How many come in time is the machine's, which others use; in virtual time it is a test's.
    for name in ("all wait", "shed in front"):
        assert name in told
        assert runs[name].answers > 0
