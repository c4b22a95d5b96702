"""Writes docs/connectors/faults.md from what comes of each fault: `connector_docs.py [system ...]`.

A test fails while a line of the page is not what came of it. Of systems that are not named, where some are,
the lines stay as they are. Real servers are started for it.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

PAGE = ROOT / "docs" / "connectors" / "faults.md"
HEAD = """# What comes of faults

Written by `tools/connector_docs.py` from what comes of each fault, which every run of the tests compares:
`tests/connectors/faults/` has how each is brought about. After every one of them the tests look whether a
thread, a task, a socket or a file was left behind.

| system | fault | what comes of it |
| --- | --- | --- |
"""


def line(system: str, fault: str, outcome: str) -> str:
    """Return the line of one fault."""
    return f"| {system} | {fault} | {outcome} |"


def lines(page: str) -> dict[tuple[str, str], str]:
    """Return the lines of the page by system and fault."""
    found: dict[tuple[str, str], str] = {}
    for text in page.removeprefix(HEAD).splitlines():
        system, fault, _ = (part.strip() for part in text.strip("|").split("|", 2))
        found[system, fault] = text
    return found


def main(systems: list[str]) -> None:
    """Run the faults, and write the page."""
    from tests.connectors.faults import all_faults
    from tests.connectors.servers.base import end_all

    before = lines(PAGE.read_text(encoding="utf-8"))
    try:
        made = [
            before[names]
            if systems and names[0] not in systems and names in before
            else line(*names, function())
            for names, function in sorted(all_faults().items())
        ]
    finally:
        end_all()
    PAGE.write_text(HEAD + "\n".join(made) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
