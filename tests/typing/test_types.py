"""mypy and basedpyright infer what the samples say, and see every error that they are to see."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import operators
from operators import Flow

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
REJECTED = HERE / "rejected.py"
SAMPLES = sorted(set(HERE.glob("*.py")) - {REJECTED, Path(__file__).resolve()})

# They return nothing, and a checker does not let pass that one looks at nothing.
RETURNS_NOTHING = {"subscribe", "explain"}

Places = set[tuple[str, int]]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The samples, and the bad lines in a copy without the comment that hides them."""
    first, rest = REJECTED.read_text(encoding="utf-8").split("\n", 1)
    assert first.startswith("# type: ignore")
    copy = tmp_path_factory.mktemp("samples") / REJECTED.name
    copy.write_text("\n" + rest, encoding="utf-8")
    return [*map(str, SAMPLES), str(copy)]


@pytest.fixture(scope="module")
def bad_places() -> Places:
    """Where the checkers have to see an error: sample and line."""
    lines = REJECTED.read_text(encoding="utf-8").splitlines()
    marked = {number for number, line in enumerate(lines, 1) if line.endswith("  # rejected")}
    assert len(marked) > 80
    return {(REJECTED.name, number) for number in marked}


def output_of(module: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def assert_same(found: dict[tuple[str, int], str], expected: Places) -> None:
    unexpected = [text for place, text in sorted(found.items()) if place not in expected]
    assert not unexpected, "\n".join(unexpected)
    let_pass = [f"{name}:{line}" for name, line in sorted(expected - found.keys())]
    assert not let_pass, f"accepted: {', '.join(let_pass)}"


@pytest.mark.tools
@pytest.mark.timeout(300)
def test_mypy(files: list[str], bad_places: Places) -> None:
    output = output_of("mypy", "--no-pretty", "--no-error-summary", *files)
    found: dict[tuple[str, int], str] = {}
    for text in output.splitlines():
        match = re.match(r"(.+\.py):(\d+): (error|note): ", text)
        assert match, output
        if match[3] == "error":
            found[Path(match[1]).name, int(match[2])] = text
    assert_same(found, bad_places)


@pytest.mark.tools
@pytest.mark.timeout(300)
def test_basedpyright(files: list[str], bad_places: Places) -> None:
    output = output_of("basedpyright", "--pythonpath", sys.executable, "--outputjson", *files)
    found: dict[tuple[str, int], str] = {}
    for diagnostic in json.loads(output)["generalDiagnostics"]:
        # Most of the bad lines assign to a name that nobody reads, which is not what is bad there.
        if diagnostic.get("rule") != "reportUnusedVariable":
            name, line = Path(diagnostic["file"]).name, diagnostic["range"]["start"]["line"] + 1
            found[name, line] = f"{name}:{line}: {diagnostic['message']}"
    assert_same(found, bad_places)


def asserted(path: Path) -> Iterator[str]:
    """The names of all that is called or read inside the first argument of an `assert_type`."""
    for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "assert_type":
            for node in ast.walk(call.args[0]):
                if isinstance(node, ast.Attribute):
                    yield node.attr


def names(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Name):
            yield node.id


def test_every_source_operator_and_way_of_running_has_a_sample() -> None:
    public = {
        name for name in dir(Flow) if not name.startswith("_") and callable(getattr(Flow, name))
    }
    assert len(public) > 40
    seen = {name for path in SAMPLES for name in asserted(path)}
    assert public - seen == RETURNS_NOTHING
    used = {name for path in SAMPLES for name in names(path)}
    assert used >= RETURNS_NOTHING
    functions = {name for name in operators.__all__ if name.islower()}
    assert functions <= used
