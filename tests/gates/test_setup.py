"""Setting up: an interpreter is found or its lack is told; nothing is set up twice."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Answers the questions of find_python.sh as an interpreter of that version would.
FAKE = """#!/bin/sh
case "$2" in
    *version_info*) {version} ;;
    *ensurepip*) {venv} ;;
    *) echo "{name}" ;;
esac
"""
TOOLS = ("awk", "basename", "cat", "dirname", "env", "id", "sh", "timeout", "bash", "touch")


@pytest.fixture
def machine(tmp_path: Path) -> Callable[..., Path]:
    """Makes a folder for PATH, with the basic tools and only those interpreters that are named."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in TOOLS:
        if found := shutil.which(tool):
            folder.joinpath(tool).symlink_to(found)

    def make(**pythons: str) -> Path:
        for name, kind in pythons.items():
            path = folder / name.replace("_", ".")
            path.write_text(
                FAKE.format(
                    name=path,
                    version="exit 1" if kind == "old" else "exit 0",
                    venv="exit 1" if kind == "no venv" else "exit 0",
                )
            )
            path.chmod(0o755)
        return folder

    return make


def run(
    *command: str, path: Path, cwd: Path = ROOT, env: Mapping[str, str] | None = None
) -> tuple[int, str]:
    done = subprocess.run(
        command,
        cwd=cwd,
        env={"PATH": str(path), "HOME": str(path), **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout.strip()


def find(path: Path, *arguments: str, **env: str) -> tuple[int, str]:
    return run("sh", "tools/find_python.sh", *arguments, path=path, env=env)


def test_the_newest_suitable_interpreter_is_chosen(machine):
    path = machine(python3="good", python3_11="good", python3_12="good", python3_13="old")
    assert find(path) == (0, f"{path}/python3.12")


def test_one_without_venv_is_passed_over(machine):
    path = machine(python3_13="no venv", python3="good")
    assert find(path) == (0, f"{path}/python3")


def test_the_chosen_one_is_taken(machine):
    path = machine(python3_13="good", mine="good")
    assert find(path, PYTHON=f"{path}/mine") == (0, f"{path}/mine")


def test_a_certain_version_is_found_among_those_of_a_version_manager(machine):
    path = machine(python3_12="old")
    home = path / ".pyenv/versions/3.12.4/bin"
    home.mkdir(parents=True)
    machine(python="good").joinpath("python").rename(home / "python")
    status, output = find(path, "3.12")
    assert (status, Path(output).name) == (0, "python")


@pytest.mark.parametrize(
    ("pythons", "env", "message"),
    [
        (
            {},
            {},
            "error: no Python >= 3.11 found (tried: python3.13 python3.12 python3.11 python3)",
        ),
        ({"python3": "old"}, {}, "error: no Python >= 3.11 found"),
        ({"python3": "no venv"}, {}, "error: python3 has no venv module"),
        ({"python3": "good"}, {"PYTHON": "mine"}, "error: no Python >= 3.11 found (tried: mine)"),
    ],
    ids=["none", "old", "no-venv", "chosen-one-missing"],
)
def test_a_lack_is_told_in_one_line(machine, pythons, env, message):
    status, output = find(machine(**pythons), **env)
    assert status == 1
    assert output.startswith(message)
    assert "\n" not in output


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """A project that has been set up for its tests and its demo, by the looks of its files."""
    shutil.copy2(ROOT / "Makefile", tmp_path)
    for age, name in enumerate(["pyproject.toml", ".venv/bin/python", ".venv/.has-test"]):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        os.utime(path, (1_000_000 + age, 1_000_000 + age))
    return tmp_path


def commands(folder: Path, target: str) -> str:
    make = shutil.which("make")
    assert make is not None
    status, output = run(make, "--dry-run", target, path=Path(os.environ["PATH"]), cwd=folder)
    assert status == 0, output
    return output


def test_nothing_is_set_up_twice(environment):
    compiles, tests = commands(environment, "test").splitlines()
    assert compiles.startswith(".venv/bin/python -m compileall ")
    assert tests.startswith(".venv/bin/python -m pytest ")


def test_other_requirements_are_installed(environment):
    environment.joinpath("pyproject.toml").touch()
    installed = commands(environment, "test")
    assert "-m pip install --quiet --editable '.[test]'" in installed
    assert "-m venv" not in installed


def test_the_demo_needs_less(environment):
    installed = commands(environment, "demo")
    assert "--editable '.[terminal]'" in installed
    assert "[test]" not in installed


def test_an_environment_without_its_interpreter_is_made_anew(environment):
    python = environment / ".venv/bin/python"
    python.unlink()
    python.symlink_to(environment / "gone")
    installed = commands(environment, "test")
    assert "-m venv --clear .venv" in installed
    assert "--editable '.[test]'" in installed


def test_ci_runs_the_tests_and_then_the_checks(machine, tmp_path):
    path = machine(python3="good", make="good")
    said = tmp_path / "said"
    path.joinpath("make").write_text(f'#!/bin/sh\necho "make $@" >>{said}\n')
    assert run("bash", ".ci/run", path=path, env={"CI": "true"})[0] == 0
    steps = [step.partition(" ARGS=") for step in said.read_text().splitlines()]
    assert [target.removeprefix("make ") for target, _, _ in steps] == [
        "test",
        "test-long",
        "check",
        "test-connectors",
        "test-3.13",
    ]
    for kept in " ".join(arguments for _, _, arguments in steps).split():
        assert (ROOT / kept.removeprefix("--ignore=")).exists()


@pytest.mark.parametrize("gone", [0, 900, 3_000])
def test_ci_would_end_within_20_minutes(machine, tmp_path, gone):
    path = machine(python3="good", make="good")
    limits = tmp_path / "limits"
    path.joinpath("timeout").unlink()
    path.joinpath("timeout").write_text(f'#!/bin/sh\necho "$2" >>{limits}\n')
    path.joinpath("timeout").chmod(0o755)
    env = {"CI": "true", "SECONDS": str(gone)}
    assert run("bash", ".ci/run", path=path, env=env)[0] == 0
    seconds = [int(limit.removesuffix("s")) for limit in limits.read_text().splitlines()]
    assert len(seconds) == 5
    assert min(seconds) > 0
    assert max(seconds) <= max(1, 20 * 60 - 30 - gone)


def test_ci_ends_with_the_first_failure(machine, tmp_path):
    path = machine(python3="good", make="good")
    said = tmp_path / "said"
    path.joinpath("make").write_text(f'#!/bin/sh\necho "make $@" >>{said}\nexit 2\n')
    assert run("bash", ".ci/run", path=path, env={"CI": "true"})[0] == 2
    assert said.read_text().splitlines() == ["make test"]


def test_ci_installs_what_a_bare_machine_lacks(machine, tmp_path):
    path = machine(**{"apt-get": "good", "sudo": "good"})
    said = tmp_path / "said"
    path.joinpath("sudo").write_text('#!/bin/sh\nshift\nexec "$@"\n')
    path.joinpath("apt-get").write_text(f'#!/bin/sh\necho "$@" >>{said}\n')
    # Nothing is really installed here, so the first command after it fails.
    assert run("bash", ".ci/run", path=path, env={"CI": "true"})[0] != 0
    lines = said.read_text().splitlines()
    assert lines[::2] == ["update -qq"] * 2
    assert lines[1].endswith(" make")
    assert lines[3].endswith(" python3 python3-venv")
