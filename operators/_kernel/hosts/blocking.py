"""Blocking: calls that block, made from an event loop on one thread, one after another."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Self, TypeVar

R = TypeVar("R")
_PATIENCE = 0.02
"""Seconds after which what did not stop is told so again."""


class Blocking:
    """A thread for the calls of one run that block, such as those to files; it begins with the first one.

    It is an async context manager. A call that is given up is waited for: what it uses is then free to be
    closed. So the calls are to be short, or to have a limit of their own.
    """

    def __init__(self, name: str) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=name)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        # Its one thread has nothing to do by now, and ends at once; nobody needs to block for that.
        self._pool.shutdown(wait=False)

    async def call(
        self,
        fn: Callable[[], R],
        undo: Callable[[R], object] | None = None,
        stop: Callable[[], object] | None = None,
    ) -> R:
        """Return what the function gives, or raise what it raises.

        Where the call was given up and has gone well all the same, `undo` is called, on the thread, with
        what it gave: an open file, say, that nobody else will close.
        """
        context = copy_context()
        future = asyncio.get_running_loop().run_in_executor(self._pool, context.run, fn)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            while not future.done():
                if stop is not None:
                    stop()  # again and again: it may not have begun what there is to be stopped
                try:
                    await asyncio.wait([future], timeout=None if stop is None else _PATIENCE)
                except asyncio.CancelledError:  # once more: it is on its way out already
                    continue
            if future.exception() is None and undo is not None:
                self._pool.submit(context.run, undo, future.result())
            raise
