"""The demo: on a small tree of files, against the same thing written without a pipeline."""

from __future__ import annotations

import importlib
import io
import keyword
import re
import sys
import tokenize
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from operators.watching import watching
from operators.watching.meters import Meters
from tests.cli.program import ROOT

EXAMPLES = ROOT / "examples"
PACKAGES = {"alpha": 5, "beta": 4, "gamma": 3}


@pytest.fixture
def words(monkeypatch) -> Any:
    # The processes of the pool import it by its name.
    monkeypatch.syspath_prepend(str(EXAMPLES))
    yield importlib.import_module("stdlib_words")
    del sys.modules["stdlib_words"]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Looks like a standard library: packages, modules, and all that a file may have wrong."""
    root = tmp_path / "lib"
    for package, files in PACKAGES.items():
        for number in range(files):
            path = root / package / ("deep" if number % 2 else "") / f"file{number}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            names = " + ".join(f"{package}_{n}" for n in range(number + 1))
            path.write_text(f"import os\ndef f{number}(self):\n    return {names}\n" * (number + 1))
    (root / "single.py").write_text("self = 'self is only text here'  # and self here\n")
    (root / "empty.py").write_text("")
    (root / "latin.py").write_bytes(b"# -*- coding: latin-1 -*-\nname = '\xe9'\n")
    (root / "bad_encoding.py").write_bytes(b"# -*- coding: no-such -*-\nname = 1\n")
    (root / "bad_bytes.py").write_bytes(b"name = '\xff\xfe'\n")
    (root / "bad_syntax.py").write_text("open = (1,\n")
    (root / "bad_indent.py").write_text("if a:\n        b\n    c\n")
    (root / "notes.txt").write_text("self self self\n")
    (root / "site-packages" / "other").mkdir(parents=True)
    (root / "site-packages" / "other" / "big.py").write_text("self = 1\n" * 100)
    return root


def counted_plainly(root: Path) -> tuple[dict[str, Counter[str]], int, int, int]:
    packages: dict[str, Counter[str]] = {}
    files = lines = skipped = 0
    for path in root.rglob("*.py"):
        inside = path.relative_to(root)
        if inside.parts[0] == "site-packages":
            continue
        files += 1
        code = path.read_bytes()
        try:
            tokens = list(tokenize.tokenize(io.BytesIO(code).readline))
        except (SyntaxError, UnicodeDecodeError, tokenize.TokenError):
            skipped += 1
            continue
        lines += code.count(b"\n")
        names = packages.setdefault(inside.parts[0].removesuffix(".py"), Counter())
        for token in tokens:
            if token.type == tokenize.NAME and not keyword.iskeyword(token.string):
                names[token.string] += 1
    return packages, files, lines, skipped


def test_the_counts_are_those_of_plain_python(words: ModuleType, tree: Path):
    flow = words.pipeline_over(tree, 0)
    report = flow.run()
    packages, files, lines, skipped = counted_plainly(tree)
    assert skipped == 4
    assert (report.files, report.lines, report.skipped) == (files, lines, skipped)
    assert dict(report.packages) == packages
    total = sum(packages.values(), Counter())
    assert report.totals() == total
    assert total["self"] == 1 + 15 + 10 + 6
    shown = re.findall(r"^ *(\d+)\. (\S+) +([\d,]+) uses", str(report), re.MULTILINE)
    assert [place for place, _, _ in shown] == [str(n) for n in range(1, 21)][: len(total)]
    assert all(total[name] == int(uses) for _, name, uses in shown)


def test_the_slow_sink_holds_the_reader_back(words: ModuleType, tree: Path):
    for number in range(80):
        (tree / f"more{number:02}.py").write_text("more = 1\n")
    flow = words.pipeline_over(tree, 0.005)
    meters = Meters(flow)
    ahead: list[int] = []
    held_back = 0
    with watching(meters):
        for _ in flow:
            stages = {stage.title: stage for stage in meters.read().stages}
            ahead.append(stages["read"].emitted - stages["sink"].emitted)
            held_back += stages["read"].state == "waits for demand"
    reading = meters.read()
    emitted = {stage.emitted for stage in reading.stages}
    assert emitted == {len(ahead)}
    # Never more than the places of the pool and of the queue ahead of the sink, with 100 files to go.
    assert max(ahead) <= 2 * words.PROCESSES + 16
    assert held_back
    assert 1 <= reading.most_in_flight <= flow.describe().in_flight
    assert flow.describe().in_flight == 2 * words.PROCESSES + 16 + 1


def test_the_pool_ends_with_a_pipeline_that_is_left_early(words: ModuleType, tree: Path):
    # The fixture for the whole suite looks for processes and threads that are left.
    assert words.pipeline_over(tree, 0).take(2).run().files == 2


def test_each_run_has_a_pool_and_a_report_of_its_own(words: ModuleType, tree: Path, monkeypatch):
    monkeypatch.setattr(words, "STDLIB", tree)
    monkeypatch.setattr(words, "PAUSE", 0)
    first, second = words.pipeline.run(), words.pipeline.run()
    assert first.files == second.files == counted_plainly(tree)[1]


def test_the_demo_at_the_command_line(run, tree: Path, tmp_path: Path):
    (tmp_path / "demo.py").write_text(
        f"import sys\nsys.path.append({str(EXAMPLES)!r})\n"
        "from pathlib import Path\n"
        "import stdlib_words\n"
        f"def small(): return stdlib_words.pipeline_over(Path({str(tree)!r}), 0.001)\n"
    )
    done = run("demo.py:small")
    assert done.returncode == 0, done.stderr
    assert re.search(r"^ +\d+\. self +32 uses, in +4 packages$", done.stdout, re.MULTILINE)
    found = re.search(
        r"at most (\d+) at any time; the promised bound is (\d+)$", done.stdout, re.MULTILINE
    )
    assert found is not None
    assert 1 <= int(found[1]) <= int(found[2])
    assert re.search(r"MB the largest child process$", done.stdout, re.MULTILINE)
