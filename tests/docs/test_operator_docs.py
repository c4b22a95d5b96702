"""Every operator has its page with all its parts, which is what the code and a run make of it."""

from __future__ import annotations

import importlib.util
import inspect
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
import reactivex
import reactivex.operators

from operators._kernel.plan.node import Operator
from tools.operator_pages import foreign
from tools.operator_pages.draw import drawn
from tools.operator_pages.facts import Facts, all_facts, contract_lines, operator_class, split
from tools.operator_pages.pages import page, pages, path
from tools.operator_pages.scenes import SCENES
from tools.operator_pages.watch import Scene, watched

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    return pages()


@pytest.fixture(scope="module")
def facts() -> dict[str, Facts]:
    return all_facts()


@pytest.fixture(scope="module")
def command() -> ModuleType:
    spec = importlib.util.spec_from_file_location("operator_docs", ROOT / "tools/operator_docs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_pages_are_up_to_date(made: dict[str, str]) -> None:
    for name, text in made.items():
        assert (DOCS / name).is_file(), f"{name}: run: python tools/operator_docs.py"
        assert (DOCS / name).read_text(encoding="utf-8") == text, (
            f"{name}: run: python tools/operator_docs.py"
        )


def test_there_is_no_page_of_an_operator_that_is_gone(
    made: dict[str, str], command: ModuleType, tmp_path: Path
) -> None:
    assert command.stale(made, DOCS) == []
    gone = tmp_path / "operators" / "transform" / "gone.md"
    gone.parent.mkdir(parents=True)
    gone.touch()
    assert command.stale(made, tmp_path) == [gone]


def test_each_page_has_all_its_parts(made: dict[str, str], facts: dict[str, Facts]) -> None:
    for each in facts.values():
        text = made[path(each)]
        parts = [line for line in text.splitlines() if line.startswith("#")]
        contract = [] if each.name in ("apply", "named", "pipe", "watch") else ["## Contract"]
        assert parts[: 3 + len(contract)] == [
            f"# {each.name}", *contract, "## Picture", "## Example",
        ]  # fmt: skip
        assert ("- **contract**" in text) is (each.contract is not None)


def test_no_scene_is_of_an_operator_that_is_gone(facts: dict[str, Facts]) -> None:
    assert SCENES.keys() - facts.keys() == set()


def test_an_operator_without_a_scene_is_refused(facts: dict[str, Facts]) -> None:
    with pytest.raises(ValueError, match="take: has no scene"):
        page(facts["take"], None, [])


def test_a_method_without_an_operator_is_refused() -> None:
    with pytest.raises(LookupError, match="no_such_operator"):
        operator_class("no_such_operator")


def test_a_docstring_without_its_four_lines_is_refused() -> None:
    class Silent(Operator):
        """Something.

        emits   a thing
        """

    with pytest.raises(ValueError, match="Silent"):
        contract_lines(Silent)


@pytest.mark.parametrize(
    ("doc", "lacks"), [("Return a flow.", "an example"), ("\n>>> 1\n1", "a text")]
)
def test_a_docstring_that_lacks_a_part_is_refused(doc: str, lacks: str) -> None:
    with pytest.raises(ValueError, match=f"map: its docstring lacks {lacks}"):
        split("map", doc)


def test_the_picture_is_that_of_the_run() -> None:
    scene = Scene("source.filter(lambda n: n % 2)", "^2!", source="1234|")
    assert drawn(watched("filter", scene)).splitlines() == [
        "source            filter  subscriber",
        "<─ request(2) ──     ┃    <─ request(2) ──",
        "── 1 ──────────>     ┃    ── 1 ──────────>",
        "── 2 ──────────>     ┃",
        "<─ request(1) ──     ┃",
        "── 3 ──────────>     ┃    ── 3 ──────────>",
        "<─ cancel ──────     ┃    <─ cancel ──────",
    ]
    other = replace(scene, code="source.filter(lambda n: n > 2)")
    assert drawn(watched("filter", other)) != drawn(watched("filter", scene))


def test_the_picture_tells_the_time_where_any_goes_by() -> None:
    scene = Scene("source.delay(2)", "^*", source="1-#", timed=True)
    assert [line[:7].strip() for line in drawn(watched("delay", scene)).splitlines()] == [
        "seconds", "0", "0", "0", "2",
    ]  # fmt: skip


def test_a_scene_that_ends_in_no_flow_is_refused() -> None:
    with pytest.raises(TypeError, match="map: a scene ends with the flow"):
        watched("map", Scene("flow = source.map(str)"))


def test_every_name_of_reactivex_is_accounted_for() -> None:
    theirs = set(reactivex.operators.__all__) | {
        name
        for name, value in vars(reactivex).items()
        if inspect.isfunction(value) and value.__module__.startswith("reactivex") and name[0] != "_"
    }
    assert foreign.library("reactivex").names == theirs


def test_what_is_said_to_be_here_is(facts: dict[str, Facts]) -> None:
    for library in foreign.libraries():
        assert library.here.keys() - facts.keys() == set(), library.title
        for name, ours, text in library.rows():
            assert bool(ours) is not bool(text), f"{library.title}: {name}"


def test_a_name_in_two_places_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "other.toml").write_text(
        'title = "Other"\nwhat = ""\n[here]\nmap = ["select"]\n'
        '[[not_here]]\nnames = ["select"]\nwhy = "no"\n'
    )
    monkeypatch.setattr(foreign, "_NAMES", tmp_path)
    with pytest.raises(ValueError, match=r"other.toml: in two places: select"):
        foreign.library("other")
