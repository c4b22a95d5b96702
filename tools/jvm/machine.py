"""The machine: whether there is one, the jars and classes that it is started with, and its start."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = ROOT / "build" / "tck-jvm"
FETCHED = "fetched"
"""A copy of the pom beside the jars: they are fetched again when it has changed."""


def missing() -> str:
    """Return what this machine lacks; nothing where it lacks nothing."""
    for tool, what in (("java", "a JDK"), ("javac", "a JDK"), ("mvn", "Maven")):
        if shutil.which(tool) is None:
            return f"{what} is not on this machine ({tool} was not found)"
    if importlib.util.find_spec("jpype") is None:
        return "JPype is not installed: pip install 'reactive-streams[jvm]'"
    return ""


def start() -> None:
    """Fetch the jars and compile the bridge, where that was not done yet, and start the machine."""
    import jpype
    import jpype.config

    jars, classes = BUILD / "jars", BUILD / "classes"
    pom, bridge = HERE / "pom.xml", HERE / "Bridge.java"
    if not _same(pom, jars / FETCHED):
        print("fetching the official kit and the libraries with Maven ...", flush=True)
        shutil.rmtree(jars, ignore_errors=True)
        command = ["mvn", "-q", "-B", "-f", str(pom), "dependency:copy-dependencies"]
        _run([*command, f"-DoutputDirectory={jars}"], 600)
        shutil.copy(pom, jars / FETCHED)
    if not _same(bridge, classes / FETCHED):
        shutil.rmtree(classes, ignore_errors=True)
        classes.mkdir(parents=True)
        command = ["javac", "-nowarn", "-Xlint:-unchecked", "-XDsuppressNotes", "-cp", f"{jars}/*"]
        _run([*command, "-d", str(classes), str(bridge)], 120)
        shutil.copy(bridge, classes / FETCHED)
    jpype.config.destroy_jvm = False  # `leave` ends the program
    jpype.startJVM(
        f"-XX:ErrorFile={BUILD}/hs_err_%p.log", classpath=[f"{jars}/*", str(classes)],
        convertStrings=False,
    )  # fmt: skip


def leave(code: int) -> NoReturn:
    """End the program, whatever hangs in the machine, or calls from there into an interpreter that ends."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _same(file: Path, copy: Path) -> bool:
    return copy.is_file() and copy.read_bytes() == file.read_bytes()


def _run(command: list[str], seconds: float) -> None:
    done = subprocess.run(
        command, capture_output=True, encoding="utf-8", errors="replace", timeout=seconds,
        check=False,
    )  # fmt: skip
    if done.returncode:
        sys.exit(f"{command[0]} has failed ({done.returncode}):\n{done.stdout}{done.stderr}")
