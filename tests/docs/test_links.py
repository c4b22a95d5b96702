"""Every link of the documents leads somewhere, and the tree of questions to every operator."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tools.operator_pages.facts import all_facts
from tools.operator_pages.pages import path

ROOT = Path(__file__).resolve().parents[2]
TREE = ROOT / "docs" / "which-operator.md"
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_LEAF = re.compile(r"^ *- ")


def without_code(text: str) -> str:
    return re.sub(r"^(```|~~~).*?^\1$", "", text, flags=re.MULTILINE | re.DOTALL)


def anchors(document: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", without_code(document.read_text("utf-8")), re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower()).replace(" ", "-")
        for heading in headings
    }


def broken(document: Path) -> list[str]:
    """The links of a document that lead nowhere; those to other hosts are left alone."""
    found = []
    for link in _LINK.findall(without_code(document.read_text(encoding="utf-8"))):
        target, _, anchor = link.partition("#")
        if "://" in target:
            continue
        file = (document.parent / target).resolve() if target else document
        if not file.exists() or (anchor and file.suffix == ".md" and anchor not in anchors(file)):
            found.append(link)
    return found


def dead_ends(tree: str) -> list[str]:
    """The answers of a tree under which there is no further one, and no link either."""
    lines = without_code(tree).splitlines()
    found = []
    for number, line in enumerate(lines):
        if not _LEAF.match(line):
            continue
        depth = len(line) - len(line.lstrip())
        rest = []
        for after in lines[number + 1 :]:
            if not after.strip() or (
                _LEAF.match(after) and len(after) - len(after.lstrip()) <= depth
            ):
                break
            rest.append(after)
        if "](" not in line and not any("](" in each for each in rest):
            found.append(line.strip())
    return found


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda it: str(it.relative_to(ROOT)))
def test_every_link_leads_somewhere(document: Path) -> None:
    assert broken(document) == []


def test_a_link_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    (tmp_path / "there.md").write_text("# A title, `with` code\n")
    page = tmp_path / "page.md"
    page.write_text(
        "[a](there.md) [b](there.md#a-title-with-code) [c](gone.md) [d](there.md#no) [e](#no)\n"
        "```text\n[f](gone.md)\n```\n"
    )
    assert broken(page) == ["gone.md", "there.md#no", "#no"]


def test_every_operator_is_reached_by_the_questions() -> None:
    reached = set(_LINK.findall(TREE.read_text(encoding="utf-8")))
    missing = [each.name for each in all_facts().values() if path(each) not in reached]
    assert missing == [], "docs/which-operator.md: they need an answer that leads to them"


def test_every_question_ends_at_an_operator() -> None:
    assert dead_ends(TREE.read_text(encoding="utf-8")) == []


def test_a_question_without_an_answer_is_found() -> None:
    tree = "- a?\n  - b: [b](b.md)\n  - c\n- d: [d](d.md)\n- e?\n  - f\n"
    assert dead_ends(tree) == ["- c", "- e?", "- f"]
