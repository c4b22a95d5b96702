"""Opening: the segments of a chain put one over another, for one who pulls."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from functools import partial
from inspect import GEN_CREATED, getgeneratorstate
from typing import Any, Protocol

from operators._kernel.codegen import Function, function
from operators._kernel.feed import Feed
from operators._kernel.fusion import (
    Blame,
    Steps,
    alet_go,
    cannot_fail,
    let_go,
    never,
    nothing,
    segments,
)
from operators._kernel.kinds import resolved
from operators._kernel.node import Node
from operators._kernel.scope import Scope
from operators._kernel.step import Step
from operators._kernel.writer import head_of


async def anothing() -> None:
    """Do nothing."""


Sink = Callable[[Exception], None]


class Openers(Protocol):
    """How flows are opened inside of others; `assembly` and `pulling` say it."""

    def open(
        self,
        chain: list[Node],
        scope: Scope,
        run: Any,
        *,
        blocks: bool,
        prefetch: int,
        hasty: bool,
        level: int,
    ) -> Feed:
        """Return the feed of a flow."""
        ...

    def aopen(self, chain: list[Node], scope: Scope, run: Any, level: int) -> Any:
        """Return an async generator of a flow's items."""
        ...

    def aopen_either(self, chain: list[Node], scope: Scope, run: Any, level: int) -> Any:
        """Return what an async generator pulls: a feed, or an async one where that is the quicker."""
        ...


class Place:
    """Where one step stands in one subscription: what it pulls, and how it opens other flows."""

    __slots__ = ("_openers", "asynchronous", "blocks", "feed", "level", "node", "run", "scope")

    def __init__(
        self,
        node: Node,
        feed: Feed,
        scope: Scope,
        run: Any,
        openers: Openers,
        *,
        blocks: bool,
        level: int,
        asynchronous: bool = False,
    ) -> None:
        self.node: Node = node
        self.feed: Feed = feed
        """What is upstream."""
        self.scope: Scope = scope
        self.run: Any = run
        self.blocks: bool = blocks
        """Whether it may block rather than give PAUSE."""
        self.level: int = level
        """How many flows are around this one."""
        self.asynchronous: bool = asynchronous
        """Whether what is upstream is an async iterator."""
        self._openers = openers

    def open(
        self, node: Node, *, prefetch: int = 1, hasty: bool = False, blocks: bool | None = None
    ) -> Feed:
        """Return the feed of another flow; where that is pushed it is asked for `prefetch` items ahead."""
        return self._open(
            resolved(node), prefetch, hasty, self.blocks if blocks is None else blocks
        )

    def _open(self, chain: list[Node], prefetch: int, hasty: bool, blocks: bool) -> Feed:
        return self._openers.open(
            chain, self.scope, self.run, prefetch=prefetch, hasty=hasty, level=self.level + 1,
            blocks=blocks,
        )  # fmt: skip

    def open_either(self, node: Node) -> Any:
        """Return what an async generator pulls of another flow."""
        return self._openers.aopen_either(resolved(node), self.scope, self.run, self.level + 1)

    def successor(self, chain: list[Node]) -> Feed:
        """Return the feed of a flow that takes the place of what is upstream, of the same kind as that."""
        if not self.asynchronous:
            return self._open(chain, 1, False, self.blocks)
        items = self._openers.aopen(chain, self.scope, self.run, self.level + 1)
        return Feed(items, never, nothing, pauses=False)


def scopes(chain: Steps, scope: Scope) -> list[Scope]:
    """Return the scope of each node of a chain, which an on_discard changes for those above it."""
    found: list[Scope] = []
    for node in reversed(chain):
        found.append(scope)
        scope = node.operator.scope(scope)
    return found[::-1]


