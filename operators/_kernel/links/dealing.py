"""DealingStage: a stage whose items are flows, among which it deals out what comes from upstream."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from operators._kernel.failures.failure import OneShotError, brief
from operators._kernel.hosts.exits import ending_all
from operators._kernel.kinds import Source, refuse
from operators._kernel.links.deal import Account, Lane, LaneStage
from operators._kernel.links.queued import EMPTY
from operators._kernel.links.serial import SerialStage, Timer
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators._kernel.subscription.drain import Drain
from operators._kernel.subscription.ends import NOWHERE
from operators._kernel.subscription.scope import Scope

if TYPE_CHECKING:
    from operators.schedulers.protocol import Scheduler


_FEW = 16
_LOOKS = 4  # in the seconds of a stall: it is seen so late at most, by a fourth of them


class GroupError(RuntimeError):
    """The error of an operator that makes flows, where one of these keeps all others from going on."""


class OfLane(Source):
    """The items dealt to one lane.

    emits        the items of its group or window
    backpressures  all flows of one operator share its places; each has its items on demand
    completes    when the group or window ends, or upstream does
    fails        when upstream does
    """

    __slots__ = ("_lane", "name")
    contract = Contract.PREFETCH
    asynchronous = True
    polled = True

    def __init__(self, name: str, lane: Lane) -> None:
        self.name: str = name
        self._lane = lane

    def discarded(self, scope: Scope) -> bool:
        if self._lane.give_up():
            self._lane.leave(scope)
        return True

    def open(self, downstream: Any, node: Node, scope: Scope) -> None:
        stage = LaneStage(self._lane, downstream, node, scope)
        if self._lane.take():
            stage.open()
        elif self._lane.given_up:
            # Whoever was to have it is cancelled, and was about to subscribe: that is no news to anybody.
            text = f"this {self.name} was discarded with the flow that gave it"
            refuse(downstream, ending_all(OneShotError(text)))
        else:
            refuse(
                downstream,
                OneShotError(f"this {self.name} has had its Subscriber; it takes one only"),
            )


class DealingStage(SerialStage):
    """Emits flows; at most `room` items wait in all of them.

    Upstream goes on as long as somebody wants new flows, or the items of an old one. Where it cannot go on,
    since the places are taken by items of flows that nobody subscribes to while others have nothing, that is
    an error after `stall` seconds.
    """

    __slots__ = (
        "_clock",
        "_gone",
        "_looks",
        "_make",
        "_moves",
        "_scheduler",
        "_stall",
        "_stalls_at",
        "_telling",
        "_unheard",
        "account",
        "lanes",
        "now",
    )  # fmt: skip

    def __init__(
        self,
        room: int,
        stall: float,
        scheduler: Scheduler,
        make: Callable[[Lane, Any], Any],
        downstream: Any,
        node: Node,
        scope: Scope,
    ) -> None:
        super().__init__(downstream, node, scope)
        self.account: Account = Account(room)
        self.lanes: dict[Lane, Any] = {}
        """The lanes that may get more items, with the key of each."""
        self._make = make
        self._gone = False
        self._stall = stall
        self._stalls_at: float | None = None
        self._moves = 0
        self._looks = 0
        self._telling: list[Lane] = []  # those that were ended by an error
        self._unheard: dict[Lane, Any] = {}  # some may have their Subscriber since
        self.now: Callable[[], float] = scheduler.now
        self._scheduler = scheduler
        self._clock: Timer | None = None

    def started(self) -> None:
        self.account.open(self.upstream)

    # For subclasses, in the turn -------------------------------------------------------------------

    def begin(self, key: Any = None) -> Lane:
        """Return a new lane, whose flow is emitted."""
        lane = Lane(self.account, self._left)
        self.lanes[lane] = key
        if len(self._unheard) > 2 * self.account.unheard + _FEW:
            self._unheard = {lane: key for lane, key in self._unheard.items() if not lane.taken}
        self._unheard[lane] = key
        self.put(self._make(lane, key))
        return lane

    def deal(self, lane: Lane, item: Any) -> None:
        """Put the item into a lane."""
        if not lane.put(item):
            self.scope.discard((item,))
            self.account.free(1)
        if self.account.full() and self.account.unheard and self._stalls_at is None:
            self._moves = self.account.moves
            self._looks = 0
            self._set_stall()

    def end(self, lane: Lane, error: Exception | None = None) -> None:
        """Have nothing more come into a lane."""
        self.lanes.pop(lane, None)
        lane.end(error)

    def left(self, lane: Lane, key: Any) -> None:
        """Take note that the Subscriber of a lane, which may get more items, has left."""

    def next_due(self) -> float | None:
        """Return when `rang` is to be called next, on the clock; None: not by itself."""
        return None

    def rang(self, now: float) -> None:
        """Do what is due by now."""

    @property
    def closed_to_new(self) -> bool:
        """Whether nobody wants a new flow any more."""
        return self._gone

    # The clock -----------------------------------------------------------------------------------

    def needs_clock(self) -> None:
        """Have a clock from the beginning, where it is subscribed to; else it is made for a stall."""
        self._clock = Timer(self, self._scheduler, self._rang)
        self.now = self._clock.now

    def wind(self) -> None:
        """Set the clock for what is due next."""
        due = self.next_due()
        if self._stalls_at is not None and (due is None or self._stalls_at < due):
            due = self._stalls_at
        if due is None:
            return
        if self._clock is None:
            self.needs_clock()
        assert self._clock is not None
        if due != self._clock.due:
            self._clock.set(due)

    def _set_stall(self) -> None:
        self._stalls_at = self.now() + self._stall / _LOOKS
        self.wind()

    def _rang(self, when: float) -> None:
        if self._stalls_at is not None and when >= self._stalls_at:
            self._stalls_at = None
            self._look()
        self.rang(when)
        self.wind()

    def _look(self) -> None:
        account = self.account
        if not account.full():
            return
        others = [lane.stage for lane in self.lanes if lane.stage is not None]
        self._looks = self._looks + 1 if account.moves == self._moves else 0
        if self._looks >= _LOOKS:
            self._looks = 0
            without = [lane for lane in self._unheard if not lane.taken and lane.items]
            starved = any(stage.starved for stage in others)
            # While nobody is at any of them, and none but those that are not asked for wait, it is
            # downstream that takes its time: it may ask for the next one whenever it likes.
            ignored = account.unheard > len(self.outbox)
            if without and (starved or (ignored and not others)):
                self.upstream.cancel()
                error = self._stalled(without[0], len(without), len(others))
                if self.polls:
                    # Whoever polls is at the flows, and may not look here before they end.
                    self._end_all(error)
                self.abort(error)
                return
        self._moves = account.moves
        for stage in others:
            stage.look_again()
        self._set_stall()

    def held_up(self) -> str:
        if not self.account.full():
            return ""
        for lane, key in list(self._unheard.items()):
            if not lane.taken and lane.items:
                return (
                    f"the flow of {brief(key)} has no Subscriber, and holds {len(lane.items)} of its "
                    f"{self.node.operator.holds} places"
                )
        open_lanes = [
            (lane, key) for lane, key in list(self.lanes.items()) if lane.stage is not None
        ]
        for lane, key in open_lanes:
            stage = lane.stage
            if lane.items and stage is not None and not stage.demand.value and not stage.polls:
                return (
                    f"the Subscriber of the flow of {brief(key)} asks for nothing, and {len(lane.items)} "
                    f"items wait for it"
                )
        return ""

    def _stalled(self, lane: Lane, unheard: int, subscribed: int) -> GroupError:
        name = self.node.operator.name
        waiting = len(self.outbox)
        return GroupError(
            f"{self.node.title}, written at {self.node.where}, has not moved for {self._stall:g} s: "
            f"the flow of {brief(self._unheard[lane])} holds {len(lane.items)} items and has no Subscriber. "
            f"{unheard + subscribed} are open, {subscribed} of them subscribed to, and {waiting} not "
            f"even asked for: let the next operator take as many at once as there are "
            f"(flat_map(..., concurrency={unheard + subscribed}) or more), subscribe to each, or end "
            f"them sooner (see {name})"
        )

    # The ends ------------------------------------------------------------------------------------

    def item(self, item: Any) -> None:
        self.account.came()
        try:
            self.dealt(item)
        except Exception as error:
            self.fail_all(self.blame(error, item))

    def dealt(self, item: Any) -> None:
        """Put the item into the lane that it is for."""
        raise NotImplementedError

    def ended(self, _: None) -> None:
        self._finish(None)

    def failed(self, error: Exception) -> None:
        self._finish(error)

    def fail_all(self, error: Exception) -> None:
        """End everything with an error that is none of upstream's."""
        self.upstream.cancel()
        self._finish(error)

    def _finish(self, error: Exception | None) -> None:
        self.account.upstream = NOWHERE
        # Who has both from here learns of an error by the flow that it is at, and leaves this one.
        self._end_all(error)
        if self._gone:
            super().cancel()
        else:
            self.finish(error)

    def _end_all(self, error: Exception | None) -> None:
        if error is not None and self.lanes:
            self._telling = list(self.lanes)
        for lane in list(self.lanes):
            self.end(lane, error)

    def _end_with(self, error: Exception | None) -> None:
        self._end_all(error)
        super().cancel()

    def drop_waiting(self, signalled: Exception | None = None) -> None:
        if self.cancelled and any(lane.told or lane.stage is not None for lane in self._telling):
            told = self._telling[0].error  # by the flows
            if self.failure is told:
                self.failure: Exception | None = None
            if self.bad is told:
                self.bad: Exception | None = None
        super().drop_waiting(signalled)

    def closed(self) -> None:
        super().closed()
        if self.polls and self.bad is not None:
            self.tell(self._end_all, self.bad, self._end_all)

    def _terminate(self, error: Exception | None) -> None:
        if self._gone:
            # The flows alone may still have somebody who hears of it.
            self.tell(self._end_with, error, self._end_with)
            return
        super()._terminate(error)
        if error is not None:  # only now: who has both from here leaves the flows
            self.tell(self._end_all, error, self._end_all)

    def poll(self) -> Any:
        return EMPTY if self._gone else super().poll()

    def request(self, n: int) -> None:
        if not self._gone:
            super().request(n)

    def cancel(self) -> None:
        if not self._gone and not self.done:
            self._gone = True
            self.tell(self._outer_left, None, self._outer_left)

    def leave(self) -> None:
        # Nobody polls any more, and the loop, which may go round from here, signals nobody; the flows
        # that were given away go on.
        gone, self._gone = self._gone, True
        self.polls = False
        self.drain: Any = Drain()
        if not gone and not self.done:
            self.tell(self._outer_left, None, self._outer_left)
            self.schedule()

    def _outer_left(self, _: None) -> None:
        self._drop_fresh()
        for lane in list(self.lanes):
            if lane.give_up():  # nobody can come for it any more
                lane.close(self.scope)
                self.left(lane, self.lanes.pop(lane))
        self._stop_if_alone()

    def _drop_fresh(self) -> None:
        with suppress(IndexError):  # each has one taker
            while True:
                self.scope.discard((self.outbox.popleft(),))

    def held(self) -> list[Any]:
        self._drop_fresh()
        return []

    def _left(self, lane: Lane) -> None:
        self.tell(self._lane_left, lane, self._lane_left)

    def _lane_left(self, lane: Lane) -> None:
        if lane in self.lanes:
            self.left(lane, self.lanes.pop(lane))
        self._stop_if_alone()

    def _stop_if_alone(self) -> None:
        if self._gone and not self.lanes and not self.done:
            super().cancel()
