"""flat_map: the items of the flows made of each item, several at a time. merge is flat_map of given flows."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from operators._kernel.assembly import Link, connect, pullable, resolved
from operators._kernel.checks import need_callable, need_count
from operators._kernel.contract import Contract
from operators._kernel.fusion import open_items
from operators._kernel.inbox import Inner
from operators._kernel.node import Node
from operators._kernel.scope import Scope
from operators._kernel.stage import EMPTY, QueuedStage
from operators.sources.publisher import as_node


class FlatMap(Link):
    """The items of fn(item), of several inner flows at once.

    emits        items of the inner flows as they come, taking turns where several have some
    backpressures  asks upstream for `concurrency` items, and for one more for each inner flow that
                 ends; each inner flow is asked for `prefetch` items ahead, a synchronous one for none
    completes    when upstream and all inner flows have
    fails        when upstream or an inner flow does, or fn raises or gives no flow; the other inner
                 flows are cancelled, and what they held is discarded
    """

    __slots__ = ("concurrency", "fn", "name", "prefetch")
    contract = Contract.CONCURRENT

    def __init__(
        self, fn: Callable[[Any], Any], concurrency: int, prefetch: int, name: str = "flat_map"
    ) -> None:
        self.name = name  # type: ignore[misc]
        need_callable(name, "fn", fn)
        need_count(name, "concurrency", concurrency)
        need_count(name, "prefetch", prefetch)
        self.fn = fn
        self.concurrency = concurrency
        self.prefetch = prefetch

    @property
    def holds(self) -> int:
        return self.concurrency * (self.prefetch + 1)

    @property
    def details(self) -> str:
        return f"concurrency={self.concurrency}, prefetch={self.prefetch}"

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        return _FlatMapStage(self, downstream, node, scope)


class _PulledInner:
    """An inner flow that is one fused iterator: it is pulled on demand, and holds nothing."""

    __slots__ = ("_ending", "_failure", "_items", "_stage", "done")

    def __init__(self, stage: _FlatMapStage, chain: list[Node]) -> None:
        self._stage = stage
        self._failure: Exception | None = None
        self.done = False
        opened = open_items(
            chain[0].operator.iterator(), chain[0], chain[1:], stage.scope, self._fail
        )
        self._items, self._ending = opened

    def _fail(self, error: Exception) -> None:
        self._failure = error

    def poll(self) -> Any:
        try:
            for item in self._items:
                return item
        except Exception as error:
            self.done = True
            self._stage.abort(error)
            return EMPTY
        self.done = True
        return EMPTY

    def finished(self) -> bool:
        return self.done or self._ending()

    def replenish(self) -> None:
        """Do nothing: it is never asked ahead."""

    def close(self) -> list[Any]:
        self._items.close()  # type: ignore[attr-defined]
        return []


class _FlatMapStage(QueuedStage):
    __slots__ = ("_active", "_arrived", "_completed", "_operator", "_turn_left", "_free")

    def __init__(self, operator: FlatMap, downstream: Any, node: Node, scope: Scope) -> None:
        super().__init__(downstream, node, scope)
        self._operator = operator
        self._arrived: deque[Any] = deque()  # inner flows that the drain has not seen yet
        self._active: deque[Any] = deque()  # the first one has its turn
        self._turn_left = operator.prefetch
        self._free = 0
        self._completed = False

    def started(self) -> None:
        self.upstream.request(self._operator.concurrency)

    def on_next(self, item: Any) -> None:
        if self.done or self.cancelled:
            self.refuse(item)
            return
        try:
            inner_node = as_node(self.node.operator.name, "fn", self._operator.fn(item))
            chain = resolved(inner_node)
            if pullable(chain, self.scope):
                self._arrived.append(_PulledInner(self, chain))
            else:
                inner = Inner(self, self._operator.prefetch)
                self._arrived.append(inner)
                connect(chain, inner, self.scope)
        except Exception as error:
            self.abort(self.blame(error, item))
            return
        self.schedule()

    def on_complete(self) -> None:
        self._completed = True
        self.schedule()

    def poll(self) -> Any:
        self._welcome()
        active = self._active
        unsuccessful = 0
        while unsuccessful < len(active):
            inner = active[0]
            item = inner.poll()
            if item is not EMPTY:
                inner.replenish()
                self._turn_left -= 1
                if not self._turn_left:
                    self._next_turn()
                return item
            if inner.finished():
                active.popleft()
                self._free += 1
                self._turn_left = self._operator.prefetch
            else:
                self._next_turn()
                unsuccessful += 1
        return EMPTY

    def _next_turn(self) -> None:
        self._active.rotate(-1)
        self._turn_left = self._operator.prefetch

    def _welcome(self) -> None:
        while self._arrived:
            self._active.append(self._arrived.popleft())

    def exhausted(self) -> bool:
        completed = self._completed
        self._welcome()
        if any(inner.finished() for inner in self._active):
            left = [inner for inner in self._active if not inner.finished()]
            self._free += len(self._active) - len(left)
            self._active = deque(left)
            self._turn_left = self._operator.prefetch
        if completed and not self._active and not self._arrived:
            return True
        if self._free and not completed:
            free, self._free = self._free, 0
            self.upstream.request(free)
        return False

    def held(self) -> list[Any]:
        self._welcome()
        held: list[Any] = []
        while self._active:
            held += self._active.popleft().close()
        return held
