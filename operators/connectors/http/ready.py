"""Ready: what a coroutine has to give without waiting for anything."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

R = TypeVar("R")


class NotYetError(Exception):
    """It would have to be waited for."""


def at_once(work: Coroutine[Any, Any, R]) -> R:
    """Return what the coroutine gives, or raise what it raises, without waiting; NotYetError where it waits.

    It is cancelled then, as by a timeout that is over already: a task of its own for that would cost more
    than most messages do.

    >>> import asyncio
    >>> from operators.connectors.http.ready import NotYetError, at_once
    >>> async def main():
    ...     queue = asyncio.Queue()
    ...     queue.put_nowait("a")
    ...     print(at_once(queue.get()))
    ...     try:
    ...         at_once(queue.get())
    ...     except NotYetError:
    ...         print("nothing more")
    >>> asyncio.run(main())
    a
    nothing more
    """
    try:
        work.send(None)
    except StopIteration as done:
        given: R = done.value
        return given
    with suppress(asyncio.CancelledError):
        work.throw(asyncio.CancelledError())
    work.close()
    raise NotYetError
