"""Heads: what runs a segment that goes on with another flow, after an error or for want of items."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any, Protocol

from operators._kernel.failures.failure import annotate, in_handling, resubscribed
from operators._kernel.fusing.bells import cleaning, settle
from operators._kernel.fusing.feed import PAUSE, Feed
from operators._kernel.fusing.fusion import alet_go, let_go
from operators._kernel.fusing.inners import leave
from operators._kernel.fusing.opening import Place
from operators._kernel.hosts.exits import ends_all
from operators._kernel.kinds import resolved, taking_over
from operators._kernel.plan.node import Node


class Fallback:
    """Goes on with another flow where upstream was over without an item (switch_if_empty)."""

    __slots__ = ("_inner", "_items", "_other", "_place", "_some")

    def __init__(self, place: Place, other: Node) -> None:
        self._place = place
        self._other = other
        self._inner: Feed | None = None
        self._some = False
        self._items = self._either()

    def feed(self) -> Feed:
        """Return the feed of the one or the other."""
        return Feed(
            self._items, self._ending, self._close, failing=self._failing,
            pauses=not self._place.blocks,
        )  # fmt: skip

    def _either(self) -> Iterator[Any]:
        items = self._place.feed.items
        for item in items:
            if item is PAUSE:
                yield PAUSE
                continue
            self._some = True
            yield item
            yield from items
        if not self._some:
            if not self._place.scope.settled:
                yield from cleaned(self._place)
            self._inner = inner = self._place.open(self._other)
            yield from inner.items

    def _ending(self) -> bool:
        if self._inner is not None:
            return self._inner.ending()
        feed = self._place.feed
        return feed.ending() and (self._some or feed.failing())

    def _failing(self) -> bool:
        return (self._inner or self._place.feed).failing()

    def _close(self) -> None:
        let_go(self._items)
        inner, self._inner = self._inner, None
        if inner is not None:
            leave(inner, self._place.feed)
        self._place.feed.let_go()


def cleaned(place: Place) -> Iterator[Any]:
    """Wait until all is cleaned up that is upstream, or give PAUSE until it is."""
    if place.blocks:
        settle(place.scope)
    else:
        yield from cleaning(place.scope, place.run)


class Successor(Protocol):
    """Says what takes over after an error."""

    def __call__(self, error: Exception) -> Node | None:
        """Return the flow that goes on, or None where the error is passed on."""
        ...

    def unwrapped(self, chain: list[Node]) -> tuple[list[Node], Node | None]:
        """Return the chain of that flow, and the operator at its end that takes the place of this one."""
        ...


class Resuming:
    """Goes on with another feed where one has failed, as long as `successor` gives one."""

    __slots__ = ("_earlier", "_feed", "_node", "_place", "_successor")

    def __init__(self, place: Place, successor: Successor) -> None:
        self._place = place
        self._node = place.node
        self._feed = place.feed
        self._successor = successor
        self._earlier: Exception | None = None

    def feed(self) -> Feed:
        """Return the feed that the segment pulls first."""
        return Feed(self._feed.items, self._ending, self._close, pauses=not self._place.blocks)

    def resume(self, error: Exception) -> Any:
        """Return the items of the feed that goes on after the error; raise it where none does.

        What is upstream is cleaned up before.
        """
        items = self._next(error)
        return items if self._place.scope.settled else chain(cleaned(self._place), items)

    async def aresume(self, error: Exception) -> Any:
        """Return the same, where what is upstream is an async iterator."""
        items = self._next(error)
        if not self._place.scope.settled:
            await self._place.scope.pending.settled()
        return items

    def _next(self, error: Exception) -> Any:
        self._feed.let_go()
        self._feed.told()
        if ends_all(error):
            raise error
        earlier, self._earlier = self._earlier, error
        if earlier is not None:
            error = resubscribed(error, earlier)
        try:
            node = self._successor(error)
        except Exception as raised:
            raise annotate(in_handling(raised, error), self._node) from None
        if node is None:
            raise error
        nodes, last = self._successor.unwrapped(resolved(node))
        self._node = last or self._node
        self._feed = self._place.successor(taking_over(nodes))
        return self._feed.items

    def _ending(self) -> bool:
        return self._feed.ending() and not self._feed.failing()

    async def aclose(self) -> None:
        """Close the async feed that is pulled now."""
        await alet_go(self._feed.items)
        if self._feed is not self._place.feed:
            self._feed.told()

    def _close(self) -> None:
        self._feed.let_go()
        if self._feed is not self._place.feed:
            self._feed.told()
