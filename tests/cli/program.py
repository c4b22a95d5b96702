"""The program as a user starts it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DEADLINE = 50.0  # seconds: generous, since a busy machine is no failure


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "operators", *arguments]


def environment(**more: str) -> dict[str, str]:
    # What a test runs is the code beside it, wherever the package is installed from.
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {**os.environ, "PYTHONPATH": path, "COLUMNS": "100", **more}


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
        """Whether any process of the group still runs, after a while."""
        deadline = time.monotonic() + DEADLINE / 5
        while _runs(self.process.pid):
            if time.monotonic() > deadline:
                return True
            time.sleep(0.02)
        return False


def _runs(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    # One that has ended counts until somebody has asked for its exit code, which is not our concern.
    states = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, _, its_group = stat.read_text().rpartition(")")[2].split()[:3]
            states += [state] if int(its_group) == group else []
    return not states or any(state != "Z" for state in states)
