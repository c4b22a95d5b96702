"""error: a flow that fails."""

from __future__ import annotations

from operators._kernel.assembly import Failed


class Error(Failed):
    """An error, and nothing else.

    emits        nothing
    backpressures  demand has no effect
    completes    never
    fails        with the given error, at once
    """

    __slots__ = ()

    def __init__(self, error: Exception) -> None:
        if not isinstance(error, Exception):
            raise TypeError(f"error: needs an Exception (an instance), got {error!r}")
        super().__init__(error)
