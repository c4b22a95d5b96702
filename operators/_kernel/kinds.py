"""Kinds: what an operator can be, and what every pipeline has at its ends."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any, ClassVar

from operators._kernel.contract import Contract
from operators._kernel.ends import NOWHERE
from operators._kernel.failure import annotate
from operators._kernel.node import Node, Operator
from operators._kernel.scope import Scope
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

    @property
    def synchronous(self) -> bool:
        return True

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


class NoneCheck(Step):
    """The strict edge: None is not an element (§2.13), whoever made it."""

    __slots__ = ("_culprit",)
    name = "edge"
    explains = True
    keeps = True
    never_none = True
    calls = False
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
    return checked(resolved_chain(node.chain()))


_SEEN: Any = ()


def chain_to(node: Node) -> tuple[list[Node], list[Node]]:
    """Return the resolved chain to `node`, and the check for what leaves it.

    From the second time on they are known. (To know them costs a reference cycle, of which flows that
    are made for a single subscription are to have none.)
    """
    known = node.known
    if known:
        return list(known[0]), list(known[1])
    chain = resolved(node)
    edge = none_check(chain)
    if known is None:
        node.known = _SEEN
    elif not isinstance(node.chain()[0].operator, DeferredSource):
        node.known = tuple(chain), tuple(edge)
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
