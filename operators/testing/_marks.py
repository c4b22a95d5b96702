"""Marks: signals at ticks, and whether they are those expected."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from operators.testing._notation import Mark
from operators.testing._steps import alike, same
from operators.testing._timeline import ticks as ticks_of

if TYPE_CHECKING:
    from operators.testing._record import Signal


def same_marks(some: Sequence[Mark], others: Sequence[Mark]) -> bool:
    """Whether these are the same signals at the same ticks."""
    return len(some) == len(others) and all(
        matches(*pair) for pair in zip(some, others, strict=True)
    )


def matches(one: Mark, other: Mark) -> bool:
    """Whether two marks are the same; one error that is not known is like every other."""
    if (one.at, one.name) != (other.at, other.name):
        return False
    if one.name == "on_error":
        return None in (one.value, other.value) or alike(one.value, other.value)
    return same(one.value, other.value)


def marks_of(signals: Iterable[Signal], begun: float, tick: float) -> list[Mark]:
    """Return the signals that came down, at their ticks; raise ValueError for one between two ticks."""
    marks: list[Mark] = []
    for signal in signals:
        if signal.name not in ("on_next", "on_error", "on_complete"):
            continue
        at, rest = divmod(ticks_of("time", signal.at - begun), ticks_of("tick", tick))
        if rest:
            raise ValueError(
                f"marbles: {signal} came at {signal.at - begun:g} seconds, between two ticks of {tick:g}; "
                "give a smaller tick="
            )
        marks.append(Mark(at, signal.name, signal.value))
    return marks