class Opening:
    """Puts segment upon segment over a feed, from upstream to downstream, for one consumer."""

    __slots__ = ("_feed", "_level", "_openers", "_run", "_scopes", "_source", "_steps")

    def __init__(
        self,
        feed: Feed,
        source: Node | None,
        steps: Steps,
        places: list[Scope],
        run: Any,
        openers: Openers,
        level: int = 0,
    ) -> None:
        self._feed = feed
        self._source = source
        """The node whose items the feed gives as they come; None: its errors say by themselves."""
        self._steps = steps
        self._scopes = places
        self._run = run
        self._openers = openers
        self._level = level

    def feed(
        self, *, blocks: bool, sink: Sink | None = None, finish: Callable[[], None] | None = None
    ) -> Feed:
        """Return the feed of the items after the steps.

        What the last segment raises is shown to `sink` as well. With `finish`, which is called when it
        is left, it is nobody else's to do what is to be done at the end.
        """
        feed, source = self._feed, self._source
        after = feed.after
        leave = nothing if finish is None else partial(_leave, after, finish)
        cut = plans(self._steps)
        if source is not None and cannot_fail(feed.items):
            source = None
        elif source is not None and cut[0].head in ("turns", "join"):
            cut = [*plans(()), *cut]  # which blames the source for what it raises
        left = len(cut)
        several = sum(plan.several for plan in cut)
        for plan in cut:
            left -= 1
            several -= plan.several
            waits = blocks and not several
            segment = self._steps[plan.first : plan.end]
            places = (
                self._places(plan, feed, blocks=waits, asynchronous=False)
                if plan.opening
                else _NONE
            )
            head: Any = None
            if plan.head:
                head = segment[0].operator.opened(places[0])
                feed = head if isinstance(head, Feed) else head.feed()
            code = plan.function("for" if waits else "loop", segment, feed.pauses)
            finals = partial(_finals, segment, after) if plan.final else _no_finals
            items, ending = code.build(
                feed.items, Blame(code, segment, source, None if left else sink), feed.close,
                feed.ending, self._run, head, finals, nothing if left else leave,
                *self._discards(plan), *_values(plan, segment, places),
            )  # fmt: skip
            feed = Feed(
                items,
                ending,
                partial(_close, items, feed, head, finals, len(segment)),
                pauses=code.pauses,
                failing=feed.failing,
                length=feed.length if plan.one_for_one else None,
            )
            feed.after = after
            source = None
        feed.after = after
        return feed

    def afeed(
        self, *, finish: Callable[[], Any], sink: Sink | None = None
    ) -> tuple[Any, Callable[[], bool]]:
        """Return an async generator of the items after the steps, over an async iterator or a feed."""
        feed, source = self._feed, self._source
        after = feed.after
        is_async = isinstance(feed.items, AsyncIterator)
        cut = plans(self._steps, asynchronous=True)
        left = len(cut)
        for plan in cut:
            left -= 1
            segment = self._steps[plan.first : plan.end]
            places = self._places(plan, feed, blocks=False, asynchronous=is_async)
            head: Any = None
            if plan.head:
                head = segment[0].operator.opened(places[0])
                feed = head if isinstance(head, Feed) else head.feed()
            code = plan.function("async" if is_async else "mixed", segment, feed.pauses)
            finals = partial(_finals, segment, after) if plan.final else _no_finals
            close: Callable[[], Any] = partial(alet_go, feed.items) if is_async else feed.close
            items, ending = code.build(
                feed.items, Blame(code, segment, source, None if left else sink), close,
                feed.ending, self._run, head, finals,
                anothing if left else partial(_aleave, after, finish),
                *self._discards(plan), *_values(plan, segment, places),
            )  # fmt: skip
            feed = Feed(items, ending, nothing, pauses=False)
            feed.after = after
            source, is_async = None, True
        return feed.items, feed.ending

    def _places(
        self, plan: Plan, feed: Feed, *, blocks: bool, asynchronous: bool
    ) -> dict[int, Place]:
        """Return the places of those steps of a segment that open something."""
        return {
            index: Place(
                self._steps[plan.first + index], feed, self._scopes[plan.first + index], self._run,
                self._openers, blocks=blocks, level=self._level, asynchronous=asynchronous,
            )
            for index in plan.opening
        }  # fmt: skip

    def _discards(self, plan: Plan) -> list[Callable[..., None]]:
        return [self._scopes[plan.first + index].discard for index in plan.holding]


