"""For the tests of the command line: pipelines in a file, and the program as a user starts it."""

from __future__ import annotations

import signal
import subprocess
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.program import DEADLINE, Started, command, environment

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a module of pipelines, with the usual imports, and returns its path."""

    def write(text: str, name: str = "flows.py") -> Path:
        path = tmp_path / name
        path.write_text("from operators import Flow\n" + textwrap.dedent(text), encoding="utf-8")
        return path

    return write


Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs `python -m operators run ARGUMENTS` in the folder of the test, without a terminal."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command("run", *arguments),
            cwd=tmp_path,
            env=environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )

    return run


Start = Callable[..., Started]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts the program; whatever is left of it after the test is killed."""
    begun: list[Started] = []

    def start(*arguments: str) -> Started:
        begun.append(Started(tmp_path, *arguments))
        return begun[-1]

    yield start
    for each in begun:
        if each.process.poll() is None or each.left():
            each.signal(signal.SIGKILL)
        each.process.communicate()
