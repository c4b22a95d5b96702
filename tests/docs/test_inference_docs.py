"""The picture and the tables of docs/inference.md are those of the simulation."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from tools import inference_docs

pytestmark = pytest.mark.long


def test_they_are_up_to_date() -> None:
    made = inference_docs.made()
    for path, text in made.items():
        assert path.read_text(encoding="utf-8") == text, "python tools/inference_docs.py"
    assert ElementTree.fromstring(made[inference_docs.PICTURE]).tag.endswith("svg")


def test_a_page_without_their_place_is_refused() -> None:
    with pytest.raises(ValueError, match="lacks <!-- limits -->"):
        inference_docs.page("nothing", {"limits": "| a |"})


def test_what_is_not_up_to_date_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(inference_docs, "made", lambda: {inference_docs.PICTURE: "another"})
    assert inference_docs.main(["--check"]) == 1
    assert "docs/inference.svg is not up to date" in capsys.readouterr().out
