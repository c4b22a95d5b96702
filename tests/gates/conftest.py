"""What the tests of the gates share: a small project under the real project's configuration."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Passes every gate, and holds what must stay allowed next to what is forbidden.
GOOD = {
    "reactive_streams/__init__.py": '''"""The specification."""

UNBOUNDED: int = 2**63 - 1
''',
    "reactive_streams/py.typed": "",
    "operators/__init__.py": '''"""The operators."""

from operators.flow import Flow

__all__ = ["Flow"]
''',
    "operators/py.typed": "",
    "operators/flow.py": '''"""The face."""

from operators._kernel.links.stage import Stage


class Flow:
    """A flow."""

    def stage(self) -> Stage:
        """Its only stage."""
        return Stage(self)
''',
    "operators/connectors/__init__.py": '''"""Connectors, which use the rest."""

from operators.flow import Flow

__all__ = ["Flow"]
''',
    "operators/_kernel/__init__.py": '"""The kernel."""\n',
    "operators/_kernel/links/__init__.py": '"""The links."""\n',
    "operators/_kernel/links/stage.py": '''"""A stage: the kernel may lock, and may know outer types."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from reactive_streams import UNBOUNDED

if TYPE_CHECKING:
    from operators.flow import Flow


class Stage:
    """A stage."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.demand: int = UNBOUNDED
        self._lock = threading.Lock()
''',
    "tck/__init__.py": """\"\"\"The kit.\"\"\"

from tck.oracle.rules import RULES

__all__ = ["RULES"]
""",
    "tck/py.typed": "",
    "tck/recording/__init__.py": '"""What records."""\n',
    "tck/scripts/__init__.py": '"""What makes scripts up."""\n',
    "tck/oracle/__init__.py": '"""What judges."""\n',
    "tck/oracle/model.py": '''"""What a rule is told."""

import tck.recording as recording

__all__ = ["recording"]
''',
    "tck/oracle/rules.py": '''"""The rules."""

import tck.oracle.model as model

RULES: int = len(model.__all__)
''',
    "tests/test_flow.py": """from operators import Flow


def test_stage():
    flow = Flow()
    assert flow.stage().flow is flow
""",
}


@pytest.fixture
def root() -> Path:
    """The project itself."""
    return ROOT


@pytest.fixture
def sample(tmp_path: Path) -> Callable[[Mapping[str, str]], Path]:
    """Makes the small project, with further files, or with other contents of the same ones."""

    def make(files: Mapping[str, str]) -> Path:
        folder = tmp_path / "sample"
        for name, text in {**GOOD, **files}.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        shutil.copy2(ROOT / "pyproject.toml", folder)
        return folder

    return make


@pytest.fixture
def check() -> Callable[..., tuple[int, str]]:
    """Runs steps of `make check` on a folder; gives their exit status and what they printed."""

    def run(folder: Path, *steps: str) -> tuple[int, str]:
        command = [sys.executable, str(ROOT / "tools" / "check.py"), "--root", str(folder), *steps]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    return run
