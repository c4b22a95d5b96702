"""For the tests of the command line: pipelines in a file, and the program as a user starts it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DEADLINE = 50.0  # seconds: generous, since a busy machine is no failure


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "operators", *arguments]


def environment(**more: str) -> dict[str, str]:
    # What a test runs is the code beside it, wherever the package is installed from.
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {**os.environ, "PYTHONPATH": path, "COLUMNS": "100", **more}


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


class Started:
    """The program in a process group of its own, as in a terminal."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.process = subprocess.Popen(
            command("run", *arguments),
            cwd=folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def wait_for(self, marker: str) -> None:
        """Read what it prints up to the marker, which the pipeline prints when it is under way."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if marker in line:
                return
        raise AssertionError(f"it ended without {marker!r}: {self.process.communicate()[1]}")

    def wait_for_error(self, marker: str) -> None:
        """Read what it says on standard error up to the marker."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if marker in line:
                return
        raise AssertionError(f"it ended without {marker!r}")

    def signal(self, number: int) -> None:
        """Send a signal to all of its group, as a terminal does."""
        os.killpg(self.process.pid, number)

    def end(self) -> tuple[int, str, str]:
        """Wait for its end; return the exit code and the rest of both outputs."""
        out, err = self.process.communicate(timeout=DEADLINE)
        return self.process.returncode, out, err

    def left(self) -> bool:
        """Whether any process of the group is still there, after a while."""
        deadline = time.monotonic() + DEADLINE / 5
        while time.monotonic() < deadline:
            try:
                os.killpg(self.process.pid, 0)
            except ProcessLookupError:
                return False
            time.sleep(0.02)
        return True


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
