"""Hooks: where errors go that no Subscriber can receive."""

from __future__ import annotations

from collections.abc import Callable

from operators._kernel.failures import failure
from operators._kernel.failures.checks import need_callable

__all__ = ["set_error_hook"]


def set_error_hook(
    hook: Callable[[BaseException, str], None] | None,
) -> Callable[[BaseException, str], None]:
    """Install the hook for errors that nobody can receive and return the one before; None: the log.

    Raises TypeError for what is no function, or is one that is to be awaited.

    >>> from operators import Flow
    >>> before = set_error_hook(lambda error, where: print(error))
    >>> Flow.range(3).tap(on_cancel=lambda: 1 // 0).take(2).run()
    integer division or modulo by zero
    1
    >>> _ = set_error_hook(before)
    """
    if hook is not None:
        need_callable("set_error_hook", "hook", hook)
    return failure.set_error_hook(hook)
