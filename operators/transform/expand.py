"""expand: each item, and the items of the flow made of it, and so on."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from operators._kernel.failures.checks import need_callable, need_count
from operators._kernel.failures.failure import BackpressureError, annotate
from operators._kernel.kinds import DeferredSource, Failed, IterableSource
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node, call_site
from operators._kernel.plan.step import Step
from operators.combining.concat_map import ConcatMap, given
from operators.sources.publisher import as_node


class Expand(DeferredSource):
    """Each item, then the items of fn(item) for each of them, then of each of those, and so on.

    emits        upstream's items, then those of the flows made of them, and so level after level
    backpressures  one flow at a time; demand that it leaves over goes on to the next
    completes    when upstream has, and the flows made of all items
    fails        when upstream or one of the flows does, fn raises or gives no flow, or more than
                 `capacity` items wait for fn
    """

    __slots__ = ("_capacity", "_fn", "_node", "_site")
    name = "expand"
    contract = Contract.SEQUENTIAL

    def __init__(self, node: Node, fn: Callable[[Any], Any], capacity: int) -> None:
        need_callable("expand", "fn", fn)
        need_count("expand", "capacity", capacity)
        self._node = node
        self._fn = fn
        self._capacity = capacity
        self._site = call_site()

    @property
    def holds(self) -> int:
        return self._capacity

    @property
    def details(self) -> str:
        return f"capacity={self._capacity}"

    @property
    def flows(self) -> tuple[Node, ...]:
        return (self._node,)

    def resolve(self) -> Node:
        waiting: deque[Any] = deque()
        levels = _Levels(self._node, self._fn, waiting, Node(self, site=self._site))
        flows = Node(ConcatMap(given, "expand"), Node(levels, site=self._site), self._site)
        return Node(_Remember(waiting, self._capacity), flows, self._site)


class _Levels(IterableSource):
    """The flows of one subscription: upstream, then one for each item that was emitted."""

    __slots__ = ("_first", "_fn", "_place", "_waiting")
    name = "expand"
    contract = Contract.ON_DEMAND

    def __init__(
        self, first: Node, fn: Callable[[Any], Any], waiting: deque[Any], place: Node
    ) -> None:
        self._first = first
        self._fn = fn
        self._waiting = waiting
        self._place = place

    @property
    def synchronous(self) -> bool:
        return False  # of the flows that are made nobody knows

    def iterator(self) -> Iterator[Any]:
        yield self._first
        while self._waiting:
            yield self._made(self._waiting.popleft())

    def _made(self, item: Any) -> Node:
        try:
            return as_node("expand", "fn", self._fn(item))
        except Exception as error:
            return Node(Failed(annotate(error, self._place, item)), site=self._place.site)


class _Remember(Step):
    """Each item, of which another flow is to be made."""

    __slots__ = ("_capacity", "_waiting")
    name = "expand"
    contract = Contract.PASS_THROUGH
    calls = False
    keeps = True
    one_for_one = True
    body = """
if len($waiting) >= $capacity:
    raise $full()
$waiting.append($item)
"""

    def __init__(self, waiting: deque[Any], capacity: int) -> None:
        self._waiting = waiting
        self._capacity = capacity

    def values(self) -> dict[str, Any]:
        return {"waiting": self._waiting, "capacity": self._capacity, "full": self._full}

    def _full(self) -> BackpressureError:
        return BackpressureError(
            f"expand: more than {self._capacity:,} items wait for fn; raise capacity="
        )
