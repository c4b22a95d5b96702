"""Pulling: a flow's items for a `for` loop, and for an `async for`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from functools import partial
from typing import Any, cast

from operators._kernel.assembly import FEEDS
from operators._kernel.bells import TaskRun, ThreadBell
from operators._kernel.feed import Run
from operators._kernel.kinds import chain_to
from operators._kernel.loops import running_loop
from operators._kernel.node import Node
from operators._kernel.scope import Scope


def pull(node: Node) -> Generator[Any, None, None]:
    """Return a generator of a flow's items; closing it early cancels, and waits for the cleanup."""
    scope = Scope.current()
    chain, edge = chain_to(node)
    chain += edge

    def finish() -> None:
        if not scope.settled and running_loop() is None:
            scope.pending.wait()

    feed = FEEDS.feed_of(
        chain,
        scope,
        Run(partial(ThreadBell, scope)),
        blocks=True,
        finish=finish,
    )
    items: Generator[Any, None, None] = cast("Any", feed.items)
    return items


def apull(node: Node) -> AsyncGenerator[Any, None]:
    """Return an async generator of a flow's items; closing it early cancels, and waits for the cleanup."""
    scope = Scope.current()
    chain, edge = chain_to(node)
    chain += edge

    async def finish() -> None:
        if not scope.settled:
            await scope.pending.settled()

    items: AsyncGenerator[Any, None] = FEEDS.afeed_of(chain, scope, TaskRun(), finish)
    return items
