"""Tasks of map_async's calls: how they are made and kept, and what is run in them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from contextvars import Context
from functools import partial
from types import coroutine
from typing import Any, Protocol, TypeVar

from operators._kernel.hosts.runtimes import current_task, running_loop, task_of


class _Ends(Protocol):
    @property
    def over(self) -> bool: ...


_E = TypeVar("_E", bound=_Ends)


class Busy(dict[_E, None]):
    """Those with calls in flight: a loop keeps its tasks by weak references only."""

    most = 64

    def keep(self, calls: _E) -> None:
        """Keep it alive until it is taken out, or seen to be over."""
        if len(self) >= self.most:
            # What was left behind by a loop that was closed too early is not kept for ever.
            for each in self.copy():
                if each.over:
                    self.pop(each, None)
            self.most = max(64, 2 * len(self))
        self[calls] = None


def maker(loop: Any) -> Callable[[Any], Any]:
    """Return what makes a task of a coroutine on this loop."""
    if (
        loop.__class__.create_task is asyncio.BaseEventLoop.create_task
        and loop.get_task_factory() is None
    ):
        # What create_task does, without the way there, which is a third of the cost of a task.
        return partial(asyncio.Task, loop=loop)
    return partial(task_of, loop)


@coroutine
def go_on(made: Any, own: Context, awaited: Any) -> Generator[Any, Any, Any]:
    """Run a coroutine that waits to its end, in a context of its own; return what it does."""
    send, throw, run = made.send, made.throw, own.run
    got = thrown = None
    while True:
        try:
            got = yield awaited
        except BaseException as raised:
            thrown = raised
        awaited = None  # it is over, and nobody's but the call's
        # Not inside of that `except`: what the call raises when it is done with this came by itself.
        try:
            awaited = run(send, got) if thrown is None else run(throw, thrown)
        except StopIteration as over:
            return over.value
        finally:
            got = thrown = None


def fetch_soon() -> None:
    """Have the outcome of the task that runs here be taken for seen; RuntimeError where no loop runs.

    The stage tells of it: asyncio need not say that nobody has asked the task.
    """
    task = current_task(running_loop())
    if task is not None:
        task.add_done_callback(_fetch)


def _fetch(task: Any) -> None:
    if not task.cancelled():
        task.exception()
