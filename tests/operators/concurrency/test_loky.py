"""map_async on loky, whose pool is another one when a worker has died."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.program import ROOT, environment

PROGRAM = Path(__file__).with_name("loky_program.py")
A_POOL = 120.0  # seconds: processes are slow to begin on a busy machine


@pytest.mark.long
@pytest.mark.timeout(A_POOL + 20)
def test_a_worker_that_dies_is_survived_or_told(tmp_path: Path) -> None:
    pytest.importorskip("loky", reason="loky is not installed")
    command = [sys.executable, str(PROGRAM), str(tmp_path)]
    ran = subprocess.run(
        command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=A_POOL
    )
    assert ran.returncode == 0, ran.stderr[-3_000:]
    survived, told = map(json.loads, ran.stdout.splitlines())
    assert survived == {"results": list(range(1, 41)), "killed": True}
    assert told["error"] == "TerminatedWorkerError"
    assert "workers have died" in told["notes"]
    assert "give executor= a function that makes one" in told["notes"]
    assert "item: 1" in told["notes"]
