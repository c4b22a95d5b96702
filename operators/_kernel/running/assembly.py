"""Assembly: from the nodes of a pipeline to a running subscription, or to a feed for whoever pulls."""

from __future__ import annotations

from functools import partial
from operator import length_hint
from typing import Any

from operators._kernel.failures.failure import annotate
from operators._kernel.fusing.feed import Failing, Feed
from operators._kernel.fusing.fusion import (
    cannot_fail,
    exhaustion,
    let_go,
    nestable,
    never,
    nothing,
    segments,
)
from operators._kernel.fusing.opening import Opening, anothing, scopes
from operators._kernel.fusing.recipe import JoinRecipe, Recipe, recipe_of
from operators._kernel.kinds import (
    AsyncIterableSource,
    Failed,
    IterableSource,
    Known,
    NoneCheck,
    Source,
    chain_to,
    refuse,
    resolved,
    resolved_chain,
)
from operators._kernel.links.async_drives import AsyncDrive
from operators._kernel.links.drives import IteratorDrive
from operators._kernel.links.edge import Edge, FusedEdge
from operators._kernel.links.gate import DrainedStage, Switch, drained_feed
from operators._kernel.links.inlet import Inlet
from operators._kernel.links.queued import QueuedStage
from operators._kernel.links.stage import FusedStage
from operators._kernel.plan.node import Node
from operators._kernel.plan.step import Step
from operators._kernel.running.feeds import DEEPEST_PULLED, Feeds, failing_feed
from operators._kernel.subscription.home import Home
from operators._kernel.subscription.relay import EVERY, Relay, bounce, is_coupled, uncoupled
from operators._kernel.subscription.scope import Scope, is_watched

DEEPEST = 10_000
"""Operators between a flow that is made by others (inner, deferred, resumed) and its consumer, at most."""


def subscribe(node: Node, subscriber: Any, scope: Scope) -> None:
    """Subscribe a stage of this library, which is trusted, to a flow."""
    connect(resolved(node), subscriber, scope)


def known_recipe(node: Node) -> Recipe | JoinRecipe | None:
    """Return how to run a flow that nobody watches in few steps, or None where it is none of that kind."""
    known: Known | None = node.known or None
    if known is None or is_watched(node):
        return None
    recipe = known.recipe
    if recipe is None:
        known.recipe = recipe = recipe_of([*known.chain, *known.edge], FEEDS) or False
    return recipe or None


def drive_known(node: Node, subscriber: Any) -> bool:
    """Subscribe anybody's Subscriber to a flow that is known; return False where it is of no such kind."""
    recipe = known_recipe(node)
    if not isinstance(recipe, Recipe) or not recipe.drives:
        return False
    if is_coupled():
        uncoupled(partial(_drive, recipe, subscriber))
    else:
        _drive(recipe, subscriber)
    return True


def _drive(recipe: Recipe, subscriber: Any) -> None:
    begun = recipe.begin()
    if type(begun[0]) is Failing:
        refuse(subscriber, begun[0].error)
        return
    drive = IteratorDrive(subscriber, Home())
    drive.start(recipe.driven(begun, drive, drive.fail))


def subscribe_foreign(node: Node, subscriber: Any) -> None:
    """Subscribe anybody's Subscriber: behind a strict edge, which is fused where it can be."""
    if not isinstance(subscriber, Inlet) and drive_known(node, subscriber):
        return
    scope = Scope.current(node)
    chain, edge = chain_to(node)
    # One loop over an iterator looks after its Subscriber's failures by itself.
    foreign = not _is_one_drive(chain, scope)
    chain += edge
    if isinstance(subscriber, Inlet):  # this flow is the source of another one
        connect(chain, subscriber, scope.inside(subscriber.scope), foreign=foreign)
    else:
        uncoupled(lambda: connect(chain, subscriber, scope, foreign=foreign))


def fusible(node: Node) -> bool:
    """Whether an operator is a step, of a generator or of a stage."""
    return isinstance(node.operator, Step)


