"""What a step of a verifier is made of."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from operators.testing._record import Signal


@dataclass(frozen=True, slots=True)
class Wait:
    """What a step waits for, and for how long; None: for as long as its deadline says."""

    true: Callable[[], bool]
    seconds: float | None


Doing = Generator[Wait, bool, None]
"""A step being done, which is told of each wait whether it was in time."""


@dataclass(slots=True)
class Step:
    """A step, as it reads, where it is written, and what does it."""

    text: str
    where: str
    do: Callable[[Any, Any], Doing]
    """Takes the verifier, which it would otherwise keep alive, and the Subscriber."""
    deadline: float | None = None


class Failed(Exception):
    """A step has failed; `late` where it has waited in vain."""

    def __init__(self, text: str, *, late: bool = False) -> None:
        super().__init__(text)
        self.late: bool = late

    @classmethod
    def unlike(cls, expected: str, signal: Signal | None) -> Failed:
        """Return the failure for a signal that is none of those expected."""
        failed = cls(f"expected {expected}, got {signal}")
        if signal is not None and isinstance(signal.value, Exception):
            failed.__cause__ = signal.value
        return failed


def same(one: Any, other: Any) -> bool:
    """Whether two items are equal, or one is the other, whatever it says of itself."""
    return one is other or bool(one == other)


def alike(error: Any, wanted: type[Exception] | Exception) -> bool:
    """Whether an error is of the class wanted, or is like the one wanted."""
    if isinstance(wanted, type):
        return isinstance(error, wanted)
    return error is wanted or (type(error) is type(wanted) and error.args == wanted.args)
