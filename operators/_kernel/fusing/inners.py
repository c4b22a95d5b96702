"""Inners: the flows that a join opens, as they take turns with each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, islice
from operator import length_hint
from typing import Any

from operators._kernel.fusing.feed import PAUSE, Feed
from operators._kernel.kinds import none_error
from operators._kernel.plan.node import Node

_AHEAD = 1_000
"""Items of a list that are looked at together, for a None among them."""


class Listed:
    """A list, or what is like one: of the language's own, so that nothing but a None can be wrong with it."""

    __slots__ = ("_looked", "_values", "broken", "items", "node")

    def __init__(self, node: Node) -> None:
        self.node = node
        self._values: Sequence[Any] = node.operator.sequence
        self.items: Iterator[Any] = iter(self._values)
        self._looked = 0  # where the next look begins
        self.broken = False
        """Whether its last turn was cut short by a None, which comes next."""

    def look(self, most: int) -> int:
        """Return how many of the next items, up to `most`, are known to be no None.

        What is looked at ahead is not taken: whoever changes the list meanwhile finds it so, as in any loop.
        """
        values = self._values
        many = len(values)
        at = many - length_hint(self.items)
        looked = self._looked
        if looked - at < most and looked < many:
            looked = max(looked, at)
            end = min(many, at + max(_AHEAD, most))
            part = values[looked:end] if looked or end < many else values
            # Of all loops a comprehension has the fewest steps for an item, and here it is most of the work.
            holes = [item for item in part if item is None]
            # Not where `part` ends: another thread may have added to the list meanwhile.
            looked = self._looked = _first(part, looked, end) if holes else end
        return min(looked - at, most)

    def turn(self, most: int) -> Iterator[Any]:
        """Return an iterator of the next items, up to `most` and to a None; raise where that is the next."""
        sound = self.look(most)
        self.broken = sound < most and sound < length_hint(self.items)
        if self.broken and not sound:
            raise none_error(self.node)
        return islice(self.items, sound)


def _first(items: Sequence[Any], at: int, end: int) -> int:
    """Return the index of the first None of the items, which begin at `at`; `end`, where it is gone again."""
    return next((n for n, item in enumerate(items, at) if item is None), end)


class Opened:
    """An inner flow of any other kind, that takes turns with others."""

    __slots__ = ("done", "feed", "got", "items", "node", "resting")

    def __init__(self, feed: Feed, node: Node) -> None:
        self.feed = feed
        self.node = node
        """Whose None it is, where one comes."""
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


def over(inner: Any) -> bool:
    """Whether it is known that no further item comes of an inner flow."""
    if type(inner) is Opened:
        return inner.done or inner.feed.ending()
    return not length_hint(inner.items if type(inner) is Listed else inner)


def has_failed(inner: Any) -> bool:
    """Whether it is known that it is over, by an error that is still to come."""
    if type(inner) is not Opened:
        return False
    feed = inner.feed
    return feed.pauses and feed.failing() and feed.ending()


def leave(inner: Feed, outer: Feed) -> None:
    """Close an inner feed; what has failed by itself is done with once its error has been told."""
    # A generator that is over has no frame any more.
    failed = getattr(inner.items, "gi_frame", inner) is None
    inner.let_go()
    if failed:
        outer.after.extend(inner.after)
        inner.after = []
    else:
        inner.told()
