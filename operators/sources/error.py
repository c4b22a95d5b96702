"""error: a flow that fails."""

from __future__ import annotations

from operators._kernel.failures.checks import need_exception
from operators._kernel.kinds import Failed


class Error(Failed):
    """An error, and nothing else.

    emits        nothing
    backpressures  demand has no effect
    completes    never
    fails        with the given error, at once
    """

    __slots__ = ()

    def __init__(self, error: Exception) -> None:
        need_exception("error", error)
        super().__init__(error)
