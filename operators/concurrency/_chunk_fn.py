"""ChunkFn: a function of an item, made for many of them by one call of an executor."""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Callable
from time import perf_counter
from typing import Any

from operators.concurrency._call import no_awaitable


class Failed(Exception):
    """What a call of the function has raised, in the place of its result."""

    def __init__(self, error: Exception) -> None:
        super().__init__(error)
        self.error: Exception = error

    def __reduce__(self) -> Any:
        # The frames are lost on the way from a process: their text is what can be had of them.
        text = "".join(traceback.format_exception(self.error))
        return _failed, (_sendable(self.error), text)


class _Remote(Exception):
    """Where an error was raised, in another process: the cause of that error."""

    def __str__(self) -> str:
        return f'\n"""\n{self.args[0]}"""'


def _failed(error: Exception, text: str) -> Failed:
    if error.__cause__ is None:
        error.__cause__ = _Remote(text)
    return Failed(error)


def _sendable(error: Exception) -> Exception:
    """Return the error, or one that says what it was where it cannot be sent: the others are to arrive."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error} (which cannot be pickled)")
    return error


class Results(list[Any]):
    """One result for each item, and how many seconds the calls took where they were made."""

    seconds: float = 0.0


class ChunkFn:
    """Calls the function with each item; it can be pickled where the function can."""

    __slots__ = ("fn",)

    def __init__(self, fn: Callable[[Any], Any]) -> None:
        self.fn = fn

    def __call__(self, items: list[Any]) -> Results:
        results = Results()
        began = perf_counter()
        for item in items:
            try:
                results.append(no_awaitable("map_async", self.fn(item)))
            except Exception as error:
                results.append(Failed(error))
        results.seconds = perf_counter() - began
        return results


_WORTH_IT = 0.02
"""Seconds of work in a chunk, beside which it does not matter what it takes to send it."""
MOST = 256
"""Items in a chunk that is sized by itself, at most."""
_FASTER = 4
"""How many times as large as the last one a chunk is, at most."""


class Sizer:
    """How many items a chunk is to have, by how long calls take."""

    __slots__ = ("_each", "size")

    def __init__(self) -> None:
        self.size: int = 1
        self._each: float | None = None

    def took(self, seconds: float, size: int) -> None:
        """Take note of how long the calls of a chunk took."""
        each = seconds / size
        self._each = each if self._each is None else (self._each + each) / 2
        fit = MOST if self._each <= 0 else int(_WORTH_IT / self._each)
        self.size = max(1, min(fit, MOST, _FASTER * max(size, self.size)))
