"""Zipping: the feed of the tuples of several feeds' items."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import Any

from operators._kernel.fusing.ahead import Ahead, all_ahead, others_go_on
from operators._kernel.fusing.feed import PAUSE, Feed
from operators._kernel.fusing.fusion import cannot_fail, let_go
from operators._kernel.fusing.opening import Place
from operators._kernel.plan.node import Node

_END: Any = object()


def zipped(place: Place, others: tuple[Node, ...], prefetch: int) -> Feed:
    """Return the feed of tuples of what is upstream and of other flows.

    None of them is opened once one is known to be over.
    """
    sides = [place.feed]
    blocks = place.blocks and all(node.synchronous for node in others)
    for node in others:
        if sides[-1].ending() and not sides[-1].failing():
            break
        sides.append(place.open(node, prefetch=prefetch, hasty=True, blocks=blocks))
    nodes = (place.node.chain()[-2], *others)
    sides = all_ahead(sides, nodes, place, prefetch)
    made = _Zipped(place, sides, len(others) + 1)
    return Feed(
        made.items, made.ending, made.close, failing=made.failing, length=made.length,
        pauses=not place.blocks and any(side.pauses for side in sides),
        sound=all(cannot_fail(side.items) for side in sides),
    )  # fmt: skip


_NONE: deque[Any] = deque()


def _pulled(side: Feed) -> tuple[Feed, Feed, deque[Any]]:
    """Return a side, what it is made of, and what was taken of that ahead: most often nothing, at no cost."""
    return (side, side.feed, side.held) if isinstance(side, Ahead) else (side, side, _NONE)


class _Zipped:
    """The sides of a zip, and what each has given for the tuple that is being made."""

    __slots__ = ("_held", "_place", "_sides", "_size", "items", "length")

    def __init__(self, place: Place, sides: list[Feed], size: int) -> None:
        self._place = place
        self._sides = sides
        self._size = size
        self._held: list[Any] = []
        self.length: int | None = None
        self.items: Iterator[Any] = self._plain() or self._tuples()

    def _plain(self) -> Iterator[Any] | None:
        """Return the language's own zip, where it does exactly what is to be done."""
        sides = self._sides
        if len(sides) < self._size:
            return iter(())
        if self._place.scope.discards or any(side.pauses for side in sides):
            return None  # of the last items some are left over, or one has to be waited for
        lengths = [side.length for side in sides]
        least = min([length for length in lengths if length is not None], default=None)
        if least is None or None in lengths:
            return None  # the end of one may be known before it is pulled, or one may have failed
        self.length = least
        made = zip(*[side.items for side in sides], strict=False)
        if lengths[0] == least and cannot_fail(sides[0].items):
            return made  # the first is asked, and has no more: that nobody sees
        return islice(made, least)  # no side is pulled for a tuple that is known not to come

    def _tuples(self) -> Iterator[Any]:
        sides, held = self._sides, self._held
        pulled = [_pulled(side) for side in sides]
        endings = [feed.ending for _, feed, _ in pulled]
        try:
            while True:
                for ending in endings:
                    if ending() and self._known_short(sides):
                        return
                for side, feed, ahead in pulled[len(held) :]:
                    item = next(side.items if ahead else feed.items, _END)
                    while item is PAUSE:
                        others_go_on(sides, side)
                        if self._known_short(sides[len(held) :]):
                            return
                        if (pause := self._place.pause()) is not None:
                            yield pause
                        item = next(side.items, _END)
                    if item is _END:
                        return
                    held.append(item)
                made = tuple(held)
                held.clear()
                yield made
        finally:
            self._place.scope.discard(held)

    def _known_short(self, sides: list[Feed]) -> bool:
        """Whether one of these flows is known to be over, and none of all to have failed."""
        return any(side.ending() for side in sides) and not self.failing()

    def ending(self) -> bool:
        """Whether it is known that no further tuple can be made."""
        if len(self._sides) < self._size:
            return True
        # Whose item for the tuple that is being made is there may be over.
        for side in self._sides[len(self._held) :]:  # noqa: SIM110 - it is asked for each item of who asks for one at a time
            if side.ending():
                return True
        return False

    def failing(self) -> bool:
        """Whether one of the flows has failed."""
        return any(side.failing() for side in self._sides)

    def close(self) -> None:
        """Let go of all sides."""
        let_go(self.items)
        for side in self._sides[1:]:
            side.close()
        self._sides[0].let_go()
