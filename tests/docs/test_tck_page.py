"""The commands that docs/tck.md shows print what it says, in a folder with the files it has saved."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.test_docs import Block, blocks, same_output

ROOT = Path(__file__).resolve().parents[2]
PAGE = list(blocks((ROOT / "docs/tck.md").read_text("utf-8")))
DEADLINE = 55.0


def code(containing: str) -> str:
    return next(b.text for b in PAGE if b.language == "python" and containing in b.text)


def commands() -> list[tuple[str, Block | None]]:
    found = []
    for at, block in enumerate(PAGE):
        if block.language == "console":
            after = PAGE[at + 1] if at + 1 < len(PAGE) and PAGE[at + 1].follows else None
            found += [(line[2:], after) for line in block.text.splitlines() if line[:2] == "$ "]
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("five_minutes")
    (path / "mine.py").write_text(code("class Numbers"), "utf-8")
    test = "from mine import Numbers\n" + code("class TestNumbers")
    (path / "test_mine.py").write_text(test, "utf-8")
    (path / "pytest.ini").write_text("[pytest]\n", "utf-8")
    return path


def test_what_is_to_be_installed_is_an_extra() -> None:
    install, _ = commands()[0]
    assert install == "pip install 'reactive-streams[tck]'"
    assert "\ntck = [" in (ROOT / "pyproject.toml").read_text("utf-8")


@pytest.mark.parametrize(
    ("command", "shown"), commands()[1:], ids=[command for command, _ in commands()[1:]]
)
def test_the_command_prints_what_is_shown(folder: Path, command: str, shown: Block | None) -> None:
    words = shlex.split(command)
    assert words[0] == "python"
    if words[1:3] == ["-m", "pytest"]:
        # In a checkout that is not installed the plugin is not known by itself.
        words[3:3] = [] if plugin_is_installed() else ["-p", "tck.pytest_plugin"]
    done = subprocess.run(
        [sys.executable, *words[1:]], cwd=folder, capture_output=True, text=True,
        timeout=DEADLINE, check=False, encoding="utf-8",
        env={**os.environ, "PYTHONPATH": str(ROOT), "TCK_DEADLINE": "0.5", "PYTHONUTF8": "1"},
    )  # fmt: skip
    assert not done.stderr
    assert done.returncode == int("verify" in command or "pytest" in command)
    if shown is not None:
        assert same_output(shown.text, done.stdout), done.stdout


def plugin_is_installed() -> bool:
    from importlib.metadata import entry_points

    return any(found.name == "tck" for found in entry_points(group="pytest11"))
