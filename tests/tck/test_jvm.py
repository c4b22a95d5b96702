"""The bridge to the JVM: where something is missing, it is named, and nothing fails."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.long

ROOT = Path(__file__).resolve().parents[2]
RUN = ROOT / "tools/jvm/run.py"


def run(path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *options, str(RUN)], capture_output=True, text=True, timeout=50,
        check=False, env={**os.environ, "PATH": str(path)},
    )  # fmt: skip


def tools(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).write_text("#!/bin/sh\nexit 1\n")
        (folder / name).chmod(0o755)
    return folder


@pytest.mark.parametrize(
    ("there", "lacking"),
    [((), "a JDK"), (("java",), "a JDK"), (("java", "javac"), "Maven")],
)
def test_what_is_missing_is_named(tmp_path: Path, there: tuple[str, ...], lacking: str) -> None:
    done = run(tools(tmp_path, *there))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"tck-jvm: skipped, for {lacking} is not on this machine")
    assert len(done.stdout.splitlines()) == 1


def test_without_jpype_it_says_what_to_install(tmp_path: Path) -> None:
    # Without site-packages there is none, wherever this runs.
    done = run(tools(tmp_path, "java", "javac", "mvn"), "-I", "-S")
    assert done.returncode == 0, done.stderr
    assert done.stdout == (
        "tck-jvm: skipped, for JPype is not installed: pip install 'reactive-streams[jvm]'\n"
    )


sys.path.insert(0, str(ROOT / "tools/jvm"))
import third_parties  # noqa: E402
from faults import FAULTS, Fault  # noqa: E402
from machine import missing  # noqa: E402
from readings import HEAD, READINGS, Reading  # noqa: E402

needs_jvm = pytest.mark.skipif(bool(missing()), reason=f"tck-jvm: {missing()}")


@pytest.mark.tools
@needs_jvm
@pytest.mark.parametrize("name", [fault.name for fault in FAULTS])
def test_the_official_kit_finds_what_is_wrong_with_the_kernel(name: str) -> None:
    done = subprocess.run(
        [sys.executable, str(RUN.parent / "sown.py"), name], capture_output=True, text=True,
        timeout=58, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.tools
@needs_jvm
def test_results_are_printed_with_the_reasons_of_what_is_skipped() -> None:
    done = subprocess.run(
        [sys.executable, str(RUN), "empty", "map.for_each"], capture_output=True, text=True,
        timeout=58, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "  empty                      7 passed  31 skipped   0 failed" in done.stdout
    assert "Unable to run this test, as required elements nr: 3 is higher" in done.stdout


def test_there_is_a_fault_for_each_kind_of_party() -> None:
    assert len({fault.name for fault in FAULTS}) == len(FAULTS) >= 15
    assert {fault.suite for fault in FAULTS} >= {"range", "range.publish_on", "as_processor(map)"}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_what_a_fault_changes_is_there_once(fault: Fault) -> None:
    # Seen without a JVM, too: else a kernel that moves on takes a fault away, and nobody knows.
    source = ROOT.joinpath(*fault.module.split(".")).with_suffix(".py").read_text("utf-8")
    assert source.count(fault.old) == 1, f"it is to change what {fault.module} has now"
    compile(source.replace(fault.old, fault.new), fault.module, "exec")


def found(alarms: dict[str, str], warnings: dict[str, str]) -> third_parties.Found:
    return third_parties.Found("Rival 1.0", "range", "Rival.range(n)", {"multicast": True}, 40,
                               alarms, warnings)  # fmt: skip


def test_what_is_not_known_counts_and_what_is_known_and_not_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known = [
        Reading("Rival", ("range",), "3.6", "They answer."),
        Reading("Rival", ("range",), "2.13", "They tell.", warning=True),
        Reading("Rival", ("timed",), "1.1", "Not this one."),
        Reading("Other", ("range",), "1.1", "Nor this one."),
    ]
    monkeypatch.setattr(third_parties, "READINGS", known)
    assert found({"3.6": "x"}, {"2.13": "y"}).strange == []
    assert found({"3.6": "x"}, {}).strange == ["not found: §2.13"]
    assert found({"3.6": "x", "2.13": "y"}, {}).strange == [
        "not known: §2.13 y", "not found: §2.13",
    ]  # fmt: skip
    assert found({"3.6": "x"}, {"2.13": "y", "1.1": "z"}).strange == ["not known: warning, §1.1 z"]
    page = third_parties.page([found({"3.6": "it answers"}, {"2.13": "it tells"})])
    assert "| Rival 1.0 | range | `Rival.range(n)` | `multicast=True` | [§3.6]" in page
    assert "> it answers\n\nThey answer." in page
    assert "Warned of: range. In the words of the kit:\n\n> it tells\n\nThey tell." in page
    assert "Nor this one" not in page


def test_the_page_has_all_that_is_known() -> None:
    page = (ROOT / "docs/third-parties.md").read_text("utf-8")
    assert page.startswith(HEAD)
    for reading in READINGS:
        assert f"### {reading.library}, §{reading.rule}\n" in page
        assert reading.text in page
