"""Writes docs/operators.md, docs/operators/ and docs/names.md: `python tools/operator_docs.py`.

The facts are from the code, the pictures from real runs, the names elsewhere from
tools/operator_pages/names/. A test fails while a page is not what this makes.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tools.operator_pages.pages import pages  # noqa: E402

DOCS = ROOT / "docs"


def stale(made: dict[str, str], docs: Path) -> list[Path]:
    """Return the pages of operators that there are no more."""
    return sorted(
        page
        for page in (docs / "operators").rglob("*.md")
        if page.relative_to(docs).as_posix() not in made
    )


def main(docs: Path = DOCS) -> int:
    """Write all pages, and remove those of operators that there are no more; return 0."""
    made = pages()
    for name, text in made.items():
        (docs / name).parent.mkdir(parents=True, exist_ok=True)
        (docs / name).write_text(text, encoding="utf-8")
    gone = stale(made, docs)
    for page in gone:
        page.unlink()
    print(f"{len(made)} pages in docs/, {len(gone)} removed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
