"""flat_map: the items of the flows made of each item, several at once; merge, of given flows."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from itertools import islice
from typing import Any

from operators._kernel.assembly import FEEDS, connect, known_pullable
from operators._kernel.checks import need_callable, need_count
from operators._kernel.contract import Contract
from operators._kernel.failure import user_frames
from operators._kernel.feed import PAUSE, Feed, Run
from operators._kernel.heads import InTurns
from operators._kernel.inbox import Inner
from operators._kernel.kinds import Link, resolved
from operators._kernel.node import Node
from operators._kernel.opening import Place
from operators._kernel.queued import QueuedStage
from operators._kernel.scope import Scope
from operators._kernel.step import Step
from operators.combining.concat_map import given
from operators.sources.publisher import as_node


class FlatMap(Step, Link):
    """The items of fn(item), of several inner flows at once.

    emits        items of the inner flows as they come, taking turns where several have some
    backpressures  asks upstream for `concurrency` items, and for one more for each inner flow that
                 ends; each inner flow is asked for `prefetch` items ahead, a synchronous one for none
    completes    when upstream and all inner flows have
    fails        when upstream or an inner flow does, or fn raises or gives no flow; the other inner
                 flows are cancelled, and what they held is discarded
    """

    __slots__ = ("concurrency", "fn", "name", "prefetch")
    strict = True
    contract = Contract.CONCURRENT
    head = "turns"
    pushes = False
    several = True

    def __init__(
        self, fn: Callable[[Any], Any], concurrency: int, prefetch: int, name: str = "flat_map"
    ) -> None:
        self.name: str = name
        need_callable(name, "fn", fn)
        need_count(name, "concurrency", concurrency)
        need_count(name, "prefetch", prefetch)
        self.fn: Callable[[Any], Any] = fn
        self.concurrency: int = concurrency
        self.prefetch: int = prefetch

    @property
    def holds(self) -> int:
        return self.concurrency * (self.prefetch + 1)

    @property
    def details(self) -> str:
        return f"concurrency={self.concurrency}, prefetch={self.prefetch}"

    @property
    def prefetch_upstream(self) -> int:
        return self.concurrency

    @property
    def synchronous(self) -> bool:
        return self.fn is given

    def make(self, item: Any) -> Node:
        """Return the node of the inner flow for an item."""
        return as_node(self.name, "fn", self.fn(item))

    def opened(self, place: Place) -> InTurns:
        return InTurns(place, self.make, self.concurrency, self.prefetch)

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        return _FlatMapStage(self, downstream, node, scope)


class _PulledInner:
    """An inner flow that is a feed of its own: it is pulled on demand, and holds nothing."""

    __slots__ = ("_done", "_feed", "_stage")
    buffered = 0

    def __init__(self, stage: _FlatMapStage, chain: list[Node]) -> None:
        self._stage = stage
        self._done = False
        self._feed: Feed = FEEDS.feed_of(chain, stage.scope, stage.pulling, blocks=False, level=1)

    def deliver(self, most: int, emit: Callable[[Any], None]) -> int:
        stage = self._stage
        emitted = 0
        if stage.due:
            stage.pulling.begin_slice()
        else:
            stage.pulling.end_slices()
        try:
            for item in islice(self._feed.items, most):
                if item is PAUSE:
                    return emitted
                emit(item)
                emitted += 1
                if stage.cancelled or stage.bad is not None:
                    return emitted
                if stage.due and stage.pauses():
                    return emitted
        except Exception as error:  # stages do not raise: it is the inner flow's
            stage.abort(error.with_traceback(user_frames(error.__traceback__)))
        self._done = emitted < most
        return emitted

    def finished(self) -> bool:
        return self._done or self._feed.ending()

    def close(self) -> list[Any]:
        self._feed.close()
        return []


class _FlatMapStage(QueuedStage):
    __slots__ = (
        "_active",
        "_arrived",
        "_completed",
        "_free",
        "_operator",
        "_pushed",
        "_turn_left",
        "_unseen",
        "pulling",
    )
    can_poll = False

    def __init__(self, operator: FlatMap, downstream: Any, node: Node, scope: Scope) -> None:
        super().__init__(downstream, node, scope)
        self.pulling = Run(lambda: self)
        self._operator = operator
        self._arrived: deque[Any] = deque()  # inner flows that the drain has not seen yet
        self._active: deque[Any] = deque()  # the first one has its turn
        self._turn_left = operator.prefetch
        self._free = 0
        self._completed = False
        self._pushed = False  # whether one of the inner flows was
        self._unseen = False

    @property
    def occupied(self) -> int:
        """Inner flows that are open, and their items that wait."""
        return len(self._active) + len(self._arrived) + self.buffered

    @property
    def buffered(self) -> int:
        """Items of inner flows that wait for demand."""
        inners = [*self._active.copy(), *self._arrived.copy()]
        return sum([inner.buffered for inner in inners])

    def started(self) -> None:
        self.upstream.request(self._operator.concurrency)

    def on_next(self, item: Any) -> None:
        if self.done or self.cancelled or self.bad is not None:
            self.refuse(item)
            return
        try:
            chain = resolved(self._operator.make(item))
            if known_pullable(chain, self.scope):
                self._arrived.append(_PulledInner(self, chain))
            else:
                self._pushed = True
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

    def deliver(self, wanted: int) -> int:
        emit = self.downstream.on_next
        active = self._active
        emitted = fruitless = 0
        while emitted != wanted and not (self.cancelled or self.bad is not None):
            self._welcome()
            if fruitless >= len(active):
                break
            inner = active[0]
            count = inner.deliver(min(self._turn_left, wanted - emitted), emit)
            emitted += count
            self._turn_left -= count
            if inner.finished():
                active.popleft().close()  # its end may be known before its source is closed
                self._free += 1
                self._turn_left = self._operator.prefetch
                self._refill()
                if self.due and self.pauses():
                    break
                continue
            fruitless = 0 if count else fruitless + 1
            if self.due and self.pauses():
                break
            if not count or not self._turn_left:
                active.rotate(-1)
                self._turn_left = self._operator.prefetch
        return emitted

    def _refill(self) -> None:
        if self._free and not self._completed:
            free, self._free = self._free, 0
            self.upstream.request(free)

    def _welcome(self) -> None:
        while self._arrived:
            self._active.append(self._arrived.popleft())
            self._unseen = True

    def exhausted(self) -> bool:
        completed = self._completed
        self._welcome()
        # One that is pulled is looked at when it has been: what is new, or pushed, may have ended by itself.
        unseen, self._unseen = self._unseen or self._pushed, False
        if unseen and any(inner.finished() for inner in self._active):
            inners, self._active = self._active, deque()
            for inner in inners:
                if inner.finished():
                    inner.close()
                    self._free += 1
                else:
                    self._active.append(inner)
            self._turn_left = self._operator.prefetch
        if completed and not self._active and not self._arrived:
            return True
        self._refill()
        return False

    def halt(self) -> None:
        super().halt()
        self.pulling.halted = True  # the one that is being pulled may find nothing to give for ever

    def ring(self) -> None:
        """Have the loop look again: an inner flow that is pulled has something."""
        self.schedule()

    def wait(self) -> None:
        """Refuse: a stage does not wait."""
        raise RuntimeError("a stage does not wait")

    def held(self) -> list[Any]:
        self._welcome()
        held: list[Any] = []
        while self._active:
            held += self._active.popleft().close()
        return held
