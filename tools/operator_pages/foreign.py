"""What other libraries call our operators, and what of theirs is not here: read from names/*.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_NAMES = Path(__file__).parent / "names"
LIBRARIES = ("reactivex", "reactor", "rxjava", "pekko", "aiostream")
"""In the order in which they are shown; each has a file of this name."""


@dataclass(frozen=True)
class Library:
    """The operators of another library, and what they are here."""

    key: str
    title: str
    what: str
    here: dict[str, list[str]]
    """By ours, the names of it there."""
    otherwise: dict[str, str]
    """What is no operator here, and what does it."""
    not_here: dict[str, str]
    """What is not here, and why."""

    @property
    def names(self) -> set[str]:
        """All names of theirs."""
        there = {name for names in self.here.values() for name in names}
        return there | self.otherwise.keys() | self.not_here.keys()

    def rows(self) -> Iterator[tuple[str, list[str], str]]:
        """Return each name of theirs in order, with our operators for it, or what else is to be said."""
        for name in sorted(self.names, key=lambda each: (each.lower(), each)):
            ours = [mine for mine, theirs in self.here.items() if name in theirs]
            yield name, ours, self.otherwise.get(name, "") or self.not_here.get(name, "")


def library(key: str) -> Library:
    """Return the library whose file has this name; raises ValueError where a name stands in two places."""
    data = tomllib.loads((_NAMES / f"{key}.toml").read_text(encoding="utf-8"))
    found = Library(
        key,
        data["title"],
        data["what"],
        data["here"],
        _by_name(data.get("otherwise", []), "how"),
        _by_name(data.get("not_here", []), "why"),
    )
    here = {name for names in found.here.values() for name in names}
    twice = (
        (here & found.otherwise.keys())
        | (here & found.not_here.keys())
        | (found.otherwise.keys() & found.not_here.keys())
    )
    if twice:
        raise ValueError(f"{key}.toml: in two places: {', '.join(sorted(twice))}")
    return found


def _by_name(entries: list[dict[str, Any]], word: str) -> dict[str, str]:
    return {name: entry[word] for entry in entries for name in entry["names"]}


def libraries() -> list[Library]:
    """Return all of them."""
    return [library(key) for key in LIBRARIES]
