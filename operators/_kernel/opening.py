"""Opening: the segments of a chain put one over another, for one who pulls."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from functools import partial
from inspect import GEN_CREATED, getgeneratorstate
from typing import Any, Protocol

from operators._kernel.codegen import function
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
        self.node = node
        self.feed = feed
        """What is upstream."""
        self.scope = scope
        self.run = run
        self.blocks = blocks
        """Whether it may block rather than give PAUSE."""
        self.level = level
        """How many flows are around this one."""
        self.asynchronous = asynchronous
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
        begun = 0
        cut = segments(self._steps)
        if source is not None and cannot_fail(feed.items):
            source = None
        elif source is not None and _head(cut[0]) in ("turns", "join"):
            cut.insert(0, [])  # which blames the source for what it raises
        several = max(
            (i for i, segment in enumerate(cut) if segment and segment[0].operator.several),
            default=-1,
        )
        for number, segment in enumerate(cut):
            last = number == len(cut) - 1
            here = self._scopes[begun : begun + len(segment)]
            begun += len(segment)
            waits = blocks and number >= several
            places = self._places(segment, here, feed, blocks=waits, asynchronous=False)
            head = segment[0].operator.opened(places[0]) if _head(segment) else None
            if head is not None:
                feed = head if isinstance(head, Feed) else head.feed()
            code = function("for" if waits else "loop", _operators(segment), pausing=feed.pauses)
            fail = Blame(code, segment, source, sink if last else None)
            items, ending = code.build(
                feed.items, fail, feed.close, feed.ending, self._run, head,
                partial(_finals, segment, after), leave if last else nothing,
                *_discards(places), **_values(places),
            )  # fmt: skip
            one_for_one = all(node.operator.one_for_one for node in segment)
            feed = Feed(
                items,
                ending,
                partial(_close, items, feed, head, partial(_finals, segment, after, len(segment))),
                pauses=not waits and (feed.pauses or _may_pause(segment)),
                failing=feed.failing,
                length=feed.length if one_for_one else None,
            )
            source = None
        feed.after = after
        return feed

    def afeed(
        self, *, finish: Callable[[], Any], sink: Sink | None = None
    ) -> tuple[Any, Callable[[], bool]]:
        """Return an async generator of the items after the steps, over an async iterator or a feed."""
        feed, source = self._feed, self._source
        after = feed.after
        leave = partial(_aleave, after, finish)
        is_async = isinstance(feed.items, AsyncIterator)
        begun = 0
        cut = segments(self._steps, asynchronous=True)
        for number, segment in enumerate(cut):
            last = number == len(cut) - 1
            here = self._scopes[begun : begun + len(segment)]
            begun += len(segment)
            places = self._places(segment, here, feed, blocks=False, asynchronous=is_async)
            head: Any = None
            if segment and head_of(segment[0].operator, asynchronous=True):
                head = segment[0].operator.opened(places[0])
                feed = head if isinstance(head, Feed) else head.feed()
            code = function(
                "async" if is_async else "mixed", _operators(segment), pausing=feed.pauses
            )
            fail = Blame(code, segment, source, sink if last else None)
            close: Callable[[], Any] = partial(alet_go, feed.items) if is_async else feed.close
            items, ending = code.build(
                feed.items, fail, close, feed.ending, self._run, head,
                partial(_finals, segment, after), leave if last else anothing,
                *_discards(places), **_values(places),
            )  # fmt: skip
            feed = Feed(items, ending, nothing, pauses=False)
            source, is_async = None, True
        return feed.items, feed.ending

    def _places(
        self,
        segment: list[Node],
        here: list[Scope],
        feed: Feed,
        *,
        blocks: bool,
        asynchronous: bool,
    ) -> list[Place]:
        return [
            Place(
                node,
                feed,
                scope,
                self._run,
                self._openers,
                blocks=blocks,
                level=self._level,
                asynchronous=asynchronous,
            )
            for node, scope in zip(segment, here, strict=True)
        ]


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


def _head(segment: Steps) -> str:
    return segment[0].operator.head if segment else ""


def _operators(segment: Steps) -> list[Step]:
    return [node.operator for node in segment]


def _values(places: list[Place]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for index, place in enumerate(places):
        step: Step = place.node.operator
        values = step.values()
        if type(step).bound is not Step.bound:
            values |= step.bound(place)
        for name, value in values.items():
            found[f"{name}{index}"] = value
    return found


def _discards(places: list[Place]) -> list[Callable[..., None]]:
    return [place.scope.discard for place in places if place.node.operator.leftovers]


def _may_pause(segment: Steps) -> bool:
    return any(
        node.operator.nests or node.operator.head or "skip" in node.operator.body
        for node in segment
    )


def _close(items: Any, upstream: Feed, head: Any, finals: Callable[[], None]) -> None:
    """Close a segment's generator; one that never began does nothing by itself."""
    begun = getgeneratorstate(items) != GEN_CREATED
    let_go(items)
    if not begun:
        if hasattr(head, "cancelled"):
            head.cancelled()
        upstream.let_go()
        finals()


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