class Plan:
    """What is known of one segment by its shape alone."""

    __slots__ = (
        "_functions", "end", "final", "first", "head", "holding", "one_for_one",
        "opening", "several",
    )  # fmt: skip

    def __init__(self, segment: Steps, first: int, *, asynchronous: bool) -> None:
        steps: list[Step] = [node.operator for node in segment]
        self.first = first
        self.end = first + len(steps)
        self.head: str = head_of(steps[0], asynchronous=asynchronous) if steps else ""
        self.several = any(step.several for step in steps)
        self.final = any(step.final for step in steps)
        self.holding = [index for index, step in enumerate(steps) if step.leftovers]
        self.opening = [
            index
            for index, step in enumerate(steps)
            if (not index and self.head) or type(step).bound is not Step.bound
        ]
        self.one_for_one = all(step.one_for_one for step in steps)
        self._functions: dict[tuple[str, bool], Function] = {}

    def function(self, world: str, segment: Steps, pausing: bool) -> Function:
        """Return the function of the segment in one world."""
        known = self._functions.get((world, pausing))
        if known is None:
            steps = [node.operator for node in segment]
            self._functions[world, pausing] = known = function(world, steps, pausing=pausing)
        return known


_plans: dict[tuple[Any, ...], list[Plan]] = {}
_MOST_PLANS = 512


def plans(steps: Steps, *, asynchronous: bool = False) -> list[Plan]:
    """Return the plans of the segments of some steps, which depend on their shape alone."""
    kinds: list[Any] = [(type(node.operator), node.operator.closed) for node in steps]
    shape: tuple[Any, ...] = (asynchronous, *kinds)
    known = _plans.get(shape)
    if known is None:
        if len(_plans) >= _MOST_PLANS:
            _plans.clear()
        _plans[shape] = known = _plan(steps, asynchronous=asynchronous)
    return known


def _plan(steps: Steps, *, asynchronous: bool) -> list[Plan]:
    found: list[Plan] = []
    first = 0
    for segment in segments(steps, asynchronous=asynchronous):
        found.append(Plan(segment, first, asynchronous=asynchronous))
        first += len(segment)
    return found


_NONE: dict[int, Place] = {}


def _no_finals(at: int) -> None:
    pass


def plain_steps(steps: Steps) -> int:
    """Return how many of the steps are best run by plain generators below an async one.

    Those are the ones that only a plain generator can be, and all segments but the last, as long as no
    flow that may be asynchronous is opened there.
    """
    cut = 0
    for index, node in enumerate(steps):
        step: Step = node.operator
        if step.head in ("turns", "join") and not step.async_body:
            cut = index + 1 if step.head == "join" else index
    rest = steps[cut:]
    if any(node.operator.async_body for node in rest):
        return cut
    return cut + sum(map(len, segments(rest, asynchronous=True)[:-1]))


def only_plain(steps: Steps) -> bool:
    """Whether one of the steps can only be run by a plain generator."""
    return any(n.operator.head in ("turns", "join") and not n.operator.async_body for n in steps)


def _values(plan: Plan, segment: Steps, places: dict[int, Place]) -> list[Any]:
    """Return the values of the steps' names, in the order in which the function takes them."""
    found: list[Any] = []
    for index, node in enumerate(segment):
        step: Step = node.operator
        values = step.values()
        if index in places:
            values |= step.bound(places[index])
        found += values.values()
    return found


def _close(items: Any, upstream: Feed, head: Any, finals: Callable[[int], None], size: int) -> None:
    """Close a segment's generator; one that never began does nothing by itself."""
    begun = getgeneratorstate(items) != GEN_CREATED
    let_go(items)
    if not begun:
        if hasattr(head, "cancelled"):
            head.cancelled()
        upstream.let_go()
        finals(size)


def _finals(segment: Steps, after: list[Callable[[], None]], at: int) -> None:
    """Do what the steps have to do at an end that begins at step `at`, negative for upstream.

    Those above it are cancelled before the end is told; those below hear of it when it has been told.
    """
    for index, node in enumerate(segment):
        if node.operator.final:
            if index < at:
                node.operator.at_end(node)
            else:
                after.append(partial(node.operator.at_end, node))


def _leave(after: list[Callable[[], None]], finish: Callable[[], None]) -> None:
    while after:
        after.pop()()
    finish()


async def _aleave(after: list[Callable[[], None]], finish: Callable[[], Any]) -> None:
    while after:
        after.pop()()
    await finish()