def driven(source: Node, steps: list[Node], scope: Scope, *, strictly: bool = False) -> int:
    """Return how many of the steps after a source are run by the loop that pushes its items.

    `strictly` leaves out those that may open flows which are pushed.
    """
    if isinstance(source.operator, Source):
        return 0
    if isinstance(source.operator, AsyncIterableSource) or scope.linked:
        # What is gathered is given out at the end of whoever is above it, which may come from outside.
        stops = scope.switch is not None
        plain = next(
            (
                i
                for i, node in enumerate(steps)
                if not node.operator.pushes or (stops and node.operator.gathers)
            ),
            len(steps),
        )
        return nestable(steps[:plain])
    known = next(
        (
            i
            for i, node in enumerate(steps)
            if node.operator.head
            and not (
                node.nesting <= DEEPEST_PULLED
                and (node.synchronous or (node.operator.drives and not strictly))
                # Where sources can be ended from outside, each is opened by itself.
                and not (scope.switch is not None and node.operator.roots)
            )
        ),
        len(steps),
    )
    return nestable(steps[:known])


def known_pullable(chain: list[Node], scope: Scope) -> bool:
    """Whether the whole chain is a feed of its own, and so are all flows that are opened in it."""
    return (
        isinstance(chain[0].operator, IterableSource)
        and chain[-1].nesting < DEEPEST_PULLED
        and _is_one_drive(chain, scope, strictly=True)
    )


def _is_one_drive(chain: list[Node], scope: Scope, *, strictly: bool = False) -> bool:
    steps = chain[1:]
    return (
        not scope.linked
        and scope.switch is None
        and not isinstance(chain[0].operator, Source)
        and all(map(fusible, steps))
        and driven(chain[0], steps, scope, strictly=strictly) == len(steps)
    )


def connect(chain: list[Node], subscriber: Any, scope: Scope, *, foreign: bool = False) -> None:
    """Walk from the Subscriber up to the source, making stages of what cannot be fused with it.

    `foreign` puts the edge before the Subscriber that keeps its failures to itself (§2.13).
    """
    if scope.steep:
        # A source may deliver at once, which has the next flow opened, and so on.
        bounce(lambda: _connect(chain, subscriber, scope, foreign))
    else:
        _connect(chain, subscriber, scope, foreign)


def _connect(chain: list[Node], subscriber: Any, scope: Scope, foreign: bool) -> None:
    if scope.depth > DEEPEST:
        chain = [_too_deep(chain[-1])]
    builder = _Builder(subscriber, scope, foreign)
    steps: list[Node] = []  # the run of steps met last, from downstream to upstream
    splits = scope.watcher is not None and scope.watcher.sees_links and scope.watcher.splits
    for index in range(len(chain) - 1, 0, -1):
        node = chain[index]
        if fusible(node):
            steps.append(node)
            if not splits:
                continue
        builder.push_steps(steps)
        steps = []
        if not fusible(node):
            try:
                stage = builder.push_link(node)
            except Exception as error:  # a scheduler that has no worker, say
                refuse(builder.downstream, annotate(error, node))
                return
            if node.operator.detached:
                scope = builder.scope.at(builder.stages, roots=True)
                stage.detach(partial(_connect_later, chain[:index], stage, scope))
                return
    builder.open(chain[0], steps)


def _too_deep(node: Node) -> Node:
    error = RecursionError(
        f"a flow inside of others, more than {DEEPEST:,} operators from its consumer"
    )
    return Node(Failed(annotate(error, node)), site=node.site)


def _connect_later(chain: list[Node], stage: Any, scope: Scope) -> None:
    # A worker may run this at once, inside of another one's turn to do so.
    bounce(lambda: _connect(resolved_chain(chain), stage, scope, False))


