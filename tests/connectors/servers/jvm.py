"""The JVM, which starts once in a process: so what needs it runs in processes of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.connectors.servers.base import built, program, unavailable

ROOT = Path(__file__).resolve().parents[3]


def jars() -> Path:
    """Fetch the libraries of the JVM, once; return the folder of their jars."""

    def fetch(folder: Path) -> None:
        maven = shutil.which("mvn")
        if maven is None:
            unavailable("jvm", "there is no Maven (mvn) to fetch its libraries")
        command = [maven, "-q", "-B", "-f", str(ROOT / "tools/jvm/pom.xml")]
        command += ["dependency:copy-dependencies", f"-DoutputDirectory={folder}"]
        subprocess.run(command, check=True, capture_output=True, timeout=600)

    program("java", package="default-jre-headless")
    return built("jvm-libraries", fetch)


def apart(what: str, name: str) -> str:
    """Run one of tests.connectors.jvm_apart in a process of its own; return what it has printed."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.connectors.jvm_apart", what, name],
        cwd=ROOT,
        env={**os.environ, "JARS": f"{jars()}/*"},
        capture_output=True,
        text=True,
        timeout=55,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()
