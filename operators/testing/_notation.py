"""The notation of marbles: one character is one tick."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from operators._kernel.failures.failure import brief
from reactive_streams import UNBOUNDED

Values = Mapping[str, Any] | Callable[[str], Any]
"""What the letters of items stand for."""

_TOKEN = re.compile(
    r"(?P<pass>-)|(?P<group>\((?P<wide>[^()\[\]]*)\)|\[(?P<narrow>[^()\[\]]*)\])|(?P<one>\^(?:\d+|\*)?|[^-()\[\]^,])"
)
_UP = re.compile(r"\^(?:\d+|\*)?|!")
_RESERVED = frozenset("-()[]|#^!, ")


class MarbleError(Exception):
    """What `#` in marbles stands for, unless another error is given."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A signal at a tick: on_next, on_error, on_complete, request or cancel, and its value."""

    at: int
    name: str
    value: Any = None


def parse(text: str, values: Values | None, error: Any) -> list[Mark]:
    """Return the signals that go down; raise ValueError for what is no marbles."""
    marks: list[Mark] = []
    for at, word in _words(text, _items_of):
        if marks and marks[-1].name != "on_next":
            raise ValueError(f"marbles: {word!r} comes after the end, in {text!r}")
        if word == "|":
            marks.append(Mark(at, "on_complete"))
        elif word == "#":
            marks.append(Mark(at, "on_error", error))
        elif word[0] in "^!":
            raise ValueError(f"marbles: {word!r} goes up; it belongs in demand=, not in {text!r}")
        else:
            marks.append(Mark(at, "on_next", _value(word, values)))
    return marks


def parse_demand(text: str) -> list[Mark]:
    """Return the signals that go up; raise ValueError for what is none."""
    marks: list[Mark] = []
    for at, word in _words(text, _UP.findall):
        if word == "!":
            marks.append(Mark(at, "cancel"))
        elif word[0] == "^":
            marks.append(Mark(at, "request", _number(word)))
        else:
            raise ValueError(f"marbles: {word!r} is neither ^n nor !, in demand={text!r}")
    return marks


def _number(word: str) -> int:
    return UNBOUNDED if word == "^*" else int(word[1:] or 1)


def length(text: str) -> int:
    """Return how many ticks it takes."""
    return sum(1 if found["narrow"] is not None else len(found[0]) for found in _tokens(text))


def _tokens(text: str) -> list[re.Match[str]]:
    plain = "".join(text.split())
    found: list[re.Match[str]] = []
    at = 0
    while at < len(plain):
        match = _TOKEN.match(plain, at)
        if match is None:
            raise ValueError(f"marbles: {plain[at]!r} has no sense there, in {text!r}")
        found.append(match)
        at = match.end()
    return found


def _words(text: str, parts: Callable[[str], Iterable[str]]) -> Iterable[tuple[int, str]]:
    at = 0
    for found in _tokens(text):
        inside = found["wide"] if found["narrow"] is None else found["narrow"]
        if inside is not None:
            yield from ((at, word) for word in parts(inside))
        elif found["one"] is not None:
            yield at, found["one"]
        at += 1 if found["narrow"] is not None else len(found[0])


def _items_of(group: str) -> Iterable[str]:
    return [word for word in group.split(",") if word] if "," in group else group


def _value(word: str, values: Values | None) -> Any:
    if values is None:
        return word
    return values(word) if callable(values) else values.get(word, word)


def render(marks: Sequence[Mark], show: Callable[[Any], str] = str) -> str:
    """Return the notation of signals, in order; what `parse` and `parse_demand` make of it are these."""
    text, ticks = "", 0
    groups = [
        (at, [_word(mark, show) for mark in of_it]) for at, of_it in groupby(marks, lambda m: m.at)
    ]
    for number, (at, words) in enumerate(groups):
        text += "-" * (at - ticks)
        shown = _group(words)
        room = groups[number + 1][0] - at if number + 1 < len(groups) else len(shown)
        narrow = len(shown) > room
        text += f"[{shown[1:-1] if shown[0] == '(' else shown}]" if narrow else shown
        ticks = at + (1 if narrow else len(shown))
    return text


def legible(item: Any) -> str:
    """Return an item as text that can stand in marbles, whatever it is."""
    return "".join("?" if letter in _RESERVED else letter for letter in str(item)) or "?"


def _group(words: list[str]) -> str:
    up = words[0][0] in "^!"
    if len(words) == 1 and (up or len(words[0]) == 1):
        return words[0]
    comma = "" if up or all(len(word) == 1 for word in words) else ","
    inside = comma.join(words)
    # One word alone is told from its letters by the comma.
    return f"({inside},)" if comma and len(words) == 1 else f"({inside})"


def _word(mark: Mark, show: Callable[[Any], str]) -> str:
    match mark.name:
        case "on_complete":
            return "|"
        case "on_error":
            return "#"
        case "cancel":
            return "!"
        case "request":
            return "^*" if mark.value == UNBOUNDED else f"^{mark.value}"
        case _:
            word = show(mark.value)
            if not word or set(word) & _RESERVED:
                raise ValueError(
                    f"marbles: the item {brief(mark.value)} cannot be written as {word!r}; "
                    "give show=, which makes a short text of an item"
                )
            return word
