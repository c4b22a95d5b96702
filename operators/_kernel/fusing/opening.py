"""Opening: the segments of a chain put one over another, for one who pulls."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from functools import partial
from inspect import GEN_CREATED, getgeneratorstate
from typing import Any, Protocol

from operators._kernel.fusing.blame import Sink
from operators._kernel.fusing.chained import Chained
from operators._kernel.fusing.codegen import Function
from operators._kernel.fusing.feed import PAUSE, Feed
from operators._kernel.fusing.fusion import (
    Steps,
    alet_go,
    cannot_fail,
    let_go,
    never,
    nothing,
)
from operators._kernel.fusing.plans import Plan, plans
from operators._kernel.hosts.runtimes import running_loop
from operators._kernel.hosts.waiting import refusal_to_wait
from operators._kernel.kinds import NoneCheck, resolved
from operators._kernel.plan.node import Node
from operators._kernel.plan.step import Step
from operators._kernel.subscription.scope import Scope


async def anothing() -> None:
    """Do nothing."""


Driven = tuple[
    Callable[[Callable[[Any], None], int], int | None],
    Callable[[], bool],
    Callable[[], None],
    frozenset[int],
    list[Callable[[], None]],
    list[Callable[[], None]],
]
"""What a drive needs: the function that delivers, whether the end is known, what is to be done at the end,
the lines of the function at which it is at rest, what is to be done once the end has been told, and what is
to be done at the beginning, whether anything is asked for or not."""


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

    __slots__ = (
        "_alone", "_given", "_openers", "asynchronous", "blocks", "feed", "level", "node", "run", "scope",
    )  # fmt: skip

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
        self._given: Node | None = None
        self._alone: Scope | None = None

    @property
    def alone(self) -> Scope:
        """The scope of those flows of which one is opened after the other: what each has left to clean up."""
        if self._alone is None:
            self._alone = self.scope.part
        return self._alone

    @property
    def settled(self) -> bool:
        """Whether the flow that was opened alone has left nothing to clean up."""
        return self._alone is None or self._alone.settled

    def giver(self) -> Node | None:
        """Return the source of the flow that was opened last for an async generator."""
        return self._given

    def open(
        self, node: Node, *, prefetch: int = 1, hasty: bool = False, blocks: bool | None = None
    ) -> Feed:
        """Return the feed of another flow; where that is pushed it is asked for `prefetch` items ahead."""
        blocks = self.blocks if blocks is None else blocks
        return self.open_chain(resolved(node), prefetch=prefetch, hasty=hasty, blocks=blocks)

    def open_chain(
        self, chain: list[Node], *, prefetch: int, hasty: bool, blocks: bool, alone: bool = False
    ) -> Feed:
        """Return the feed of a flow that is resolved already, likewise."""
        return self._openers.open(
            chain, self.alone if alone else self.scope, self.run,
            prefetch=prefetch, hasty=hasty, level=self.level + 1, blocks=blocks,
        )  # fmt: skip

    def pause(self) -> Any:
        """Wait, and return None; or return PAUSE, for whoever pulls to wait."""
        if not self.blocks:
            return PAUSE
        if running_loop() is not None:
            raise refusal_to_wait(self.node)
        self.run.bell.wait()
        return None

    def open_either(self, node: Node) -> Any:
        """Return what an async generator pulls of another flow, one after the other."""
        chain = resolved(node)
        self._given = chain[0]
        return self._openers.aopen_either(chain, self.alone, self.run, self.level + 1)

    def successor(self, chain: list[Node]) -> Feed:
        """Return the feed of a flow that takes the place of what is upstream, of the same kind as that."""
        if not self.asynchronous:
            return self.open_chain(chain, prefetch=1, hasty=False, blocks=self.blocks)
        items = self._openers.aopen(chain, self.scope, self.run, self.level + 1)
        return Feed(items, never, nothing, pauses=False)


Opened = tuple[dict[int, Place], Any, Feed]
"""The places of a segment, its head, and the feed that this gives; where there is none, what is upstream."""


def scopes(chain: Steps, scope: Scope) -> list[Scope]:
    """Return the scope of each node of a chain, which an on_discard changes for those above it.

    One that begins anew is in a part of its own with them: what is to be cleaned up before it does.
    """
    found: list[Scope] = []
    for node in reversed(chain):
        if node.operator.begins_anew:
            scope = scope.part
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
        cut, feed, source = self._begun()
        after = feed.after
        leave = None if finish is None else partial(_leave, after, finish)
        left = len(cut)
        alongside = [self._alongside(plan) for plan in cut]
        for plan in cut:
            left -= 1
            waits = blocks and not any(alongside[len(cut) - left :])
            opened = self._opened(plan, feed, blocks=waits)
            if self._run.pushes and self._is_to_begin(plan):
                opened[1].begin()
            if plan.chains and waits and not left and leave is not None:
                visits = opened[1].visits(leave)
                if visits is not None:
                    chained = Chained.over(visits)
                    return Feed(chained, never, chained.close, pauses=False)
            feed = self._over(
                plan, opened, source, "for" if waits else "loop",
                None if left else sink, None if left else leave,
            )  # fmt: skip
            source = None
        feed.after = after
        return feed

    def driven(self, sink: Sink) -> Driven:
        """Return the function that delivers the items after the steps, and what belongs to it.

        What the last segment raises is shown to `sink` as well.
        """
        cut, feed, source = self._begun()
        after = feed.after
        begins: list[Callable[[], None]] = []
        if not cut[-1].drives:
            cut = [*cut, *plans(())]
        for plan in cut[:-1]:
            opened = self._opened(plan, feed, blocks=False)
            if self._is_to_begin(plan):
                begins.append(opened[1].begin)
            feed = self._over(plan, opened, source, "loop", None, None)
            source = None
        opened = self._opened(cut[-1], feed, blocks=False)
        if self._is_to_begin(cut[-1]):
            begins.append(opened[1].begin)
        code, _, (deliver, ending, leave) = self._built(
            cut[-1], opened, source, "drive", sink, None
        )
        return deliver, ending, leave, code.deliveries, after, begins

    def _alongside(self, plan: Plan) -> bool:
        return any(node.operator.alongside for node in self._steps[plan.first : plan.end])

    def _is_to_begin(self, plan: Plan) -> bool:
        """Whether its head has flows, which may be pushed, to be opened at once, as a stage does."""
        return plan.several and not self._steps[plan.first].synchronous

    def _begun(self) -> tuple[list[Plan], Feed, Node | None]:
        """Return the plans of the segments, what they are put upon, and who is to be blamed for that."""
        feed, source = self._feed, self._source
        cut = plans(self._steps)
        if source is not None and cannot_fail(feed.items):
            source = None
        elif source is not None and cut[0].head in ("turns", "join"):
            cut = [*plans(()), *cut]  # which blames the source for what it raises
        return cut, feed, source

    def _over(
        self,
        plan: Plan,
        opened: Opened,
        source: Node | None,
        world: str,
        sink: Sink | None,
        leave: Callable[[], None] | None,
    ) -> Feed:
        """Return the feed of the generator of one segment over another feed."""
        code, finals, (items, ending) = self._built(plan, opened, source, world, sink, leave)
        _, head, pulled = opened
        feed = Feed(
            items,
            ending,
            partial(_close, items, pulled, head, finals, plan.end - plan.first),
            pauses=code.pauses,
            failing=pulled.failing,
            length=pulled.length if plan.one_for_one else None,
            queued=pulled.queued,
        )
        feed.after = self._feed.after
        return feed

    def _opened(self, plan: Plan, feed: Feed, *, blocks: bool) -> Opened:
        """Return the places of a segment over a feed, and its head with the feed that it gives."""
        if not plan.opening:
            return _NONE, None, feed
        places = self._places(plan, feed, blocks=blocks, asynchronous=False)
        if not plan.head:
            return places, None, feed
        head = self._steps[plan.first].operator.opened(places[0])
        return places, head, head if isinstance(head, Feed) else head.feed()

    def _built(
        self,
        plan: Plan,
        opened: Opened,
        source: Node | None,
        world: str,
        sink: Sink | None,
        leave: Callable[[], None] | None,
    ) -> tuple[Function, Callable[[int], None], Any]:
        """Return the function of a segment, its finals, and what it was built to."""
        places, head, feed = opened
        segment = self._steps[plan.first : plan.end]
        code = plan.function(world, segment, feed.pauses)
        finals = partial(_finals, segment, self._feed.after) if plan.final else _no_finals
        made = code.build(
            feed.items, (code, segment, source, sink), feed.close, feed.ending, self._run, head,
            finals, leave, None, *self._discards(plan), *_values(segment, places, head),
        )  # fmt: skip
        return code, finals, made

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
            close: Callable[[], Any] = feed.close
            if is_async:
                # One whose feed changes closes what it has now.
                close = getattr(head, "aclose", None) or partial(alet_go, feed.items)
            items, ending = code.build(
                feed.items, (code, segment, source, None if left else sink), close,
                feed.ending, self._run, head, finals,
                None if left else partial(_aleave, after, finish), None,
                *self._discards(plan), *_values(segment, places, head),
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


_NONE: dict[int, Place] = {}


def _no_finals(at: int) -> None:
    pass


def _values(segment: Steps, places: dict[int, Place], head: Any) -> list[Any]:
    """Return the values of the steps' names, in the order in which the function takes them."""
    found: list[Any] = []
    for index, node in enumerate(segment):
        step: Step = node.operator
        values = step.values()
        if places and isinstance(step, NoneCheck):
            values["error"] = _blaming(step, places, head)
        if index in places:
            values |= step.bound(places[index])
        found += values.values()
    return found


def _blaming(check: NoneCheck, places: dict[int, Place], head: Any) -> Callable[[], TypeError]:
    """Return what makes the check's error: an inner flow is blamed, not the operator that opened it."""
    for index, place in places.items():
        if place.node is check.culprit:
            giver = getattr(head, "giver", None) if not index and head is not None else place.giver
            return check.blaming(giver) if giver is not None else check.values()["error"]
    error: Callable[[], TypeError] = check.values()["error"]
    return error


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
