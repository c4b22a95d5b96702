"""flat_map: the items of the flows made of each item, several at once; merge, of given flows."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from itertools import islice
from typing import Any, ClassVar

from operators._kernel.failures.checks import need_callable, need_count
from operators._kernel.failures.failure import user_frames
from operators._kernel.fusing.feed import PAUSE, Feed, Run
from operators._kernel.fusing.opening import Place
from operators._kernel.fusing.turns import InTurns
from operators._kernel.kinds import Link, resolved
from operators._kernel.links.inbox import Inner
from operators._kernel.links.looking import snapshot
from operators._kernel.links.queued import QueuedStage
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators._kernel.plan.step import Step
from operators._kernel.running.assembly import FEEDS, connect, known_pullable
from operators._kernel.running.ways import works_inside
from operators._kernel.subscription.scope import Scope
from operators.combining.concat_map import given
from operators.sources.publisher import as_node

_FEW = 16


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
    visits = True
    ordered: ClassVar[bool] = False
    """Whether the items of an inner flow come after all those of the one before."""

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

    @property
    def drives(self) -> bool:
        # It looks at each that is open where one of them has something; of many, a stage knows which.
        return self.concurrency <= _FEW

    @property
    def roots(self) -> bool:
        return self.fn is given

    def make(self, item: Any) -> Node:
        """Return the node of the inner flow for an item."""
        return as_node(self.name, "fn", self.fn(item))

    def opened(self, place: Place) -> InTurns:
        return InTurns(place, self.make, self.concurrency, self.prefetch, ordered=self.ordered)

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        return _FlatMapStage(self, downstream, node, scope)


class ConcatMapEager(FlatMap):
    """The items of fn(item), one inner flow after another, while the next ones begin already.

    emits        each item of each inner flow, in the order of the items that they were made of
    backpressures  asks upstream for `concurrency` items, and for one more for each inner flow that
                 ends; each inner flow is asked for `prefetch` items ahead, a synchronous one for none
    completes    when upstream and all inner flows have
    fails        when upstream or an inner flow does, or fn raises or gives no flow; the other inner
                 flows are cancelled, and what they held is discarded
    """

    __slots__ = ()
    ordered = True

    def __init__(self, fn: Callable[[Any], Any], concurrency: int, prefetch: int) -> None:
        super().__init__(fn, concurrency, prefetch, "concat_map_eager")


class _PulledInner:
    """An inner flow that is a feed of its own: it is pulled on demand, and holds nothing."""

    __slots__ = ("_done", "_feed", "_stage", "source")
    buffered = 0

    def __init__(self, stage: _FlatMapStage, chain: list[Node]) -> None:
        self._stage = stage
        self.source = chain[0]
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


class _PushedInner(Inner):
    """An inner flow that pushes: while it has nothing it stands aside, and nobody looks at it in vain."""

    __slots__ = ("_awake",)

    def __init__(self, stage: _FlatMapStage, prefetch: int, source: Node) -> None:
        super().__init__(stage, prefetch, source)
        self._awake = stage.awake

    def on_next(self, item: Any) -> None:
        items = self.inbox.items
        items.append(item)
        # Else one before it is still to be taken, and with that this one will be.
        if len(items) < 2:
            self._awake.append(self)
        self.stage.schedule()
        if self.closed:  # the stage may have let go of it already
            self.stage.scope.discard(self.inbox.clear())

    def on_complete(self) -> None:
        self.inbox.completed = True
        self._awake.append(self)
        self.stage.schedule()


class _FlatMapStage(QueuedStage):
    __slots__ = (
        "_active",
        "_arrived",
        "_aside",
        "_completed",
        "_free",
        "_inside",
        "_operator",
        "_owed",
        "_pushed",
        "_since",
        "_turn_left",
        "_unseen",
        "_within",
        "awake",
        "pulling",
    )
    can_poll = False
    blocks: ClassVar[bool] = False

    def __init__(self, operator: FlatMap, downstream: Any, node: Node, scope: Scope) -> None:
        super().__init__(downstream, node, scope)
        self.pulling = Run(lambda: self)
        self._operator = operator
        self._arrived: deque[Any] = deque()  # inner flows that the drain has not seen yet
        self._active: deque[Any] = deque()  # the first one has its turn
        self._aside: set[_PushedInner] = set()  # those that have nothing
        self.awake: deque[_PushedInner] = deque()
        """Inner flows that have something again, or have come to their end, if they stand aside."""
        self._turn_left = operator.prefetch
        self._free = 0
        self._completed = False
        self._pushed = False  # whether one of the inner flows was
        self._unseen = False
        self._inside = False  # whether upstream gives flows on the thread that asks for them
        self._owed = 0  # and how many it is still to give
        self._within = False  # whether one is just being opened
        self._since = 0  # items emitted since that began

    @property
    def occupied(self) -> int:
        """Inner flows that are open, and their items that wait."""
        return len(self._active) + len(self._arrived) + len(self._aside) + self.buffered

    @property
    def buffered(self) -> int:
        """Items of inner flows that wait for demand."""
        inners = [*snapshot(self._active), *snapshot(self._arrived), *self._aside.copy()]
        return sum([inner.buffered for inner in inners])

    def giver(self) -> Node | None:
        """Return the source of the inner flow that has its turn."""
        return self._active[0].source if self._active else None

    def started(self) -> None:
        concurrency = self._operator.concurrency
        if works_inside(self.upstream):
            self._inside = True
            self._owed = concurrency
        self.upstream.request(concurrency)

    def on_next(self, item: Any) -> None:
        if self.done or self.cancelled or self.bad is not None:
            self.refuse(item)
            return
        self._owed -= self._inside
        self._since = 0
        self._within = True
        try:
            self._open(item)
        finally:
            self._within = False
        if not self._owed:
            self.schedule()  # else upstream signals again

    def _open(self, item: Any) -> None:
        try:
            chain = resolved(self._operator.make(item))
            if known_pullable(chain, self.scope):
                self._arrived.append(_PulledInner(self, chain))
            else:
                self._pushed = True
                inner = _PushedInner(self, self._operator.prefetch, chain[0])
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
            if self._arrived or self.awake:
                self._welcome()
            if fruitless >= len(active):
                break
            if self._within and self.pauses():
                break
            inner = active[0]
            count = inner.deliver(min(self._turn_left, wanted - emitted), emit)
            emitted += count
            self._since += count
            self._turn_left -= count
            if inner.finished():
                active.popleft().close()  # its end may be known before its source is closed
                self._free += 1
                self._turn_left = self._operator.prefetch
                self._refill()
                if self.due and self.pauses():
                    break
                continue
            if self._operator.ordered:
                if not count:
                    break
                self._turn_left = self._operator.prefetch
            elif not count and isinstance(inner, _PushedInner):
                self._aside.add(active.popleft())
                self._turn_left = self._operator.prefetch
                continue
            fruitless = 0 if count else fruitless + 1
            if not count or not self._turn_left:
                # Before a pause: the next turn is to find somebody who may give something.
                active.rotate(-1)
                self._turn_left = self._operator.prefetch
            if self.due and self.pauses():
                break
        return emitted

    def _gives_way(self) -> bool:
        """Whether the flow that is just being opened is to be open, and the next to be given, first.

        Else those that have items without end would keep it from having its turn.
        """
        return self._within and self._since >= self._operator.prefetch

    def rests(self) -> bool:
        return self._gives_way() or super().rests()

    def go_on(self) -> None:
        if not self._gives_way():
            super().go_on()
            return
        while self.drain.again():
            pass  # who opens it, or upstream's next signal, has the loop go round

    def _refill(self) -> None:
        if self._free and not self._completed:
            free, self._free = self._free, 0
            if self._inside:
                self._owed += free
            self.upstream.request(free)

    def _welcome(self) -> None:
        while self._arrived:
            self._active.append(self._arrived.popleft())
            self._unseen = True
        while self.awake:
            inner = self.awake.popleft()
            if inner in self._aside:
                self._aside.remove(inner)
                self._active.append(inner)

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
        if completed and not (self._active or self._arrived or self._aside):
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
        while self._aside:
            held += self._aside.pop().close()
        return held
