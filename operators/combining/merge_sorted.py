"""merge_sorted: the items of flows in order, as one in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from heapq import heapify, heappop, heapreplace
from typing import Any

from operators._kernel.failures.checks import need_callable
from operators._kernel.failures.firsts import first
from operators._kernel.fusing.feed import PAUSE
from operators._kernel.plan.node import Node
from operators.combining._woven import END, Sides, Woven


class MergeSorted(Woven):
    """The items of several flows that are in order each, in order.

    emits        the smallest of the first items of all flows, when each has one or is over
    backpressures  each flow is asked for `prefetch` items, and again when three quarters are used; a
                 synchronous one for one ahead
    completes    when all flows have
    fails        when one of the flows does, key raises, or two items cannot be compared
    """

    __slots__ = ("_key",)
    name = "merge_sorted"
    keeps = True

    def __init__(
        self, others: tuple[Node, ...], key: Callable[[Any], Any] | None, prefetch: int
    ) -> None:
        super().__init__(others, prefetch)
        if key is not None:
            need_callable("merge_sorted", "key", key)
        self._key = key

    @property
    def holds(self) -> int:
        return super().holds + len(self.others) + 1

    def weave(self, sides: Sides, hand: dict[int, Any]) -> Iterator[Any]:
        known: list[Any] = []
        key = first("merge_sorted", "key", self._key, known.append)
        heap: list[tuple[Any, int]] = []
        for index, side in enumerate(sides):
            while (item := side()) is PAUSE:
                yield PAUSE
            if item is not END:
                hand[index] = item
                heap.append((item if key is None else key(item), index))
        heapify(heap)
        while heap:
            index = heap[0][1]
            yield hand.pop(index)
            while (item := sides[index]()) is PAUSE:
                yield PAUSE
            if item is END:
                heappop(heap)
            else:
                hand[index] = item
                heapreplace(heap, (item if key is None else key(item), index))
