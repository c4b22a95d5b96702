"""Ahead: the flows of a join that go on while it waits for another one of them.

One that is pushed goes on by itself, as far as its queue has room. One that is pulled would stand still:
where two of them are of one source, as the two of a `broadcast` are, the one that is waited for may wait
for just those places that the other one is to make free.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

from operators._kernel.fusing.feed import PAUSE, Feed
from operators._kernel.fusing.opening import Place
from operators._kernel.kinds import IterableSource
from operators._kernel.plan.node import Node

_END: Any = object()


class Ahead(Feed):
    """A feed of a join, whose items may be taken before they are wanted.

    Of these and what waits in its queue there are up to `prefetch`; one at least, so that a fold, say,
    comes to its end.
    """

    __slots__ = ("_error", "_over", "_place", "_prefetch", "feed", "held")

    def __init__(self, feed: Feed, place: Place, prefetch: int) -> None:
        self.feed: Feed = feed
        """What it is made of: as long as nothing is held its items are just the next ones."""
        self._place = place
        self._prefetch = prefetch
        self.held: deque[Any] = deque()
        """What was taken, and not given yet."""
        self._over = False
        self._error: Exception | None = None
        super().__init__(
            self._given(), self._known, self._leave, pauses=True, failing=self._fails
        )  # fmt: skip
        self.after = feed.after

    def go_on(self) -> None:
        """Take what it has now, as far as there is room for it; raise its error, which overtakes that."""
        held, items = self.held, self.feed.items
        while not self._over and (not held or len(held) + self.feed.queued() < self._prefetch):
            try:
                item = next(items, _END)
            except Exception as error:
                self._error = error
                next(self.items)  # raises it, where it is raised for whoever pulls
                raise
            if item is PAUSE:
                break
            if item is _END:
                self._over = True
            else:
                held.append(item)
        if self._fails() and self._known():
            next(self.items, None)

    def _given(self) -> Iterator[Any]:
        held, items = self.held, self.feed.items
        while True:
            if self._error is not None:
                raise self._error
            if held and not (self.feed.failing() and self.feed.ending()):
                yield held.popleft()
                continue
            if self._over:
                return
            item = next(items, _END)
            if item is _END:
                self._over = True
                return
            yield item

    def _known(self) -> bool:
        if self._error is not None:
            return True
        ending = self._over or self.feed.ending()
        return ending and (not self.held or self.feed.failing())

    def _fails(self) -> bool:
        return self._error is not None or self.feed.failing()

    def _leave(self) -> None:
        self.feed.let_go()
        held = list(self.held)
        self.held.clear()
        self._place.scope.discard(held)


def ahead(feed: Feed, node: Node, place: Place, prefetch: int) -> Feed:
    """Return the feed of a flow of a join as one that may go on while another is waited for, where it can.

    A synchronous one needs nobody to go on, and one that is pushed goes on by itself.
    """
    if not feed.pauses or node.synchronous:
        return feed
    if place.run.pushes and not isinstance(node.chain()[0].operator, IterableSource):
        return feed
    return Ahead(feed, place, prefetch)


def all_ahead(feeds: list[Feed], nodes: Sequence[Node], place: Place, prefetch: int) -> list[Feed]:
    """Return the feeds of all flows of a join; where fewer than two can go on, just as they are."""
    known = list(zip(feeds, nodes, strict=False))
    if sum(feed.pauses and not node.synchronous for feed, node in known) < 2:
        return feeds
    return [ahead(feed, node, place, prefetch) for feed, node in known]


def others_go_on(feeds: Sequence[Feed], waiting: Feed) -> None:
    """Have all but the one that is waited for go on; raise the error of one of them."""
    for feed in feeds:
        if feed is waiting:
            continue
        if isinstance(feed, Ahead):
            feed.go_on()
        elif feed.pauses and feed.failing() and feed.ending():
            next(feed.items, None)
