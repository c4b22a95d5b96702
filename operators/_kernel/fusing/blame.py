"""Blame: which operator of a segment has raised, as the line of the generated function tells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from operators._kernel.failures.failure import annotate, user_frames
from operators._kernel.fusing.writer import DELIVERY, SOURCE, unnoted
from operators._kernel.plan.node import Node

if TYPE_CHECKING:
    from operators._kernel.fusing.codegen import Function

Sink = Callable[[Exception], None]


class Blame:
    """Finds the operator that raised, by the line, and annotates the error with it."""

    __slots__ = ("_code", "_sink", "_source", "_steps", "at")

    def __init__(
        self,
        code: Function,
        steps: Sequence[Node],
        source: Node | None = None,
        sink: Sink | None = None,
    ) -> None:
        self._code = code
        self._steps = steps
        self._source = source
        self._sink = sink
        self.at = SOURCE
        """The index of the step that raised, negative for what is upstream of all."""

    def _line(self, error: Exception) -> int:
        traceback = error.__traceback__
        return traceback.tb_lineno - 1 if traceback is not None else 0

    def owns(self, error: Exception) -> bool:
        """Whether one of the steps has raised it, rather than what is upstream."""
        owner = self._code.owners[self._line(error)]
        return owner != SOURCE

    def outside(self, error: Exception) -> bool:
        """Whether it was raised by whom an item was delivered to."""
        return self._code.owners[self._line(error)] == DELIVERY

    def __call__(self, error: Exception, item: Any) -> Exception:
        traceback = error.__traceback__
        line = self._line(error)
        owner = self._code.owners[line]
        self.at = SOURCE if owner is None else owner if owner >= SOURCE else unnoted(owner)
        if owner == SOURCE:
            if self._source is not None:
                error = annotate(error, self._source)
        elif owner is not None and owner >= 0:
            if traceback is not None and self._code.lines[line].lstrip().startswith("for "):
                # The item is one of the inner iterable's by now; the step has kept the outer one.
                item = traceback.tb_frame.f_locals[f"origin{owner}"]
            error = annotate(error, self._steps[owner], item)
        return self.shown(error.with_traceback(user_frames(error.__traceback__)))

    def shown(self, error: Exception) -> Exception:
        """Have whoever pulls know the error that is about to be raised, and return it."""
        if self._sink is not None:
            self._sink(error)
        return error
