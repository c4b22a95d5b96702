"""What the documentation shows runs, and prints what it says: code, commands, and examples."""

from __future__ import annotations

import contextlib
import doctest
import importlib
import importlib.util
import io
import pkgutil
import re
import sys
import traceback
import types
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = [
    name
    for name in ("reactive_streams", "operators", "tck", "playground")
    if (ROOT / name / "__init__.py").is_file()
]
FENCE = re.compile(r"^(?P<fence>`{3,}|~{3,})\s*(?P<language>[\w+-]*)[^\n]*$")


class Block(NamedTuple):
    """A fenced block: language, number of its first line, text, whether it follows another one."""

    language: str
    line: int
    text: str
    follows: bool


def blocks(text: str) -> Iterator[Block]:
    """The fenced blocks of a Markdown text; one follows another with only empty lines between."""
    fence = language = ""
    start = 0
    follows = False
    collected: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if fence:
            if line.strip() == fence:
                yield Block(language, start, "".join(collected), follows)
                fence, follows = "", True
            else:
                collected.append(line + "\n")
        elif match := FENCE.match(line):
            fence, language, start = match["fence"], match["language"].lower(), number + 1
            collected = []
        elif line.strip():
            follows = False
    if fence:
        raise ValueError(f"line {start - 1}: this block has no end")


def same_output(expected: str, printed: str) -> bool:
    """Whether it is the same line by line; a line of only `...` stands for any number of lines."""
    pattern = "".join(
        r"(?:.*\n)*" if line.strip() == "..." else re.escape(line.rstrip()) + r"\n"
        for line in expected.strip("\n").splitlines()
    )
    text = "".join(line.rstrip() + "\n" for line in printed.strip("\n").splitlines())
    return re.fullmatch(pattern, text) is not None


def run(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs the blocks of a file in order, in one namespace, and compares what they print."""
    # Registered, because dataclasses and pickles look for the module of a class.
    module = types.ModuleType("documentation_of_" + re.sub(r"\W", "_", path.stem))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    printed: str | None = None
    for block in blocks(path.read_text(encoding="utf-8")):
        if block.language in ("python", "py"):
            # As many empty lines before, so that an error names the line of the document.
            code = compile("\n" * (block.line - 1) + block.text, str(path), "exec")
            with contextlib.redirect_stdout(io.StringIO()) as output:
                exec(code, module.__dict__)
            printed = output.getvalue()
            continue
        if block.language in ("text", "output") and block.follows and printed is not None:
            assert same_output(block.text, printed), (
                f"{path}:{block.line}: this is not what is printed:\n{printed}"
            )
        printed = None


def documents() -> list[Path]:
    found = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [path for path in found if path.exists()]


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def modules() -> list[str]:
    """Every module of the packages, also the private ones."""
    names = list(PACKAGES)
    for package in PACKAGES:
        paths = [str(ROOT / package)]

        def stop(name: str) -> None:
            raise ImportError(f"{name} cannot be imported, so its documentation cannot be run")

        names += [found.name for found in pkgutil.walk_packages(paths, package + ".", stop)]
    return names


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE"])
def test_the_document_is_there(name):
    assert (ROOT / name).is_file()


@pytest.mark.parametrize("path", documents(), ids=relative)
def test_code_in_documents(path, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    run(path, monkeypatch)


@pytest.mark.parametrize("path", documents(), ids=relative)
def test_commands_in_documents(path):
    targets = re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for block in blocks(path.read_text(encoding="utf-8")):
        if block.language not in ("console", "sh", "bash", "shell"):
            continue
        for line in block.text.splitlines():
            command = line.removeprefix("$ ")
            if block.language == "console" and command == line:
                continue
            if match := re.match(r"(?:\S*/)?python[\d.]* -m ([\w.]+)", command):
                assert runs_as_module(match[1]), f"{path}:{block.line}: {command}"
            elif match := re.match(r"make ([a-z-]+)", command):
                assert match[1] in targets, f"{path}:{block.line}: {command}"


def runs_as_module(name: str) -> bool:
    """Whether `python -m name` finds something to run."""
    try:
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.submodule_search_locations is not None:
            spec = importlib.util.find_spec(name + ".__main__")
    except ModuleNotFoundError:
        return False
    return spec is not None


class WithoutNotes:
    """`traceback` for doctest: whether notes are part of the last line differs between Pythons."""

    def __getattr__(self, name: str) -> object:
        return getattr(traceback, name)

    def format_exception_only(self, kind: type[BaseException], error: BaseException) -> list[str]:
        notes = error.__dict__.pop("__notes__", None)
        try:
            return traceback.format_exception_only(kind, error)
        finally:
            if notes is not None:
                error.__notes__ = notes


def run_docstrings(module: types.ModuleType, monkeypatch: pytest.MonkeyPatch) -> str:
    """Runs the examples of a module's docstrings; what went wrong, or nothing.

    They see what the module sees, and what its package exports: that is what a reader has imported.
    """
    package = sys.modules.get(module.__name__.partition(".")[0], module)
    exported = {name: getattr(package, name) for name in getattr(package, "__all__", ())}
    monkeypatch.setattr(doctest, "traceback", WithoutNotes())
    report = io.StringIO()
    runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.ELLIPSIS)
    for example in doctest.DocTestFinder(exclude_empty=True).find(
        module, globs={**exported, **module.__dict__}
    ):
        runner.run(example, out=report.write)
    return report.getvalue()


@pytest.mark.parametrize("name", modules())
def test_examples_in_docstrings(name, monkeypatch, tmp_path):
    module = importlib.import_module(name)
    monkeypatch.chdir(tmp_path)
    report = run_docstrings(module, monkeypatch)
    assert not report, report
