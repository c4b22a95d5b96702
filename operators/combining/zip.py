"""zip: tuples of one item of each flow."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from itertools import repeat, starmap
from typing import Any

from operators._kernel.fusing.feed import PAUSE, Feed
from operators._kernel.fusing.opening import Place
from operators._kernel.fusing.zipping import zipped
from operators._kernel.links.queued import EMPTY
from operators._kernel.plan.node import Node
from operators._kernel.subscription.scope import Scope
from operators.combining._sides import Side, SidesStage
from operators.combining._woven import END, Joined, Sides, Woven


class Zip(Joined):
    """The n-th items of all flows, as tuples.

    emits        a tuple when each flow has an item for it
    backpressures  each flow is asked for `prefetch` items, and again when three quarters are used; a
                 synchronous one for none ahead
    completes    as soon as no further tuple can be made; the other flows are cancelled, and what
                 they still held is discarded
    fails        when one of the flows does
    """

    __slots__ = ()
    name = "zip"
    visits = True
    never_none = True

    def opened(self, place: Place) -> Feed:
        return zipped(place, self.others, self.prefetch)

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        return _ZipStage(self, downstream, node, scope).first


class _ZipStage(SidesStage):
    __slots__ = ("_limit", "_make", "_queues", "_taken")

    def __init__(self, operator: Zip, downstream: Any, node: Node, scope: Scope) -> None:
        self._queues: list[deque[Any]] = []
        super().__init__(operator.others, operator.prefetch, downstream, node, scope)
        self._limit = self.first.inbox.limit
        # A tuple of what each queue gives, one call of the language's own; where one is empty it raises.
        given = [starmap(queue.popleft, repeat(())) for queue in self._queues]
        self._make: Callable[[], Any] = zip(*given, strict=False).__next__
        self._taken = 0  # of each side

    def closed(self) -> None:
        self._make = tuple  # it keeps what it has made last

    def needless(self) -> bool:
        return self.ebbs and any(side.finished() for side in self.sides)

    def taking(self, side: Side) -> Callable[[Any], None]:
        append, serve, queues = side.inbox.items.append, self.serve, self._queues
        queues.append(side.inbox.items)

        def take(item: Any) -> None:
            append(item)
            if all(queues):  # else whoever brings what is missing goes on
                serve()
            if side.closed:
                side.refuse()

        return take

    def poll(self) -> Any:
        if not all(self._queues):
            return EMPTY
        item = self._make()
        self._taken += 1
        if self._taken >= self._limit:
            self._ask()
        return item

    def deliver(self, wanted: int) -> int:
        # As the loop that polls, without a call for each.
        emit, queues, make = self.downstream.on_next, self._queues, self._make
        emitted = 0
        while emitted != wanted and all(queues):
            item = make()
            self._taken += 1
            if self._taken >= self._limit:
                self._ask()
            emit(item)
            emitted += 1
            if self.cancelled or self.bad is not None or (self.due and self.pauses()):
                break
        return emitted

    def _ask(self) -> None:
        taken, self._taken = self._taken, 0
        for side in self.sides:
            if not side.inbox.completed:
                side.inbox.upstream.request(taken)

    def exhausted(self) -> bool:
        if self.needless():
            self.halt()
            return True
        return False


class StrictZip(Woven):
    """The n-th items of all flows, as tuples; all flows have to be of one length.

    emits        a tuple when each flow has an item for it
    backpressures  each flow is asked for `prefetch` items, and again when three quarters are used; a
                 synchronous one for none ahead
    completes    when all flows have
    fails        when one of the flows does, or is over before another; the other flows are cancelled
    """

    __slots__ = ()
    name = "zip"
    never_none = True

    def weave(self, sides: Sides, hand: dict[int, Any]) -> Iterator[Any]:
        while True:
            for index, side in enumerate(sides):
                while (item := side()) is PAUSE:
                    yield PAUSE
                if item is not END:
                    hand[index] = item
                elif index:
                    raise ValueError(f"zip: flow {index + 1} is shorter than flow 1 (strict=True)")
                else:
                    break
            if not hand:
                break
            made = tuple(hand.values())
            hand.clear()
            yield made
        for index, side in enumerate(sides[1:], 1):
            while (item := side()) is PAUSE:
                yield PAUSE
            if item is not END:
                hand[index] = item
                raise ValueError(f"zip: flow {index + 1} is longer than flow 1 (strict=True)")


class ZipLongest(Woven):
    """The n-th items of all flows, as tuples, up to the end of the longest.

    emits        a tuple when each flow has an item for it, or is over
    backpressures  each flow is asked for `prefetch` items, and again when three quarters are used; a
                 synchronous one for none ahead
    completes    when all flows have
    fails        when one of the flows does
    """

    __slots__ = ("_fill",)
    name = "zip_longest"
    never_none = True

    def __init__(self, others: tuple[Node, ...], prefetch: int, fill: Any) -> None:
        super().__init__(others, prefetch)
        self._fill = fill

    def weave(self, sides: Sides, hand: dict[int, Any]) -> Iterator[Any]:
        open_sides = dict(enumerate(sides))
        while True:
            for index, side in list(open_sides.items()):
                while (item := side()) is PAUSE:
                    yield PAUSE
                if item is END:
                    del open_sides[index]
                else:
                    hand[index] = item
            if not hand:
                return
            made = tuple([hand.get(index, self._fill) for index in range(len(sides))])
            hand.clear()
            yield made
