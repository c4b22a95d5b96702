"""Deal: one upstream whose items go to one of several lanes each, and all wait in places of one account."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, ClassVar

from operators._kernel.links.inbox import replenish_at
from operators._kernel.links.queued import EMPTY, HomeStage
from operators._kernel.plan.node import Node
from operators._kernel.subscription.arbiter import Arbiter
from operators._kernel.subscription.demand import Claim
from operators._kernel.subscription.ends import NOWHERE
from operators._kernel.subscription.scope import Scope
from reactive_streams import UNBOUNDED


class Account:
    """The places of an upstream that has several queues: at most `room` of its items wait in all of them.

    It is asked again when three quarters are free; or as soon as one is, where nothing more is to come,
    since what waits in one queue must not keep the others waiting.
    """

    __slots__ = ("_batch", "_free", "_lock", "_room", "coming", "moves", "unheard", "upstream")

    def __init__(self, room: int) -> None:
        self._lock = threading.RLock()
        self._room = room
        self._batch = UNBOUNDED if room == UNBOUNDED else replenish_at(room)
        self._free = 0
        self.coming: int = 0
        """Items that were asked for, and have not come."""
        self.moves: int = 0
        """How often an item came, or places were free again."""
        self.unheard: int = 0
        """Lanes to which nobody has subscribed."""
        self.upstream: Any = Arbiter()

    def heard(self, n: int = 1) -> None:
        """Take note that a lane has its Subscriber, or will have none; or with -1 that there is a new one."""
        with self._lock:
            self.unheard -= n

    def open(self, subscription: Any) -> None:
        """Ask for the first items."""
        self.upstream.switch(subscription)
        self.coming = self._room
        self.upstream.request(self._room)

    def begin(self) -> None:
        """Have all places be there to be taken, before there is an upstream, or without one."""
        self.coming = self._room
        self.upstream = NOWHERE

    def follow(self, subscription: Any) -> None:
        """Ask an upstream for as much as can come."""
        with self._lock:
            self.upstream = subscription
            n = self.coming
        if n > 0:
            subscription.request(n)

    def leave(self) -> Any:
        """Ask upstream no more, and return it."""
        with self._lock:
            upstream, self.upstream = self.upstream, NOWHERE
        return upstream

    def take(self) -> bool:
        """Take a place for an item that nobody was asked for; False: there is none."""
        with self._lock:
            if self.coming <= 0:
                self.coming, self._free = self.coming + self._free, 0
            if self.coming <= 0:
                return False
            self.coming -= 1
            self.moves += 1
        return True

    def came(self) -> None:
        """Take note of an item, which has a place now."""
        with self._lock:
            self.coming -= 1
            self.moves += 1
            n = self._due()
            upstream = self.upstream
        if n:
            upstream.request(n)

    def free(self, n: int) -> None:
        """Take note that `n` places are free again."""
        if not n:
            return
        with self._lock:
            self._free += n
            self.moves += 1
            n = self._due()
            upstream = self.upstream
        if n:
            upstream.request(n)

    def _due(self) -> int:
        if self._free < self._batch and self.coming > 0:
            return 0
        n, self._free = self._free, 0
        self.coming += n
        return n

    def full(self) -> bool:
        """Whether nothing more can come before a place is free."""
        return self.coming <= 0


class Lane:
    """The queue of those items that are for one Subscriber, who may come later."""

    __slots__ = (
        "_account",
        "_shares",
        "_taken",
        "ended",
        "error",
        "given_up",
        "gone",
        "items",
        "left",
        "scope",
        "stage",
        "told",
    )

    def __init__(
        self,
        account: Account,
        left: Callable[[Lane], object],
        common: deque[Any] | None = None,
    ) -> None:
        self._account = account
        account.heard(-1)
        self.gone: bool = False
        """Whether nobody is there, or can come, to have anything."""
        self.ended: bool = False
        self.error: Exception | None = None
        self.told: bool = False
        """Whether its Subscriber hears of the error."""
        self._shares = common is not None
        self.items: deque[Any] = deque() if common is None else common
        """What waits; the same for all lanes, where any of them may have it."""
        self._taken = Claim()
        self.given_up: bool = False
        """Whether it was taken so that nobody should have it, or is about to be."""
        self.scope: Scope | None = None
        """That of its Subscriber, once there was one."""
        self.stage: LaneStage | None = None
        self.left: Callable[[Lane], object] = left
        """What is to be done when its Subscriber has left."""

    def take(self) -> bool:
        """Return True to the first caller only: who has the one place of its Subscriber."""
        taken = self._taken.take()
        if taken:
            self._account.heard()
        return taken

    def give_up(self) -> bool:
        """Take it so that nobody has it, and return True; False: somebody has."""
        if not self.taken:
            self.given_up = True  # first: somebody may be about to subscribe
        return self.take()

    @property
    def taken(self) -> bool:
        """Whether somebody has taken its one place."""
        return self._taken.taken

    def put(self, item: Any) -> bool:
        """Have the item wait here; False: there is nobody any more."""
        if self.gone:
            return False
        self.items.append(item)
        self.wake()
        return True

    def add(self, item: Any) -> bool:
        """Have the item wait here, until `wake` is called; False: there is nobody any more."""
        if self.gone:
            return False
        self.items.append(item)
        return True

    def wake(self) -> None:
        """Have its Subscriber look what there is."""
        stage = self.stage
        if stage is not None:
            stage.schedule()
        if self.scope is not None and (self.gone or (stage is not None and stage.done)):
            self._discard(self.scope)  # it has left meanwhile

    def refuse(self, item: Any) -> None:
        """Discard an item that was for its Subscriber, who has left."""
        if self.scope is not None:
            self.scope.discard((item,))

    def end(self, error: Exception | None = None) -> None:
        """Have nothing more come; what waits is still for its Subscriber."""
        self.close_to_more(error)
        self.wake()

    def close_to_more(self, error: Exception | None = None) -> None:
        """Have nothing more come; `wake` tells its Subscriber."""
        self.error = error  # first: who sees the end looks for it
        self.ended = True

    def close(self, scope: Scope) -> None:
        """Have nobody come any more; what waits is discarded."""
        self.gone = True
        self._discard(scope)

    def leave(self, scope: Scope) -> None:
        """Take note that its Subscriber is gone."""
        if not self.gone:
            self.close(scope)
            self.stage = None  # a kept lane holds no Subscriber (§3.13)
            self.left(self)

    def _discard(self, scope: Scope) -> None:
        if self._shares:
            return  # it is for the others
        held = self.take_all()
        scope.discard(held)
        self._account.free(len(held))

    def take_all(self) -> list[Any]:
        """Remove and return what waits; their places are still to be freed."""
        held: list[Any] = []
        with suppress(IndexError):
            while True:
                held.append(self.items.popleft())
        return held

    def free(self, n: int) -> None:
        """Free the places of what its Subscriber has had."""
        self._account.free(n)


class LaneStage(HomeStage):
    """What stands before the Subscriber of a lane."""

    __slots__ = ("_lane", "hungry")

    crosses: ClassVar[bool] = True

    def __init__(self, lane: Lane, downstream: Any, node: Node, scope: Scope) -> None:
        super().__init__(downstream, node, scope)
        self._lane = lane
        self.hungry: bool = False
        """Whether it found nothing when it looked last."""

    def open(self) -> None:
        """Hand the Subscription over."""
        self._lane.scope = self.scope
        self._lane.stage = self
        self.on_subscribe(NOWHERE)

    @property
    def starved(self) -> bool:
        """Whether its Subscriber waits for an item now."""
        if self._lane.items:
            return False
        return self.hungry if self.polls else self.demand.value > 0

    def look_again(self) -> None:
        """Have whoever polls, and waits, look once more: one who is busy elsewhere is not starved."""
        if self.polls:
            self.hungry = False
            self.schedule()

    def poll(self) -> Any:
        try:
            item = self._lane.items.popleft()
        except IndexError:
            self.hungry = True
            return EMPTY
        self.hungry = False
        return item

    def consumed(self, n: int) -> None:
        self._lane.free(n)

    def exhausted(self) -> bool:
        if self._lane.ended and not self._lane.items:
            self.failure: Exception | None = self._lane.error
            self._lane.told = True
            return True
        return False

    def held(self) -> Iterable[Any]:
        return ()  # whoever leaves the lane sees to it

    def halt(self) -> None:
        self._lane.leave(self.scope)

    def closed(self) -> None:
        self.halt()
