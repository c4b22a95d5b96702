"""Losses: errors that say that the worker died, and chunks whose worker died, made again item by item."""

from __future__ import annotations

from concurrent.futures import BrokenExecutor
from typing import Any, TypeGuard

from operators.concurrency._call import Call
from operators.concurrency._chunk_fn import Failed


def died(error: BaseException | None) -> TypeGuard[Exception]:
    """Whether it says that the worker has died which was at the call, or may have been.

    Executors of processes are broken by that. Dask's goes on: it has tried on other workers already, and
    gives up a call when several of these have died as well, perhaps of another one beside it.
    """
    if isinstance(error, BrokenExecutor):
        return True
    kind = type(error)
    return kind.__name__ == "KilledWorker" and kind.__module__.partition(".")[0] == "distributed"


class Whole:
    """A chunk whose items are calls of their own now; it is over when the last of them is."""

    __slots__ = ("_left", "call", "parts")

    def __init__(self, call: Call) -> None:
        self.call = call
        self.parts: list[Call] = [self._part(item) for item in call.item]
        # A list's pop is atomic: the one who finds none is the last.
        self._left = [None] * (len(self.parts) - 1)

    def _part(self, item: Any) -> Call:
        part = Call()
        part.by = self.call.by
        part.item = [item]
        part.losses = self.call.losses
        part.whole = self
        return part

    def ended(self) -> bool:
        """Take note that a part is over; return True for the last one: then the chunk is over as well."""
        try:
            self._left.pop()
        except IndexError:
            self._put_together()
            return True
        return False

    def _put_together(self) -> None:
        parts, self.parts = self.parts, []
        if any(part.cancelled for part in parts):
            self.call.drop()
        else:
            self.call.result = [self._result(part) for part in parts]
        for part in parts:
            part.let_go()

    def _result(self, part: Call) -> Any:
        return part.result[0] if part.error is None else Failed(part.error)
