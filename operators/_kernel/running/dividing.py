"""Dividing: one upstream for a fixed number of Subscribers, each of whose items goes to one of them."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from operators._kernel.failures.checks import need_result
from operators._kernel.failures.failure import OneShotError, annotate, drop_late
from operators._kernel.hosts.pending import Pending
from operators._kernel.kinds import chain_to, refuse
from operators._kernel.links.deal import Account, Lane, LaneStage
from operators._kernel.plan.node import Node
from operators._kernel.running.assembly import connect
from operators._kernel.subscription.ends import NOWHERE
from operators._kernel.subscription.scope import Scope, deepest, watcher_of


class Divisions:
    """One division after the other: who comes again after the end of one begins the next."""

    def __init__(self, make: Callable[[], Dividing]) -> None:
        self._make = make
        self._lock = threading.RLock()
        self._current: Dividing | None = None

    def open(self, index: int, downstream: Any, node: Node, scope: Scope) -> None:
        """Have the Subscriber of one lane."""
        with self._lock:
            current = self._current
            if current is None or current.over:
                current = self._current = self._make()
        current.open(index, downstream, node, scope)


class Dividing:
    """The Subscriber of the upstream; it is subscribed to when all `many` Subscribers are there.

    `choose` says which of them an item is for; None: for whoever wants one first. With `joined` they are one
    flow again further down: all is one run, and an error of upstream is told to one of them only, for it
    would be told twice.
    """

    def __init__(
        self,
        node: Node,
        upstream: Node,
        many: int,
        room: int,
        choose: Callable[[Any], int] | None,
        joined: bool = False,
    ) -> None:
        self._node = node
        self._joined = joined
        self._source = upstream
        self._choose = choose
        self._account = Account(room)
        self._lock = threading.RLock()
        common: deque[Any] | None = deque() if choose is None else None
        self._common = common
        self._lanes = [Lane(self._account, self._left, common) for _ in range(many)]
        self._missing = many
        self._turn = 0
        self._last: Lane | None = None  # that of who left as the last one, before upstream was over
        self.over: bool = False
        """Whether nothing more is dealt out."""
        self._upstream: Any = NOWHERE
        self._error: Exception | None = None  # as long as nobody has heard of it
        self._pending: Pending | None = None  # of the run upstream, where it is one of its own

    def open(self, index: int, downstream: Any, node: Node, scope: Scope) -> None:
        """Have the Subscriber of one lane."""
        lane = self._lanes[index]
        if not lane.take():
            title = node.title
            refuse(
                downstream,
                OneShotError(f"this flow of {title} has had its Subscriber; it takes one only"),
            )
            return
        _DividedStage(self, lane, downstream, node, scope).open()
        with self._lock:
            self._missing -= 1
            complete = not self._missing and not self.over
        if complete:
            chain, edge = chain_to(self._source)
            if self._joined:
                above = scope.unswitched
            else:
                place = deepest([each.scope for each in self._lanes if each.scope is not None])
                above = place.beyond(scope.watcher or watcher_of(self._source), self._heir)
                self._pending = above.pending
            connect([*chain, *edge], self, above)

    @property
    def depends_on(self) -> Pending | None:
        """The account of a run of its own, upstream, as long as something may come of it."""
        return None if self.over else self._pending

    def held_up(self, lane: Lane) -> str:
        """Return, in words, which of the others keeps a Subscriber waiting; "": none but upstream."""
        without = [str(n) for n, each in enumerate(self._lanes) if not each.taken]
        if without:
            return (
                f"it begins when all {len(self._lanes)} flows of it have a Subscriber, and number "
                f"{', '.join(without)} has none"
            )
        if self._common is not None or not self._account.full():
            return ""
        slow = max((each for each in self._lanes if each is not lane), key=_waiting, default=lane)
        if slow is lane or not slow.items:
            return ""
        return (
            f"the Subscriber of number {self._lanes.index(slow)} of its flows has not taken the "
            f"{len(slow.items)} items that wait for it"
        )

    # Upstream.

    def on_subscribe(self, subscription: Any) -> None:
        with self._lock:
            self._upstream = subscription
            over = self.over
        if over:  # all have left meanwhile
            subscription.cancel()
        else:
            self._account.open(subscription)

    def on_next(self, item: Any) -> None:
        self._account.came()
        if self._choose is None:
            self._offer(item)
            return
        try:
            lane = self._chosen(self._choose(item))
        except Exception as error:
            self._upstream.cancel()
            self._end(annotate(error, self._node, item))
            return
        if not lane.put(item):
            if lane.scope is not None:
                lane.scope.discard((item,))
            self._account.free(1)

    def _chosen(self, index: Any) -> Lane:
        need_result(self._node.operator.name, "fn", index)
        if not isinstance(index, int) or not 0 <= index < len(self._lanes):
            name = self._node.operator.name
            raise ValueError(
                f"{name}: fn must give the number of one of {len(self._lanes)} flows, 0 to "
                f"{len(self._lanes) - 1}, got {index!r}"
            )
        return self._lanes[index]

    def _offer(self, item: Any) -> None:
        assert self._common is not None
        self._common.append(item)
        if self._last is not None:  # all have left meanwhile
            with suppress(IndexError):
                item = self._common.popleft()
                if (heir := self._heir()) is not None:
                    heir.discard((item,))
            return
        self._turn += 1
        many = len(self._lanes)
        for n in range(many):
            stage = self._lanes[(self._turn + n) % many].stage
            if stage is None:
                continue
            if stage.polls:
                if stage.hungry:
                    stage.schedule()
                    return  # it is going to look
            elif stage.demand.value > 0:
                stage.schedule()
                if not self._common:
                    return

    def on_error(self, error: Exception) -> None:
        if self.over:
            drop_late(error, self._node)
        self._end(error)

    def on_complete(self) -> None:
        self._end(None)

    def _end(self, error: Exception | None) -> None:
        with self._lock:
            self.over = True
            self._error = error
        self._account.upstream = NOWHERE
        for lane in self._lanes:
            there = not lane.gone
            lane.end(error)
            if self._joined and there:
                error = None

    # Downstream.

    def _heir(self) -> Scope | None:
        """Return the scope for what nobody will have: of the last that left, or of one of the others."""
        scopes = [lane.scope for lane in (self._last, *self._lanes) if lane is not None]
        return next((scope for scope in scopes if scope is not None and scope.discards), None)

    def _left(self, lane: Lane) -> None:
        with self._lock:
            last = all(lane.gone for lane in self._lanes)
            alone = last and not self.over
            if not (alone or self.over):
                return
            self.over = True
            if alone:
                self._last = lane
            error = None
            if last and not any(lane.told for lane in self._lanes):
                error, self._error = self._error, None
        if alone:
            self._account.upstream = NOWHERE
            self._upstream.cancel()
        if last and self._common is not None and lane.scope is not None:
            lane.scope.discard(lane.take_all())
        if error is not None:  # it waited behind items
            drop_late(error, self._node)
        if self._pending is not None and lane.scope is not None:
            lane.scope.pending.follow(self._pending)


def _waiting(lane: Lane) -> int:
    return len(lane.items)


class _DividedStage(LaneStage):
    """What stands before the Subscriber of one of them."""

    __slots__ = ("_dividing",)

    def __init__(
        self, dividing: Dividing, lane: Lane, downstream: Any, node: Node, scope: Scope
    ) -> None:
        super().__init__(lane, downstream, node, scope)
        self._dividing = dividing

    def open(self) -> None:
        self.scope.pending.carry(self)
        super().open()

    def trouble(self) -> Pending | None:
        """Return the run on which it depends, or None."""
        return self._dividing.depends_on

    def halt(self) -> None:
        self.scope.pending.drop(self)
        super().halt()

    def held_up(self) -> str:
        return self._dividing.held_up(self._lane)
