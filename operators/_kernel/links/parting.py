"""Parting: items for Subscribers that come and go, each of which is dealt to one of those who are there."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from operators._kernel.failures.checks import need_result, tell_of_drop
from operators._kernel.failures.failure import annotate, brief, drop_late
from operators._kernel.fusing.fusion import nothing
from operators._kernel.links.deal import Account, Lane, LaneStage
from operators._kernel.plan.node import Node
from operators._kernel.subscription.drain import Drain
from operators._kernel.subscription.scope import Scope


class Parting:
    """The Subscriber of an upstream, or what anybody emits into; at most `room` items wait in all of it.

    `choose(item, ids)` says whose an item is, or None: nobody's. It is called by one thread at a time, and
    not before the first `least` Subscribers are there. Until then, and when all have left, items wait in
    front; or where it does not `hold`, they are dropped.
    """

    def __init__(
        self,
        node: Node,
        room: int,
        choose: Callable[[Any, tuple[int, ...]], Any],
        *,
        hold: bool,
        least: int,
        on_drop: Callable[[Any], object] | None,
    ) -> None:
        self._node = node
        self._choose = choose
        self._hold = hold
        self._least = least
        self._on_drop = on_drop
        # Re-entrant: the collector may have a Subscriber leave in the midst of anything here.
        self._lock = threading.RLock()
        self._account = Account(room)
        self._account.begin()
        self._subscribed = False
        self._turn = Drain()
        self._front: deque[Any] = deque()
        self._begun = False
        self._came = 0
        self._lanes: dict[int, Lane] = {}  # never changed: another one takes its place
        self.ended: bool = False
        self.error: Exception | None = None
        self.dropped: int = 0
        """Items that were nobody's."""

    @property
    def ids(self) -> tuple[int, ...]:
        """The numbers of those who are subscribed, in the order in which they came."""
        return tuple(self._lanes)

    def waiting(self, number: int) -> int:
        """Return how many items wait for one of them; for one that is not there, none."""
        lane = self._lanes.get(number)
        return 0 if lane is None else len(lane.items)

    @property
    def nobody(self) -> bool:
        """Whether an item that comes now is dropped, since nobody is there."""
        return not self._hold and not (self._begun and self._lanes)

    # Upstream.

    def on_subscribe(self, subscription: Any) -> None:
        with self._lock:
            late = self._subscribed or self.ended
            self._subscribed = True
        if late:
            subscription.cancel()  # §2.5
        else:
            self._account.follow(subscription)

    def on_next(self, item: Any) -> None:
        self._account.came()
        self._take_in(item)

    def on_error(self, error: Exception) -> None:
        self._account.leave()
        if not self.end(error):
            drop_late(error, self._node)

    def on_complete(self) -> None:
        self._account.leave()
        self.end(None)

    # Whoever emits.

    def offer(self, item: Any) -> bool | None:
        """Take an item in; None: there is no room, False: it is over."""
        if self.ended:
            return False
        if not self._account.take():
            return None
        self._take_in(item)
        return True

    def _take_in(self, item: Any) -> None:
        if self.ended or self.nobody:
            self._drop(item)
            self._account.free(1)
            return
        self._front.append(item)
        self._deal()

    def end(self, error: Exception | None) -> bool:
        """Have nothing more come; False: it was over."""
        with self._lock:
            if self.ended:
                return False
            self.error = error  # first: who sees the end looks for it
            self.ended = True
        self._account.leave().cancel()
        self._deal()
        return True

    # Dealing: one item in each turn. Who it is for is told after the turn, for that may take its time.

    def _deal(self) -> None:
        while self._turn.enter():
            tell = self._dealt()
            more = False
            while self._turn.again():
                more = True
            if tell is not None:
                tell()
            elif not more:
                return

    def _dealt(self) -> Callable[[], object] | None:
        """Do the next thing; return what tells of it, or None where there is nothing to do."""
        lanes = self._lanes
        if self._front and self._begun and lanes:
            return self._put(self._front.popleft(), lanes)
        if self.ended and not self._front:
            return next((self._last(lane) for lane in lanes.values() if not lane.ended), None)
        return None

    def _last(self, lane: Lane) -> Callable[[], object]:
        lane.close_to_more(self.error)
        return lane.wake

    def _put(self, item: Any, lanes: dict[int, Lane]) -> Callable[[], object]:
        try:
            number = self._choose(item, tuple(lanes))
            need_result(self._node.operator.name, "fn", number)
            lane = None if number is None else self._chosen(number, lanes)
        except Exception as error:
            self._account.free(1)
            self._fail(annotate(error, self._node, item))
            return nothing
        if lane is None:
            self._drop(item)
        elif lane.add(item):
            return lane.wake
        else:  # it has left meanwhile
            lane.refuse(item)
        self._account.free(1)
        return nothing

    def _chosen(self, number: Any, lanes: dict[int, Lane]) -> Lane:
        if type(number) is not int or number not in lanes:
            name = self._node.operator.name
            raise ValueError(
                f"{name}: fn must give one of the ids {tuple(lanes)}, or None, got {brief(number)}"
            )
        return lanes[number]

    def _fail(self, error: Exception) -> None:
        if not self.end(error):
            drop_late(error, self._node)
        while self._front:
            self._drop(self._front.popleft())
            self._account.free(1)

    def _drop(self, item: Any) -> None:
        self.dropped += 1
        if self._on_drop is not None:
            tell_of_drop(self._on_drop, item, self._node)

    # Subscribers.

    def open(self, downstream: Any, node: Node, scope: Scope) -> None:
        """Have one more Subscriber."""
        lane = Lane(self._account, self._left)
        lane.take()
        _PartedStage(lane, downstream, node, scope).open()
        with self._lock:
            number = self._came
            self._came += 1
            if not lane.gone:
                self._lanes = {**self._lanes, number: lane}
                self._begun = self._begun or len(self._lanes) >= self._least
        self._deal()

    def _left(self, lane: Lane) -> None:
        with self._lock:
            self._lanes = {number: each for number, each in self._lanes.items() if each is not lane}


class _PartedStage(LaneStage):
    """What stands before one of the Subscribers."""

    __slots__ = ()

    def drained(self) -> None:
        """Be dealt nothing more, and complete after what waits."""
        self._lane.left(self._lane)
        self._lane.close_to_more()
        self.schedule()
