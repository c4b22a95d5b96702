"""Zipping: the feed of the tuples of several feeds' items."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from operators._kernel.feed import PAUSE, Feed
from operators._kernel.fusion import let_go
from operators._kernel.node import Node
from operators._kernel.opening import Place

_END: Any = object()


def zipped(place: Place, others: tuple[Node, ...], prefetch: int) -> Feed:
    """Return the feed of tuples of what is upstream and of other flows.

    None of them is opened once one is known to be over.
    """
    sides = [place.feed]
    for node in others:
        if sides[-1].ending() and not sides[-1].failing():
            break
        sides.append(place.open(node, prefetch=prefetch, hasty=True))
    made = _Zipped(place, sides, len(others) + 1)
    return Feed(
        made.items, made.ending, made.close, failing=made.failing,
        pauses=any(side.pauses for side in sides),
    )  # fmt: skip


class _Zipped:
    """The sides of a zip, and what each has given for the tuple that is being made."""

    __slots__ = ("_held", "_place", "_sides", "_size", "items")

    def __init__(self, place: Place, sides: list[Feed], size: int) -> None:
        self._place = place
        self._sides = sides
        self._size = size
        self._held: list[Any] = []
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
        # No side is pulled for a tuple that is known not to come.
        return islice(zip(*[side.items for side in sides], strict=False), least)

    def _tuples(self) -> Iterator[Any]:
        sides, held = self._sides, self._held
        try:
            while not self.ending() or self.failing():
                for side in sides[len(held) :]:
                    item = next(side.items, _END)
                    while item is PAUSE:
                        yield PAUSE
                        item = next(side.items, _END)
                    if item is _END:
                        return
                    held.append(item)
                made = tuple(held)
                held.clear()
                yield made
        finally:
            self._place.scope.discard(held)

    def ending(self) -> bool:
        """Whether it is known that no further tuple can be made."""
        if len(self._sides) < self._size:
            return True
        for side in self._sides:  # noqa: SIM110 - it is asked for each item of who asks for one at a time
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
