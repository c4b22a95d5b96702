"""Feeds: a chain as something to be pulled; what cannot be pulled is subscribed to, and polled."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from operator import length_hint
from typing import Any

from operators._kernel.failures.failure import annotate
from operators._kernel.fusing.feed import Failing, Feed, Run
from operators._kernel.fusing.fusion import (
    alet_go,
    cannot_fail,
    exhaustion,
    let_go,
    nestable,
    never,
    nothing,
)
from operators._kernel.fusing.opening import Opening, anothing, scopes
from operators._kernel.fusing.plans import only_plain, plain_steps
from operators._kernel.kinds import AsyncIterableSource, Failed, IterableSource, NoneCheck
from operators._kernel.links.mailbox import Box
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators._kernel.plan.step import Step
from operators._kernel.subscription.relay import bounce, uncoupled
from operators._kernel.subscription.scope import Scope

DEEPEST_PULLED = 50
"""Flows inside of each other that are pulled: each takes frames of the stack of whoever pulls."""

DEEPEST_OPENED = 8
"""The same, where each is opened inside of the opening of the one before, as soon as somebody subscribes."""


def pulled_steps(chain: list[Node], scope: Scope, level: int = 0) -> int:
    """Return how many operators at the end of the chain are run by whoever pulls."""
    if scope.linked or level + chain[-1].nesting > DEEPEST_PULLED:
        return 0
    first = len(chain)
    while first > 1 and isinstance(chain[first - 1].operator, Step):
        first -= 1
    if chain[first - 1].operator.homes and any(node.operator.calls for node in chain[first:]):
        return 0  # functions run where they were to be run
    steps = chain[first:]
    return len(steps) if nestable(steps) == len(steps) else 0


def _below_what_shapes(chain: list[Node], first: int) -> int:
    """Return where pulling is to begin, so that demand reaches what is pushed as the operators shape it."""
    begin = first
    for index in range(first, len(chain)):
        step: Step = chain[index].operator
        if step.prefetch_upstream:
            break
        if step.shapes:
            begin = index + 1
    return begin


def _home(base: list[Node]) -> int:
    """Return the capacity of the queue from which a box takes its items, some steps later; 0: none."""
    for node in reversed(base[1:]):
        operator = node.operator
        if operator.homes:
            return int(operator.holds)
        caps = operator.contract is Contract.CAPPED
        if not (isinstance(operator, Step) and operator.pushes):
            return 0
        if operator.shaper() is not None and not caps:
            return 0
    return 0


def pullable(chain: list[Node], scope: Scope, level: int = 0) -> bool:
    """Whether the whole chain is a feed of its own, that asks nobody; flows made later may do so."""
    return (
        isinstance(chain[0].operator, (IterableSource, Failed))
        and pulled_steps(chain, scope, level) == len(chain) - 1
    )


def _last(chain: list[Node]) -> Node:
    return next(node for node in reversed(chain) if not isinstance(node.operator, NoneCheck))


def _opened(node: Node) -> tuple[Feed, Node | None]:
    """Return the feed of a source, and the node to be blamed for what it raises."""
    operator = node.operator
    if isinstance(operator, Failed):
        return failing_feed(operator.error), None
    try:
        items = operator.iterator()
    except Exception as error:
        return failing_feed(annotate(error, node)), None
    safe = cannot_fail(items)
    close = nothing if safe else partial(let_go, items)
    length = length_hint(items) if safe else None
    feed = Feed(items, exhaustion(items), close, pauses=False, length=length)
    return feed, None if safe else node


def failing_feed(error: Exception) -> Feed:
    return Feed(Failing(error), _yes, nothing, pauses=False, failing=_yes)


def _yes() -> bool:
    return True


class _AsyncEither:
    """What an async generator pulls of an inner flow: a feed, or an async generator."""

    __slots__ = ("_feed", "_scope", "asynchronous", "items")

    def __init__(self, feed: Feed | None, items: Any, scope: Scope) -> None:
        self._feed = feed
        self._scope = scope
        self.asynchronous = feed is None
        self.items = items

    async def aclose(self) -> None:
        if self._feed is None:
            await alet_go(self.items)
        else:
            self._feed.close()
        if not self._scope.settled:
            await self._scope.pending.settled()


class Feeds:
    """How flows are opened as feeds, and inside of others; `connect` subscribes to what is pushed."""

    def __init__(self, connect: Callable[..., None]) -> None:
        self._connect = connect

    def feed_of(
        self,
        chain: list[Node],
        scope: Scope,
        run: Run,
        *,
        blocks: bool,
        level: int = 0,
        prefetch: int = 1,
        hasty: bool = False,
        eager: bool = False,
        finish: Callable[[], None] | None = None,
    ) -> Feed:
        """Return the feed of a chain; what cannot be pulled is subscribed to, and polled.

        `prefetch` is for a chain that is pushed, where it declares no queue itself; where it is `hasty`, an
        error overtakes its items, and where it is `eager` it is subscribed to at once. `finish` is called
        when the feed is left.
        """
        deep = run.pushes and level >= DEEPEST_OPENED
        first = len(chain) - (0 if deep else pulled_steps(chain, scope, level))
        plain = isinstance(chain[0].operator, (IterableSource, Failed)) and not scope.linked
        pulls = first == 1 and plain
        if run.pushes and not pulls:
            first = len(chain)
        elif not pulls and not chain[first - 1].operator.polled:
            first = _below_what_shapes(chain, first)
        base, steps_above = chain[:first], chain[first:]
        source: Node | None = None
        if pulls:
            feed, source = _opened(chain[0])
            if not steps_above and source is None and finish is None:
                return feed  # as many tiny flows are that are opened inside of another one
            places = scopes(chain, scope)
        else:
            places = scopes(chain, scope)
            # What stands above one of several flows must not keep it from going on with the others.
            waits = blocks and not any(node.operator.alongside for node in steps_above)
            for node in steps_above:
                if node.operator.prefetch_upstream:
                    prefetch = node.operator.prefetch_upstream
                    hasty = node.operator.alongside
                    break
            here = places[first - 1]
            home = 0 if scope.linked or run.pushes else _home(base)
            box = Box(
                base,
                _last(chain),
                base[-1].operator.scope(here),
                run,
                blocks=waits,
                prefetch=home or prefetch,
                hasty=hasty,
                shares=home > 0,
            )
            far = here.at(here.depth + level * 2) if level else here
            connect = partial(self._connect, base, box, far)
            if deep:  # it waits until those that it is opened inside of have unwound
                box.begin = partial(bounce, connect)
            else:
                box.begin = connect if run.pushes else partial(uncoupled, connect)
            closed = any(node.operator.closed for node in steps_above)
            feed = box.feed(eager=eager and not closed)
            if not steps_above and finish is None:
                return feed
        opening = Opening(feed, source, steps_above, places[first:], run, self, level)
        return opening.feed(blocks=blocks, finish=finish)

    def afeed_of(
        self,
        chain: list[Node],
        scope: Scope,
        run: Any,
        finish: Callable[[], Any],
        level: int = 0,
    ) -> Any:
        """Return an async generator of the items of a chain."""
        above = chain[len(chain) - pulled_steps(chain, scope, level) :]
        first = len(chain) - len(above)
        places = scopes(chain, scope)
        operator = chain[0].operator
        source: Node | None = None
        fused = isinstance(operator, AsyncIterableSource) and not operator.away
        if first == 1 and fused and not only_plain(above):
            try:
                items: Any = operator.aiterator_in(places[0])
                feed = Feed(items, never, nothing, pauses=False)
                source = chain[0]
            except Exception as error:
                feed = failing_feed(annotate(error, chain[0]))
        else:
            first += plain_steps(above)
            feed = self.feed_of(chain[:first], places[first - 1], run, blocks=False, level=level)
        opening = Opening(feed, source, chain[first:], places[first:], run, self, level)
        return opening.afeed(finish=finish)[0]

    def open(
        self,
        chain: list[Node],
        scope: Scope,
        run: Run,
        *,
        blocks: bool,
        prefetch: int,
        hasty: bool,
        level: int,
    ) -> Feed:
        return self.feed_of(
            chain, scope, run,
            blocks=blocks, prefetch=prefetch, level=level, hasty=hasty, eager=hasty,
        )  # fmt: skip

    def aopen(self, chain: list[Node], scope: Scope, run: Run, level: int) -> Any:
        return self.afeed_of(chain, scope, run, anothing, level)

    def aopen_either(self, chain: list[Node], scope: Scope, run: Run, level: int) -> Any:
        if pullable(chain, scope, level):
            feed = self.feed_of(chain, scope, run, blocks=False, level=level)
            return _AsyncEither(feed, feed.items, scope)
        return _AsyncEither(None, self.aopen(chain, scope, run, level), scope)
