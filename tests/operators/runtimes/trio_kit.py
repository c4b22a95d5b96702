"""For what runs on trio: a run, after which nothing of it is left."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from typing import Any

import trio
from trio.lowlevel import Task
from trio.testing import MockClock, wait_all_tasks_blocked

from operators._kernel.hosts.runtimes import running_loop
from tests.operators.kit import DEADLINE


def tasks() -> set[Task]:
    """Return all that run in this run of trio."""
    root = trio.lowlevel.current_root_task()
    assert root is not None
    found: set[Task] = set()
    left = [root]
    while left:
        task = left.pop()
        found.add(task)
        left += [child for nursery in task.child_nurseries for child in nursery.child_tasks]
    return found


def on_trio(main: Callable[[], Awaitable[Any]], *, virtual: bool = False) -> Any:
    """Return what `main` gives, in a run of its own; with `virtual` time, which jumps."""

    async def watched() -> Any:
        running_loop()  # which has a task of its own from now on
        await trio.lowlevel.checkpoint()
        before = tasks()
        # In virtual time a deadline would be what it jumps to, where something hangs.
        with nullcontext() if virtual else trio.fail_after(DEADLINE):
            made = await main()
        if not virtual:
            with trio.fail_after(DEADLINE):
                while tasks() - before:  # noqa: ASYNC110 - there is nobody to set an event
                    await trio.sleep(0.001)
        await wait_all_tasks_blocked()
        left = tasks() - before
        assert not left, f"still there: {sorted(task.name for task in left)}"
        return made

    clock = MockClock(autojump_threshold=0) if virtual else None
    return trio.run(watched, clock=clock, strict_exception_groups=True)
