"""Heads: what runs a segment that begins with several flows, or with another one after an error."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from itertools import chain, islice
from typing import Any, Protocol

from operators._kernel.failure import annotate, in_handling, resubscribed
from operators._kernel.feed import PAUSE, Feed
from operators._kernel.fusion import let_go
from operators._kernel.kinds import resolved
from operators._kernel.node import Node
from operators._kernel.opening import Place

_END: Any = object()


class OneByOne:
    """Gives the inner flows one after another, each as one turn (concat_map)."""

    __slots__ = ("_inner", "_items", "_make", "_place")

    def __init__(self, place: Place, make: Callable[[Any], Node]) -> None:
        self._place = place
        self._make = make
        self._inner: Feed | None = None
        self._items = self._turns()

    def feed(self) -> Feed:
        """Return the feed of the turns."""
        return Feed(
            self._items, self._ending, self._close, failing=self._failing,
            pauses=not self._place.blocks,
        )  # fmt: skip

    def _turns(self) -> Iterator[Any]:
        place, make = self._place, self._make
        for outer in place.feed.items:
            if outer is PAUSE:
                yield PAUSE
                continue
            try:
                self._inner = inner = place.open(make(outer))
            except Exception as error:
                raise annotate(error, place.node, outer) from None
            yield inner.items
            self._inner = None
            inner.let_go()  # its end may be known before its source is closed
            inner.told()

    def _ending(self) -> bool:
        inner = self._inner
        if inner is None:
            return self._place.feed.ending()
        return inner.ending() and (inner.failing() or self._place.feed.ending())

    def _failing(self) -> bool:
        inner = self._inner
        return (inner is not None and inner.failing()) or self._place.feed.failing()

    def _close(self) -> None:
        let_go(self._items)
        inner, self._inner = self._inner, None
        if inner is not None:
            _leave(inner, self._place.feed)
        self._place.feed.let_go()


def _leave(inner: Feed, outer: Feed) -> None:
    """Close an inner feed; what has failed by itself is done with once its error has been told."""
    # A generator that is over has no frame any more.
    failed = getattr(inner.items, "gi_frame", inner) is None
    inner.let_go()
    if failed:
        outer.after.extend(inner.after)
        inner.after = []
    else:
        inner.told()


class _Inner:
    """An inner flow that takes turns with others."""

    __slots__ = ("done", "feed", "got", "items", "resting")

    def __init__(self, feed: Feed) -> None:
        self.feed = feed
        self.done = False
        self.got = False
        self.resting = False
        # At the end of its items it marks itself: an iterator of the language's own does the rest.
        self.items: Iterator[Any] = chain(feed.items, iter(self._finish, None))

    def _finish(self) -> None:
        self.done = True

    def turn(self, most: int) -> Iterator[Any]:
        """Return an iterator of its next items, up to `most` and to the first pause."""
        return self._visit(most) if self.feed.pauses else islice(self.items, most)

    def _visit(self, most: int) -> Iterator[Any]:
        self.resting = self.got = False
        for item in islice(self.items, most):
            if item is PAUSE:
                self.resting = True
                return
            self.got = True
            yield item

    @property
    def fruitless(self) -> bool:
        """Whether its last turn gave nothing."""
        return self.feed.pauses and self.resting and not self.got


class InTurns:
    """Gives turns of several inner flows, in a round (flat_map)."""

    __slots__ = (
        "_active", "_completed", "_concurrency", "_items", "_make", "_place", "_prefetch", "_queued",
    )  # fmt: skip

    def __init__(
        self, place: Place, make: Callable[[Any], Node], concurrency: int, prefetch: int
    ) -> None:
        self._place = place
        self._make = make
        self._concurrency = concurrency
        self._prefetch = prefetch
        self._active: deque[_Inner] = deque()
        self._queued = 0
        self._completed = False
        self._items = self._turns()

    def feed(self) -> Feed:
        """Return the feed of the turns."""
        return Feed(
            self._items, self._ending, self._close, failing=self._failing,
            pauses=not self._place.blocks,
        )  # fmt: skip

    def _turns(self) -> Iterator[Any]:
        active, most = self._active, self._prefetch
        fruitless = 0
        while True:
            if not self._completed and len(active) < self._concurrency:
                self._refill()
            if not active and self._completed:
                return
            if fruitless >= len(active):
                if (pause := self._pause()) is not None:
                    yield pause
                fruitless = 0
                continue
            if self._queued:
                self._look_for_errors()
            inner = active[0]
            yield inner.turn(most)
            if inner.done:
                active.popleft()
                self._queued -= inner.feed.pauses
                inner.feed.let_go()
                inner.feed.told()
                fruitless = 0
                continue
            fruitless = fruitless + 1 if inner.fruitless else 0
            active.rotate(-1)

    def _refill(self) -> None:
        place, active = self._place, self._active
        while len(active) < self._concurrency:
            outer = next(place.feed.items, _END)
            if outer is _END:
                self._completed = True
                return
            if outer is PAUSE:
                return
            try:
                node = self._make(outer)
                feed = place.open(node, prefetch=self._prefetch, hasty=True, blocks=False)
            except Exception as error:
                raise annotate(error, place.node, outer) from None
            active.append(_Inner(feed))
            self._queued += feed.pauses

    def _look_for_errors(self) -> None:
        for inner in self._active:
            if _has_failed(inner):
                next(inner.items, None)  # raises it

    def _pause(self) -> Any:
        if not self._place.blocks:
            return PAUSE
        self._place.run.bell.wait()
        return None

    def _ending(self) -> bool:
        if self._queued and self._failing():
            return True
        for inner in self._active:
            if not (inner.done or inner.feed.ending()):
                return False
        return self._completed or self._place.feed.ending()

    def _failing(self) -> bool:
        if self._queued and any(map(_has_failed, self._active)):
            return True
        return self._place.feed.failing()

    def _close(self) -> None:
        let_go(self._items)
        while self._active:
            _leave(self._active.popleft().feed, self._place.feed)
        self._place.feed.let_go()


def _has_failed(inner: _Inner) -> bool:
    feed = inner.feed
    return feed.pauses and feed.failing() and feed.ending()


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
        """Return the items of the feed that goes on after the error; raise it where none does."""
        self._feed.let_go()
        self._feed.told()
        earlier, self._earlier = self._earlier, error
        if earlier is not None:
            error = resubscribed(error, earlier)
        try:
            node = self._successor(error)
        except Exception as raised:
            raise annotate(in_handling(raised, error), self._node) from None
        if node is None:
            raise error
        chain, last = self._successor.unwrapped(resolved(node))
        self._node = last or self._node
        self._feed = self._place.successor(chain)
        return self._feed.items

    def _ending(self) -> bool:
        return self._feed.ending() and not self._feed.failing()

    def _close(self) -> None:
        self._feed.let_go()
        if self._feed is not self._place.feed:
            self._feed.told()
