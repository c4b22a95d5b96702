"""Assembly: from the nodes of a pipeline to a running subscription, and to what fusion makes of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from functools import partial
from typing import Any, ClassVar

from operators._kernel.contract import Contract
from operators._kernel.drives import AsyncDrive, IteratorDrive
from operators._kernel.edge import Edge, FusedEdge
from operators._kernel.ends import NOWHERE
from operators._kernel.failure import annotate
from operators._kernel.fusion import nestable, open_async_items, open_loop, segments
from operators._kernel.inlet import Inlet
from operators._kernel.node import Node, Operator
from operators._kernel.relay import EVERY, Relay, bounce, uncoupled
from operators._kernel.scope import Scope
from operators._kernel.stage import FusedStage
from operators._kernel.step import Step


class Source(Operator):
    """A source that is pushed: it starts when a Subscriber is there."""

    __slots__ = ()

    def open(self, downstream: Any, node: Node, scope: Scope) -> None:
        """Call on_subscribe of `downstream`, and go on as the demand allows."""
        raise NotImplementedError


class IterableSource(Operator):
    """A source whose items are pulled from an iterator; chains that begin with it are fused."""

    __slots__ = ()

    def iterator(self) -> Iterator[Any]:
        """Return a new iterator for one subscription."""
        raise NotImplementedError


class AsyncIterableSource(Operator):
    """A source whose items are pulled from an async iterator; chains that begin with it are fused."""

    __slots__ = ()
    asynchronous = True

    def aiterator(self) -> AsyncIterator[Any]:
        """Return a new async iterator for one subscription."""
        raise NotImplementedError


class DeferredSource(Operator):
    """A source that is made anew for each subscription."""

    __slots__ = ()

    def resolve(self) -> Node:
        """Return the node of the flow to subscribe to."""
        raise NotImplementedError


class Link(Operator):
    """An operator that is a stage of its own between two links."""

    __slots__ = ()

    detached: ClassVar[bool] = False
    """Whether the stage's `detach` is to decide when, and where, upstream is subscribed to."""

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        """Return the stage, to be subscribed to what is upstream."""
        raise NotImplementedError

    def scope(self, scope: Scope) -> Scope:
        """Return the scope for what is upstream."""
        return scope


def discarding_scope(chain: list[Node], scope: Scope) -> Scope:
    """Return the scope for what a consumer at the end of the chain still holds."""
    for node in reversed(chain):
        if isinstance(node.operator, Link):
            changed: Scope = node.operator.scope(scope)
            if changed is not scope:
                return changed
    return scope


class NoneCheck(Step):
    """The strict edge: None is not an element (§2.13), whoever made it."""

    __slots__ = ("_culprit",)
    name = "edge"
    explains = True
    keeps = True
    contract = Contract.PASS_THROUGH
    body = "if $item is None:\n    raise $error()"

    def __init__(self, culprit: Node) -> None:
        self._culprit = culprit

    def values(self) -> dict[str, Any]:
        return {"error": self._error}

    def _error(self) -> TypeError:
        return none_error(self._culprit)


def none_error(node: Node) -> TypeError:
    """Return the error for a None that came out of `node`."""
    return TypeError(
        f"None is not an element (§2.13): {node.title}, written at {node.where}, gave None; "
        "leave it out (map_not_none does), or use another value for 'nothing'"
    )


def none_check(chain: list[Node]) -> list[Node]:
    """Return the check for what leaves a chain, or nothing where None cannot come out of it."""
    for node in reversed(chain):
        operator = node.operator
        if isinstance(operator, Step) and operator.keeps:
            continue
        if isinstance(operator, Step) and operator.never_none:
            return []
        return [Node(NoneCheck(node), site=node.site)]
    return []


class Failed(Source):
    """A source that fails as soon as somebody is there."""

    __slots__ = ("error",)
    name = "error"
    contract = Contract.NO_ITEMS

    def __init__(self, error: Exception) -> None:
        self.error: Exception = error

    def open(self, downstream: Any, node: Node, scope: Scope) -> None:
        refuse(downstream, self.error)


def refuse(subscriber: Any, error: Exception) -> None:
    """Turn a Subscriber away: on_subscribe, then on_error (§1.9)."""
    subscriber.on_subscribe(NOWHERE)
    subscriber.on_error(error)


_MOST_DEFERRED = 1_000
DEEPEST = 10_000
"""Operators between a flow that is made by others (inner, deferred, resumed) and its consumer, at most."""


def resolved(node: Node) -> list[Node]:
    """Return the chain from source to `node`; a deferred source is replaced by what it makes."""
    return _resolved(node.chain())


def _too_many(deferred: Node) -> Node:
    error = RecursionError(f"defer: no source after {_MOST_DEFERRED} of them, one in another")
    return Node(Failed(annotate(error, deferred)), site=deferred.site)


def _resolved(chain: list[Node]) -> list[Node]:
    made = 0
    # Behind a detached link it is made later, where the link subscribes to it.
    while isinstance(chain[0].operator, DeferredSource) and not any(map(_detached, chain)):
        made += 1
        try:
            head = _too_many(chain[0]) if made > _MOST_DEFERRED else chain[0].operator.resolve()
        except Exception as error:
            head = Node(Failed(annotate(error, chain[0])), site=chain[0].site)
        chain[:1] = head.chain()
    return chain


def subscribe(node: Node, subscriber: Any, scope: Scope) -> None:
    """Subscribe a stage of this library, which is trusted, to a flow."""
    connect(resolved(node), subscriber, scope)