class _Builder:
    """Puts stage upon stage, from downstream to upstream."""

    def __init__(self, subscriber: Any, scope: Scope, foreign: bool) -> None:
        # A flow inside of others is as far from the consumer as its whole way is long.
        self.downstream: Any = Relay(subscriber, scope) if scope.far else subscriber
        self.scope = scope
        self.stages: int = scope.depth
        self._foreign = foreign

    def _guard(self, node: Node) -> None:
        if self._foreign:
            self._foreign = False
            # What it refuses after a cancel goes where an on_discard right above it says.
            self.downstream = Edge(self.downstream, node, node.operator.scope(self.scope))

    def _watched(self, *nodes: Node) -> Any:
        """Return what the last of the nodes is to deliver to; the check is no operator of the user's."""
        watcher = self.scope.watcher
        if watcher is not None and watcher.sees_links:
            for node in reversed(nodes):
                if not isinstance(node.operator, NoneCheck):
                    self.downstream = watcher.link(node, self.downstream)
                    break
        return self.downstream

    def _put(self, node: Node, stage: Any) -> None:
        # One that queues says so by itself: it may be no link at all.
        if (
            self.scope.watcher is not None
            and not isinstance(stage, QueuedStage)
            and not isinstance(node.operator, NoneCheck)
        ):
            self.scope.watcher.stage(node, stage)
        self.stages += 1
        self.downstream = Relay(stage, self.scope) if self.stages % EVERY == 0 else stage

    def push_link(self, node: Node) -> Any:
        self._guard(node)
        operator = node.operator
        if operator.begins_anew:
            self.scope = self.scope.part
        scope = self.scope.at(self.stages + 1, roots=operator.roots)
        scope.place = node
        stage = operator.link(self._watched(node), node, scope)
        self._put(node, stage)
        self.scope = operator.scope(self.scope)
        return stage

    def push_steps(self, steps: list[Node]) -> None:
        run: list[Node] = []
        for node in steps:
            if not node.operator.pushes:
                self._push_run(run)
                run = []
                self.push_link(node)
            else:
                run.append(node)
        self._push_run(run)

    def _push_run(self, run: list[Node]) -> None:
        if not run:
            return
        for segment in reversed(segments(run[::-1])):
            last = segment[-1]
            kind = FusedEdge if self._foreign and not self.scope.linked else FusedStage
            if kind is FusedStage:
                self._guard(last)
            self._foreign = False
            self._put(last, kind(self._watched(*segment), segment, self.scope))
            for node in reversed(segment):
                self.scope = node.operator.scope(self.scope)

    def open(self, source: Node, steps: list[Node]) -> None:
        operator = source.operator
        switch: Switch | None = None if operator.roots else self.scope.switch
        run = steps[::-1]
        fused = driven(source, run, self.scope)
        self.push_steps(run[fused:][::-1])
        run = run[:fused]
        self._guard(source)
        if isinstance(operator, Source):
            if switch is not None and not operator.ends:
                self.stages += 1
                self.downstream = DrainedStage(switch, self.downstream, source, self.scope)
            scope = self.scope.at(self.stages + 1, roots=operator.roots or operator.ends)
            scope.place = source
            operator.open(self._watched(source), source, scope)
            return
        downstream = self._watched(source, *run)
        places: list[Scope] = []
        try:
            if isinstance(operator, AsyncIterableSource):
                places = scopes([source, *run], self.scope)
                opened: Any = operator.aiterator_in(places[0])
            else:
                opened = operator.iterator()
        except Exception as error:
            if any(node.operator.head for node in run):
                self._drive(downstream, failing_feed(annotate(error, source)), None, run)
            else:
                refuse(downstream, annotate(error, source))
            return
        if isinstance(operator, AsyncIterableSource):
            try:
                # Where nothing but the source runs on the loop, and whoever pulls waits for just that.
                movable = operator.any_thread and not run and getattr(downstream, "pulls", False)
                drive = AsyncDrive(
                    downstream, opened, self.scope, switch, away=operator.away, movable=movable
                )
            except Exception as error:  # no loop to run on, nor a thread for one
                refuse(downstream, annotate(error, source))
                return
            feed = Feed(opened, never, nothing, pauses=False)
            opening = Opening(feed, source, run, places[1:], drive.run, FEEDS)
            drive.start(*opening.afeed(finish=anothing, sink=drive.fail))
        elif switch is not None:
            self._drive(downstream, drained_feed(opened, switch), source, run)
        else:
            length = length_hint(opened) if cannot_fail(opened) else None
            close = partial(let_go, opened)
            feed = Feed(opened, exhaustion(opened), close, pauses=False, length=length)
            self._drive(downstream, feed, source, run)

    def _drive(self, downstream: Any, feed: Feed, source: Node | None, run: list[Node]) -> None:
        drive = IteratorDrive(downstream, self.scope.home)
        # Flows that are opened in the loop are made of its items, and finished.
        opening = Opening(feed, source, run, scopes(run, self.scope.unswitched), drive, FEEDS)
        drive.start(opening.driven(drive.fail))


FEEDS = Feeds(connect)
