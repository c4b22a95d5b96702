"""Kinds: what an operator can be, and what every pipeline has at its ends."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, ClassVar

from operators._kernel.failures.failure import annotate
from operators._kernel.hosts.runtimes import on_trio
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node, Operator
from operators._kernel.plan.step import Step
from operators._kernel.subscription.ends import NOWHERE
from operators._kernel.subscription.scope import Scope


class Source(Operator):
    """A source that is pushed: it starts when a Subscriber is there."""

    __slots__ = ()
    ends: ClassVar[bool] = False
    """Whether it ends by itself where its run is drained; for others a stage after it does so."""

    def open(self, downstream: Any, node: Node, scope: Scope) -> None:
        """Call on_subscribe of `downstream`, and go on as the demand allows."""
        raise NotImplementedError


class IterableSource(Operator):
    """A source whose items are pulled from an iterator; chains that begin with it are fused."""

    __slots__ = ()

    @property
    def synchronous(self) -> bool:
        return True

    @property
    def safe(self) -> bool:
        """Whether no iterator of it ever fails, so that nobody has to look after one."""
        return self.own

    def iterator(self) -> Iterator[Any]:
        """Return a new iterator for one subscription."""
        raise NotImplementedError


class AsyncIterableSource(Operator):
    """A source whose items are pulled from an async iterator; chains that begin with it are fused."""

    __slots__ = ()
    asynchronous = True

    @property
    def asyncio_only(self) -> bool:
        """Whether on trio it is to run on the library's own loop, which is one of asyncio."""
        return False

    @property
    def any_thread(self) -> bool:
        """Whether it may go on on another thread after an await, of the same event loop."""
        return False

    @property
    def away(self) -> bool:
        """Whether it is not to run on the loop that runs here."""
        return self.asyncio_only and on_trio()

    def aiterator(self) -> AsyncIterator[Any]:
        """Return a new async iterator for one subscription."""
        raise NotImplementedError

    def aiterator_in(self, scope: Scope) -> AsyncIterator[Any]:
        """Return the same for a subscription of this scope; for what runs flows of its own in it."""
        return self.aiterator()


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


class NoneCheck(Step):
    """The strict edge: None is not an element (§2.13), whoever made it."""

    __slots__ = ("culprit",)
    name = "edge"
    explains = True
    keeps = True
    never_none = True
    calls = False
    contract = Contract.PASS_THROUGH
    body = "if $item is None:\n    raise $error()"

    def __init__(self, culprit: Node) -> None:
        self.culprit: Node = culprit

    def values(self) -> dict[str, Any]:
        return {"error": self._error}

    def _error(self) -> TypeError:
        return none_error(self.culprit)

    def blaming(self, giver: Callable[[], Node | None]) -> Callable[[], TypeError]:
        """Return what makes the error where the culprit passes on what a giver gives, which is blamed."""
        return lambda: none_error(giver() or self.culprit)


def none_error(node: Node) -> TypeError:
    """Return the error for a None that came out of `node`."""
    return TypeError(
        f"None is not an element (§2.13): {node.title}, written at {node.where}, gave None; "
        "leave it out (map_not_none does), or use another value for 'nothing'"
    )


def none_check(chain: list[Node]) -> list[Node]:
    """Return the check for what leaves a chain, or nothing where None cannot come out of it."""
    maker = _none_maker(chain)
    return [] if maker is None else [_check(maker, chain[-1])]


def _check(maker: Node, after: Node) -> Node:
    return Node(NoneCheck(maker), after, maker.site)


def _none_maker(chain: list[Node]) -> Node | None:
    """Return the operator that has made a None which comes out of a chain, if one can."""
    for node in reversed(chain):
        if node.operator.never_none:
            return None
        if not node.operator.keeps:
            return node
    return None


def checked(chain: list[Node]) -> list[Node]:
    """Return a chain that a None can leave only where its maker is known still.

    A check stands before each operator that is strict, and at the end. A source by itself goes without:
    it is known as long as nothing but the source is there, and its items are passed on as fast as can be.
    """
    strict = [index for index, node in enumerate(chain) if node.operator.strict and index]
    for index in reversed(strict):
        maker = _none_maker(chain[:index])
        if maker is not None and (maker is not chain[0] or chain[index].operator.keeps):
            chain.insert(index, _check(maker, chain[index - 1]))
    maker = _none_maker(chain)
    if maker is not None and maker is not chain[0]:
        chain.append(_check(maker, chain[-1]))
    return chain


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


def resolved(node: Node) -> list[Node]:
    """Return the chain from source to `node`; a deferred source is replaced by what it makes."""
    if node.upstream is None and not isinstance(node.operator, DeferredSource):
        return [node]
    return checked(resolved_chain(node.chain()))


def taking_over(chain: list[Node]) -> list[Node]:
    """Return the chain of a flow that takes over from another one, such that no None leaves it.

    The one before was checked where it ended, and what comes after it counts on that.
    """
    return [*chain, *none_check(chain)]


_SEEN: Any = ()


class Known:
    """What is known of a node that is subscribed to again and again."""

    __slots__ = ("chain", "edge", "recipe")

    def __init__(self, chain: list[Node], edge: list[Node]) -> None:
        self.chain: tuple[Node, ...] = tuple(chain)
        self.edge: tuple[Node, ...] = tuple(edge)
        self.recipe: Any = None
        """How to run it in few steps; False where it is of no such kind, None where nobody has looked."""


def chain_to(node: Node) -> tuple[list[Node], list[Node]]:
    """Return the resolved chain to `node`, and the check for what leaves it.

    From the second time on they are known. (To know them costs a reference cycle, of which flows that
    are made for a single subscription are to have none.)
    """
    known = node.known
    if known:
        return list(known.chain), list(known.edge)
    chain = resolved(node)
    edge = none_check(chain)
    if known is None:
        node.known = _SEEN
    elif not isinstance(node.chain()[0].operator, DeferredSource):
        node.known = Known(chain, edge)
    return chain, edge


def _too_many(deferred: Node) -> Node:
    error = RecursionError(f"defer: no source after {_MOST_DEFERRED} of them, one in another")
    return Node(Failed(annotate(error, deferred)), site=deferred.site)


def resolved_chain(chain: list[Node]) -> list[Node]:
    made = 0
    # Behind a detached link it is made later, where the link subscribes to it.
    while isinstance(chain[0].operator, DeferredSource) and not any(map(is_detached, chain)):
        made += 1
        try:
            head = _too_many(chain[0]) if made > _MOST_DEFERRED else chain[0].operator.resolve()
        except Exception as error:
            head = Node(Failed(annotate(error, chain[0])), site=chain[0].site)
        chain[:1] = head.chain()
    return chain


def is_detached(node: Node) -> bool:
    return isinstance(node.operator, Link) and node.operator.detached