def pullable(chain: list[Node], scope: Scope, *, asynchronous: bool = False) -> bool:
    """Whether the whole chain is one fused iterator (or async iterator), as far as it never waits."""
    sources = (IterableSource, AsyncIterableSource) if asynchronous else (IterableSource,)
    return (
        scope.watcher is None
        and isinstance(chain[0].operator, sources)
        and all(fusible(node) for node in chain[1:])
        and nestable(chain[1:]) == len(chain) - 1
    )


def subscribe_foreign(node: Node, subscriber: Any, scope: Scope) -> None:
    """Subscribe anybody's Subscriber: behind a strict edge, which is fused where it can be."""
    chain = resolved(node)
    edge = none_check(chain)
    # One loop over an iterator looks after its Subscriber's failures by itself.
    foreign = not pullable(chain, scope, asynchronous=True)
    chain += edge
    if isinstance(subscriber, Inlet):  # this flow is the source of another one
        connect(chain, subscriber, scope.inside(subscriber.scope), foreign=foreign)
    else:
        uncoupled(lambda: connect(chain, subscriber, scope, foreign=foreign))


def fusible(node: Node) -> bool:
    return isinstance(node.operator, Step) and not node.operator.pull_only


def connect(chain: list[Node], subscriber: Any, scope: Scope, *, foreign: bool = False) -> None:
    """Walk from the Subscriber up to the source, making stages of what cannot be fused with it.

    `foreign` puts the edge before the Subscriber that keeps its failures to itself (§2.13).
    """
    if scope.depth > DEEPEST:
        chain = [_too_deep(chain[-1])]
    builder = _Builder(subscriber, scope, foreign)
    steps: list[Node] = []  # the run of steps met last, from downstream to upstream
    splits = scope.watcher is not None and scope.watcher.splits
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
                scope = builder.scope.at(builder.stages)
                stage.detach(partial(_connect_later, chain[:index], stage, scope))
                return
    builder.open(chain[0], steps)


def _too_deep(node: Node) -> Node:
    error = RecursionError(
        f"a flow inside of others, more than {DEEPEST:,} operators from its consumer"
    )
    return Node(Failed(annotate(error, node)), site=node.site)


def _detached(node: Node) -> bool:
    return isinstance(node.operator, Link) and node.operator.detached


def _connect_later(chain: list[Node], stage: Any, scope: Scope) -> None:
    # A worker may run this at once, inside of another one's turn to do so.
    bounce(lambda: connect(_resolved(chain), stage, scope))


class _Builder:
    """Puts stage upon stage, from downstream to upstream."""

    def __init__(self, subscriber: Any, scope: Scope, foreign: bool) -> None:
        # A flow inside of others is as far from the consumer as its whole way is long.
        self.downstream: Any = Relay(subscriber) if scope.far else subscriber
        self.scope = scope
        self.stages: int = scope.depth
        self._foreign = foreign

    def _guard(self, node: Node) -> None:
        if self._foreign:
            self._foreign = False
            self.downstream = Edge(self.downstream, node, self.scope)

    def _watched(self, *nodes: Node) -> Any:
        """Return what the last of the nodes is to deliver to; the check is no operator of the user's."""
        watcher = self.scope.watcher
        if watcher is not None:
            for node in reversed(nodes):
                if not isinstance(node.operator, NoneCheck):
                    self.downstream = watcher.link(node, self.downstream)
                    break
        return self.downstream

    def _put(self, node: Node, stage: Any) -> None:
        if self.scope.watcher is not None and not isinstance(node.operator, NoneCheck):
            self.scope.watcher.stage(node, stage)
        self.stages += 1
        self.downstream = Relay(stage) if self.stages % EVERY == 0 else stage

    def push_link(self, node: Node) -> Any:
        self._guard(node)
        operator = node.operator
        stage = operator.link(self._watched(node), node, self.scope.at(self.stages + 1))
        self._put(node, stage)
        self.scope = operator.scope(self.scope)
        return stage

    def push_steps(self, steps: list[Node]) -> None:
        run: list[Node] = []
        for node in steps:
            if node.operator.nests:
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
            kind = FusedEdge if self._foreign and self.scope.watcher is None else FusedStage
            if kind is FusedStage:
                self._guard(last)
            self._foreign = False
            self._put(last, kind(self._watched(*segment), segment, self.scope))

    def open(self, source: Node, steps: list[Node]) -> None:
        operator = source.operator
        run = steps[::-1]
        fused = 0 if isinstance(operator, Source) else nestable(run)
        self.push_steps(run[fused:][::-1])
        run = run[:fused]
        if isinstance(operator, Source):
            self._guard(source)
            operator.open(self._watched(source), source, self.scope.at(self.stages + 1))
            return
        self._guard(source)
        downstream = self._watched(source, *run)
        items: Any
        try:
            if isinstance(operator, AsyncIterableSource):
                items = operator.aiterator()
            else:
                items = operator.iterator()
        except Exception as error:
            refuse(downstream, annotate(error, source))
            return
        if isinstance(operator, AsyncIterableSource):
            try:
                pump = AsyncDrive(downstream, items)
            except Exception as error:  # no loop to run on, nor a thread for one
                refuse(downstream, annotate(error, source))
                return
            pump.start(*open_async_items(items, source, run, self.scope, pump.fail))
        else:
            drive = IteratorDrive(downstream, items)
            drive.start(*open_loop(items, source, run, self.scope, drive.fail))
