"""Pulling: a flow's items for a `for` loop, and for an `async for`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from functools import partial
from typing import Any, cast

from operators._kernel.fusing.bells import TaskRun, ThreadBell, settle
from operators._kernel.fusing.feed import Run
from operators._kernel.fusing.recipe import Recipe
from operators._kernel.hosts.loops import running_loop
from operators._kernel.hosts.runtimes import kept, on_trio
from operators._kernel.hosts.waiting import refusal_to_wait
from operators._kernel.kinds import chain_to
from operators._kernel.plan.node import Node
from operators._kernel.running.assembly import FEEDS, known_recipe
from operators._kernel.subscription.scope import Scope


def pull(node: Node) -> Generator[Any, None, None]:
    """Return a generator of a flow's items; closing it early cancels, and waits for the cleanup."""
    recipe = known_recipe(node)
    if recipe is not None and not (recipe.waits and running_loop() is not None):
        return recipe.items()
    chain, edge = chain_to(node)
    if running_loop() is not None:
        _refuse_to_wait(chain)
    chain += edge
    scope = Scope.current(node)
    run = Run(partial(ThreadBell, scope))
    feed = FEEDS.feed_of(chain, scope, run, blocks=True, finish=partial(settle, scope))
    items: Generator[Any, None, None] = cast("Any", feed.items)
    return items


def _refuse_to_wait(chain: list[Node]) -> None:
    """Raise RuntimeError where a flow waits, or one that is due after it: before anything is begun."""
    left = [chain]
    while left:
        for node in left.pop():
            if node.operator.asynchronous:
                raise refusal_to_wait(node)
            if node.operator.certain:
                left.extend(flow.chain() for flow in node.operator.flows)


def apull(node: Node, outer: Scope | None = None) -> AsyncGenerator[Any, None]:
    """Return an async generator of a flow's items; closing it early cancels, and waits for the cleanup.

    `outer` is the scope of the flow that it is run for, which hears of what is discarded.
    """
    items = _aitems(node, outer if outer is not None and outer.discards else None)
    return kept(items) if on_trio() else items


def _aitems(node: Node, outer: Scope | None) -> AsyncGenerator[Any, None]:
    recipe = known_recipe(node) if outer is None else None
    if isinstance(recipe, Recipe):
        return recipe.aitems()
    scope = Scope.current(node)
    if outer is not None:
        scope = scope.discarding(lambda item: outer.discard((item,)))
    chain, edge = chain_to(node)
    chain += edge

    async def finish() -> None:
        if not scope.settled:
            await scope.pending.settled()

    items: AsyncGenerator[Any, None] = FEEDS.afeed_of(chain, scope, TaskRun(), finish)
    return items
