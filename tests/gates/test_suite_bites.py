"""The settings of the test suite fail what they are there to fail."""

from __future__ import annotations

from pathlib import Path

import pytest

BAD = """
import asyncio
import threading
import warnings

import pytest


def test_warning():
    warnings.warn("old", DeprecationWarning)


def test_exception_in_a_thread():
    thread = threading.Thread(target=lambda: 1 / 0)
    thread.start()
    thread.join()


def test_exception_in_a_finaliser():
    class Bad:
        def __del__(self):
            raise ValueError("in a finaliser")

    Bad()


def test_coroutine_never_awaited():
    async def forgotten():
        pass

    forgotten()


def test_file_never_closed():
    open(__file__)


@pytest.mark.xfail(reason="expected")
def test_expected_failure_passes():
    pass


def test_good():
    pass
"""

HANG = """
import threading


def test_hang():
    threading.Event().wait()


def test_after_the_hang():
    pass
"""


GOOD = """
import pytest

@pytest.mark.parametrize("n", range(5))
def test_good(n):
    pass
"""
CRASH = (
    GOOD
    + """
import os
from pathlib import Path

def test_crash():  # which is run once more
    before = Path("before")
    if not before.exists():
        before.touch()
        os.kill(os.getpid(), 9)
"""
)


@pytest.fixture
def project(pytester: pytest.Pytester, root: Path) -> pytest.Pytester:
    """An empty project with the settings of this one."""
    pytester.path.joinpath("pyproject.toml").write_text((root / "pyproject.toml").read_text())
    pytester.path.joinpath("tests").mkdir()
    return pytester


def write(project: pytest.Pytester, text: str) -> None:
    project.path.joinpath("tests", "test_sample.py").write_text(text)


def test_warnings_and_lost_exceptions_fail(project):
    write(project, BAD)
    result = project.runpytest_subprocess()
    result.assert_outcomes(failed=6, passed=1)
    for message in (
        "*DeprecationWarning: old*",
        "*PytestUnhandledThreadExceptionWarning*",
        "*in a finaliser*",
        "*was never awaited*",
        "*unclosed file*",
        "*XPASS(strict)*expected*",
    ):
        result.stdout.fnmatch_lines(message)


def test_a_hang_fails_with_its_stack_and_the_run_goes_on(project):
    write(project, HANG)
    result = project.runpytest_subprocess("-o", "timeout=1")
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["*threading.Event().wait()*", "*Timeout*1.0s*"])


@pytest.mark.long
def test_a_crash_fails_its_test_and_the_run_ends(project, root):
    spread = (root / "tests/spread.py").read_text()
    project.path.joinpath("conftest.py").write_text(
        spread + "\n\ndef pytest_xdist_make_scheduler(config, log): return Spread(config, log)\n"
    )
    for n in range(8):
        project.path.joinpath("tests", f"test_{n}.py").write_text(CRASH if n == 7 else GOOD)
    result = project.runpytest_subprocess("-n", "3", "--dist", "loadfile", timeout=150)
    result.assert_outcomes(failed=1, passed=8 * 5 + 1)
    result.stdout.fnmatch_lines("*crashed while running*test_crash*")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import pytest\n\n@pytest.mark.unknwon\ndef test(): pass\n", "*'unknwon' not found in*"),
        ("import no_such_module\n", "*No module named 'no_such_module'*"),
    ],
    ids=["unknown-mark", "broken-import"],
)
def test_collection_is_strict(project, text, message):
    write(project, text)
    result = project.runpytest_subprocess()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(message)


def test_an_unknown_setting_is_refused(project):
    write(project, "def test(): pass\n")
    result = project.runpytest_subprocess("-o", "timeuot=1")
    assert result.ret != 0
    result.stderr.fnmatch_lines("*Unknown config option: timeuot*")
