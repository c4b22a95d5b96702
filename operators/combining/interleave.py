"""interleave: items of several flows by turns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from operators._kernel.failures.checks import need_count
from operators._kernel.fusing.feed import PAUSE
from operators._kernel.plan.node import Node
from operators.combining._woven import END, Sides, Woven


class Interleave(Woven):
    """`size` items of each flow in turn; a flow that is over is left out.

    emits        the items of the flow whose turn it is, as soon as it has them
    backpressures  each flow is asked for `prefetch` items, and again when three quarters are used; a
                 synchronous one for none ahead
    completes    when all flows have
    fails        when one of the flows does
    """

    __slots__ = ("_size",)
    name = "interleave"
    keeps = True

    def __init__(self, others: tuple[Node, ...], size: int, prefetch: int) -> None:
        super().__init__(others, prefetch)
        need_count("interleave", "size", size)
        self._size = size

    def weave(self, sides: Sides, hand: dict[int, Any]) -> Iterator[Any]:
        going = list(sides)
        while going:
            for side in going[:]:
                for _ in range(self._size):
                    while (item := side()) is PAUSE:
                        yield PAUSE
                    if item is END:
                        going.remove(side)
                        break
                    yield item
