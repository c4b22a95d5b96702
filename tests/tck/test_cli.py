"""The command line of the kit: exit codes, files, and one clear line for bad use."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tck.reports.report import load

ROOT = Path(__file__).resolve().parents[2]
DEADLINE = 50.0
MINE = """
import threading


class Numbers:
    "Synchronous, and right."

    def __init__(self, elements):
        self.elements = elements

    def subscribe(self, subscriber):
        if subscriber is None:
            raise TypeError("subscriber is None (§1.9)")
        link = self.link(subscriber, self.elements)
        try:
            subscriber.on_subscribe(link)
        except Exception:
            link.cancel()

    def link(self, subscriber, elements):
        return Link(subscriber, elements)


class Link:
    def __init__(self, subscriber, elements):
        self.subscriber, self.left, self.demand = subscriber, elements, 0
        self.at, self.busy, self.bad, self.lock = 0, False, None, threading.Lock()

    def request(self, n):
        with self.lock:
            if self.subscriber is None:
                return
            if type(n) is not int:
                self.bad = TypeError("§3.9: demand must be an int")
            elif n <= 0:
                self.bad = ValueError("§3.9: demand must be positive")
            else:
                self.demand = min(self.demand + n, 2**63 - 1)
            if self.busy:
                return
            self.busy = True
        while True:
            with self.lock:
                subscriber = self.subscriber
                if subscriber is None or (not self.bad and not self.demand and self.left):
                    self.busy = False
                    return
                bad, over = self.bad, not self.left
                if bad or over:
                    self.subscriber = None
                else:
                    self.demand -= 1
                    self.left -= 1
                    self.at += 1
            if bad:
                return subscriber.on_error(bad)
            if over:
                return subscriber.on_complete()
            try:
                subscriber.on_next(self.at)
            except Exception:
                self.subscriber = None

    def cancel(self):
        self.subscriber = None


class DeafLink(Link):
    def request(self, n):
        if n != 0:
            super().request(n)


class Deaf(Numbers):
    "Ignores a request for nothing (§3.9)."

    def link(self, subscriber, elements):
        return DeafLink(subscriber, elements)
"""


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    return subprocess.run(
        [sys.executable, "-m", "tck", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path, "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        timeout=DEADLINE,
        check=False,
    )


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    (tmp_path / "mine.py").write_text(MINE, "utf-8")
    return tmp_path


def test_a_publisher_that_conforms(mine: Path):
    done = run(mine, "verify", "mine.py:Numbers", "--seed", "7")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("mine:Numbers conforms")
    assert "seed 7" in done.stdout
    assert "✗" not in done.stdout


def test_a_publisher_that_does_not_is_told_with_its_rule_and_its_files(mine: Path):
    done = run(
        mine, "verify", "mine:Deaf", "--deadline", "0.2", "--json", "r.json", "--html", "r.html"
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert "✗ 3.9  failed" in done.stdout
    assert "from mine import Deaf" in done.stdout
    assert "a.request(0)" in done.stdout
    [report] = load(mine / "r.json")
    assert [violation.rule for violation in report.violations] == ["3.9"]
    assert json.loads((mine / "r.json").read_text("utf-8"))["passed"] is False
    assert 'id="r1-3.9"' in (mine / "r.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("verify", "mine.py:Numberz"), "did you mean Numbers?"),
        (("verify", "mine.py"), "which factory of it?"),
        (("verify", "other.py:made"), "other.py: no such file"),
        (("verify", "no_such_module:made"), "no such module"),
        (("verify", "mine.py:threading"), "not a function or class"),
        (("verify", "mine.py:Link"), "missing a required argument"),
        (("verify", "mine.py:Numbers", "--deadline", "0"), "deadline must be more than 0"),
        (("verify", "mine.py:Numbers", "--whitebox", "x"), "--whitebox is for --kind subscriber"),
        (("verify", "mine.py:Numbers", "--quiet", "inf"), "quiet is too long"),
        (("verify", "mine.py:Numbers", "--seed", "x"), "invalid int value: 'x'"),
        (("verify", "mine.py:Numbers", "--json", "no/r.json"), "there is no folder no"),
        (("verify", "mine.py:Numbers", "--html", "."), "it is a folder"),
        (("verify", ".mine:Numbers"), "neither a Python file nor the full name of a module"),
        (("rules", "x"), "unrecognized arguments: x"),
        (("explain", "3.18"), "no rule '3.18'"),
    ],
)
def test_bad_use_is_one_line(mine: Path, arguments: tuple[str, ...], says: str):
    done = run(mine, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_the_rules_are_listed():
    done = run(ROOT, "rules")
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 43


def test_a_rule_is_explained_with_an_example_that_is_run(mine: Path):
    done = run(mine, "explain", "§3.9")
    assert (done.returncode, done.stderr) == (0, "")
    assert "required_spec309_request_zero_must_signal" in done.stdout
    assert "Run now, a" in done.stdout
    assert "<-- §3.9 broken" in done.stdout


def test_nothing_is_left_beside_the_users_files(tmp_path):
    text = "class Broken:\n    def __init__(self, n): pass\n    def subscribe(self, s): pass\n"
    (tmp_path / "mine.py").write_text(text, "utf-8")
    command = [sys.executable, "-B", "-m", "tck", "verify", "mine.py:Broken", "--deadline", "0.01"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1, ended.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["mine.py"]
