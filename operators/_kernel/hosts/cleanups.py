"""Cleanups that a cancel does not break off."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

from operators._kernel.hosts.runtimes import current_task, running_loop

# Weakly on both sides: a cleanup that never ends, on a loop that has gone, is nobody's.
_unbroken: weakref.WeakKeyDictionary[Any, weakref.ref[Unbroken]] = weakref.WeakKeyDictionary()


class Unbroken:
    """While this is entered no cancel of the flow breaks off what the task that runs here awaits.

    It is for the `finally` of an `AsyncSource`, of what a `Sink` opens, of a producer for `create` and of a
    call of `map_async`, which run where these have come to their end by themselves, too: a cancel that comes
    just then is put off until it is left. So what is inside is to end in a bounded time by itself. A cancel
    of the task by somebody else, as by `task.cancel()`, is not held up.

    >>> from operators.custom import AsyncSource, Unbroken
    >>> class Rows(AsyncSource[int]):
    ...     async def batches(self):
    ...         try:
    ...             yield [1, 2]
    ...         finally:
    ...             with Unbroken():
    ...                 await asyncio.sleep(0)  # to say goodbye to a server
    >>> import asyncio
    >>> list(Rows().flow())
    [1, 2]
    """

    __slots__ = ("__weakref__", "_put_off", "_task")

    def __init__(self) -> None:
        self._put_off: list[Callable[[], object]] = []

    def __enter__(self) -> None:
        loop = running_loop()
        task = None if loop is None else current_task(loop)
        self._task: Any = None if task is None or task in _unbroken else task
        if self._task is not None:
            _unbroken[task] = weakref.ref(self)

    def __exit__(self, *_: object) -> None:
        if self._task is None:
            return
        _unbroken.pop(self._task, None)
        loop = running_loop()
        if loop is not None:  # else the task is gone with its loop
            for function in self._put_off:
                loop.call_soon(function)


def interrupt(task: Any, function: Callable[[], object]) -> None:
    """Call the function, which cancels a task of this loop: now, or soon after the cleanup that it is in."""
    known = _unbroken.get(task)
    cleanup = None if known is None else known()
    if cleanup is None:
        function()
    else:
        cleanup._put_off.append(function)  # pyright: ignore[reportPrivateUsage]
