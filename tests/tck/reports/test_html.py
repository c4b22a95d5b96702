"""The page: self-contained, escaped, and shown by a real browser as it is meant to be."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tck.reports.html import page
from tck.reports.report import Report
from tck.reports.results import Result, Violation

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def broken() -> Report:
    found = Violation(
        rule="3.9", check="spec309_zero", message="<script>alert(1)</script>",
        script="import tck\na.request(0)", diagram="1 | missing  <-- §3.9 broken\n2 | after",
    )  # fmt: skip
    return Report(
        subject="mine:<Deaf>",
        results=(
            Result(
                name="spec309_zero", rule="3.9", kind="required", outcome="failed",
                violations=(found,), reason="§3.9: <b>",
            ),
            Result(name="spec101", rule="1.1", kind="required", outcome="passed"),
        ),
        seed=7,
    )  # fmt: skip


def test_nothing_is_loaded_and_all_is_escaped():
    text = page([broken()])
    assert not re.search(r"\bsrc=|url\(|@import|<link|https?:", text)
    assert all(target.startswith("#") for target in re.findall(r'href="([^"]*)"', text))
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)" in text
    assert "mine:<Deaf>" not in text
    assert text.count('class="cell ') == 43
    assert text.count("<mark>") == 1


def browser(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip(f"no browser: none of {', '.join(BROWSERS)} is on the PATH")
    return subprocess.run(
        [found, "--headless", "--no-sandbox", "--disable-gpu", "--window-size=1280,1600",
         f"--user-data-dir={folder / 'profile'}", *arguments],
        capture_output=True, text=True, timeout=50, check=True,
    )  # fmt: skip


def test_in_a_browser(tmp_path):
    file = tmp_path / "report.html"
    file.write_text(page([broken(), broken()]), "utf-8")
    dom = browser(tmp_path, "--dump-dom", file.as_uri()).stdout
    assert dom.count('data-status="failed"') == 2
    assert dom.count('data-status="not looked at"') == 82
    assert dom.count('data-outcome="passed"') == 2
    assert 'href="#r2-3.9"' in dom
    folder = Path(os.environ.get("PAGES_FOLDER", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    picture = folder / "report.png"
    browser(tmp_path, f"--screenshot={picture}", file.as_uri())
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size > 20_000


def test_the_filter_of_the_checks_works_in_a_browser(tmp_path):
    file = tmp_path / "report.html"
    typed = """<script>
      const box = document.querySelector("input[type=search]");
      box.value = "3.9"; box.dispatchEvent(new Event("input", {bubbles: true}));
    </script></body>"""
    file.write_text(page([broken()]).replace("</body>", typed), "utf-8")
    dom = browser(tmp_path, "--dump-dom", file.as_uri()).stdout
    assert "<output>1 of 2 shown</output>" in dom
    assert re.search(r'data-outcome="passed" hidden', dom)
