"""The packages are imported where nothing but the one run-time dependency is installed."""

from __future__ import annotations

import subprocess
import sys

import pytest

# Hides what else this environment has: an extra that is imported at once is an extra no more.
ALONE = """
import importlib, sys

allowed = sys.stdlib_module_names | {"typing_extensions", "reactive_streams", "operators"}


class Hide:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in allowed:
            raise ModuleNotFoundError(f"{name} is no run-time dependency")


sys.path.insert(0, sys.argv[1])
sys.meta_path.insert(0, Hide())
for package in ("reactive_streams", "operators"):
    importlib.import_module(package)
    print(sys.modules[package].__file__)
"""


def import_alone(folder) -> tuple[int, str]:
    command = [sys.executable, "-c", ALONE, str(folder)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_the_packages_need_nothing_else(root):
    status, output = import_alone(root)
    assert status == 0, output


@pytest.mark.parametrize("name", ["rich", "pytest"])
def test_an_extra_imported_at_once_fails(sample, name):
    status, output = import_alone(sample({"operators/flow.py": f"import {name}\n"}))
    assert status != 0
    assert f"{name} is no run-time dependency" in output
    assert import_alone(sample({}))[0] == 0
