"""SerialStage: a stage of several inputs, such as upstream, a timer and another flow."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from operators._kernel.failures.failure import drop_late, ended_by, stack_is_full
from operators._kernel.links.queued import EMPTY, QueuedStage
from operators._kernel.plan.node import Node
from operators._kernel.subscription.arbiter import Arbiter
from operators._kernel.subscription.hop import Hop
from operators._kernel.subscription.scope import Scope
from reactive_streams import UNBOUNDED

if TYPE_CHECKING:
    from operators.schedulers.protocol import Scheduler


class SerialStage(QueuedStage):
    """Handles what comes from all sides one event at a time, and emits what the handlers put out.

    Whoever brings an event handles it, and what others bring meanwhile, in a turn of its own: not in
    that of the emission, so that a slow Subscriber makes nothing pile up but what a handler puts out.
    Handlers change the stage's state, and call `put`, `finish`, `abort`, `upstream.request` (for a
    bounded number), and their timer. Subclasses override `item`, `ended`, `failed`, and `kept`; `over`
    may be asked everywhere.
    """

    __slots__ = (
        "_across", "_events", "_loss", "_take", "_turns", "dropped", "finished", "others", "outbox", "timer",
    )  # fmt: skip

    def __init__(self, downstream: Any, node: Node, scope: Scope) -> None:
        super().__init__(downstream, node, scope)
        self._events: deque[tuple[Callable[[Any], object], Any, Callable[[Any], object]]] = deque()
        self._turns = threading.Lock()  # never waited for
        self._take: Callable[[bool], bool] = self._turns.acquire
        self._across = False
        self._loss: Exception | None = None
        self.outbox: deque[Any] = deque()
        """What is to be emitted when there is demand; only handlers append."""
        self.finished: bool = False
        """Whether nothing more will be put out."""
        self.others: list[Other] = []
        self.timer: Timer | None = None
        self.dropped: int = 0
        """Items that were left out because others came, or time went by."""

    # What subclasses say: each is called in the turn ----------------------------------------------

    def item(self, item: Any) -> None:
        """Handle an item of upstream; it is put out unless a subclass says otherwise."""
        self.put(item)

    def ended(self, _: None) -> None:
        """Handle the completion of upstream."""
        self.finish()

    def failed(self, error: Exception) -> None:
        """Handle the error of upstream; what is put out already comes before it."""
        self.finish(error)

    def other_failed(self, error: Exception) -> None:
        """Handle the error of another flow than upstream."""
        self.upstream.cancel()
        self.failed(error)

    def prepare(self) -> None:
        """Begin what is to be there before downstream can ask: called before its on_subscribe."""

    def kept(self) -> Iterable[Any]:
        """Remove and return all items that the state holds, to be discarded; the outbox apart."""
        return ()

    # What handlers call -------------------------------------------------------------------------

    def put(self, item: Any) -> None:
        """Have the item emitted when there is demand."""
        self.outbox.append(item)

    def put_latest(self, item: Any) -> None:
        """Have the item emitted when there is demand, in place of one that waits for that."""
        with suppress(IndexError):
            self.drop(self.outbox.popleft())
        self.outbox.append(item)

    def drop(self, item: Any) -> None:
        """Count an item that is left out, and discard it."""
        self.dropped += 1
        if self.scope.discards:
            self.scope.discard((item,))

    def finish(self, error: Exception | None = None) -> None:
        """Have the stream end when all that was put out is delivered; what the state keeps is discarded.

        It is for the end of upstream; `stop` cancels that as well.
        """
        if not self.finished:
            self.failure = error
            self.finished = True
            self._leave_others()
            self.scope.discard(self.kept())

    def stop(self, error: Exception | None = None) -> None:
        """Have the stream end, like `finish`, while upstream has not: it is cancelled."""
        if not self.finished:
            self.upstream.cancel()
            self.finish(error)

    @property
    def over(self) -> bool:
        """Whether nothing that comes now has an effect."""
        return self.finished or self.cancelled or self.done or self.bad is not None

    # The turn -----------------------------------------------------------------------------------

    def tell(
        self,
        handler: Callable[[Any], object],
        argument: Any,
        late: Callable[[Any], object],
    ) -> None:
        """Have `handler(argument)` be called in the turn, or `late(argument)` if it is over by then."""
        if self._events or not self._take(False):
            self._events.append((handler, argument, late))
            if self._take(False):
                self._serve()
            return
        # Most often nobody else is here: what comes then need not queue.
        try:
            if self.finished or self.cancelled or self.done or self.bad is not None:
                late(argument)
            else:
                handler(argument)
        except Exception as error:
            self._turns.release()
            self.abort(self.blame(error))
            return
        except BaseException as raised:
            self._broken_off(raised)
            raise
        self._turns.release()
        if self._events and self._take(False):
            self._serve()
        elif self.outbox or self.finished:
            self.schedule()

    def _serve(self) -> None:
        """Handle what there is, in the turn, which is taken; the events are the marks that others leave."""
        events = self._events
        while True:
            try:
                while events:
                    handler, argument, late = events.popleft()
                    if self.over:
                        late(argument)
                        continue
                    try:
                        handler(argument)
                    except Exception as error:
                        self.abort(self.blame(error))
            except BaseException as raised:
                self._broken_off(raised)
                raise
            self._turns.release()
            if not (events and self._take(False)):
                break
        if self.outbox or self.finished:  # all else has the loop go round by itself
            self.schedule()

    def _broken_off(self, raised: BaseException) -> None:
        """Give the turn back, in the midst of which nobody's signal was raised."""
        self._turns.release()
        if isinstance(raised, RecursionError):  # whoever has room for it says so, by on_error
            self.interrupted: bool = not self.done
            self.cancelled: bool = True
        else:
            self.abort(self.blame(ended_by(raised)))

    def tell_across(
        self,
        handler: Callable[[Any], object],
        argument: Any,
        late: Callable[[Any], object],
    ) -> None:
        """Tell what comes neither from upstream nor from downstream, who see what is raised here."""
        self._across = True
        try:
            self.tell(handler, argument, late)
        finally:
            self._across = False

    def tell_back(self, handler: Callable[[Any], object], argument: Any) -> None:
        """Tell what downstream has asked for, which comes from anywhere."""
        self.home.run_back(partial(self.tell, handler, argument, nothing))

    def crossing(self) -> bool:
        return self._across

    def on_next(self, item: Any) -> None:
        if self._events or not self._take(False):
            self.tell(self._item, item, self.refuse)
            return
        # As tell does, but that an error names the item.
        try:
            if self.finished or self.cancelled or self.done or self.bad is not None:
                self.refuse(item)
            else:
                self.item(item)
        except Exception as error:
            self._turns.release()
            if isinstance(error, RecursionError) and stack_is_full():
                # As `_broken_off`, for which there may be no room: so little is left that whoever is told
                # might run out of it in the midst of on_error, and be told once more.
                self.interrupted, self.cancelled = not self.done, True
                raise
            self.abort(self.blame(error, item))
            return
        except BaseException as raised:
            self._broken_off(raised)
            raise
        self._turns.release()
        if self._events and self._take(False):
            self._serve()
        elif (self.outbox or self.finished) and self.drain.enter():
            self.dispatch()

    def _item(self, item: Any) -> None:
        try:
            self.item(item)
        except Exception as error:
            self.abort(self.blame(error, item))

    def on_error(self, error: Exception) -> None:
        if self.interrupted:
            self.abort(error)
            self.closed()  # there may have been no room on the stack for that
        else:
            self.tell(self.failed, error, self.too_late)

    def on_complete(self) -> None:
        self.tell(self.ended, None, nothing)

    def too_late(self, error: Exception) -> None:
        """Hand an error that came after the end to the hook."""
        drop_late(error, self.node)

    # The loop -----------------------------------------------------------------------------------

    @property
    def occupied(self) -> int:
        """Items that it holds."""
        return len(self.outbox)

    @property
    def buffered(self) -> int:
        """Items that wait for demand."""
        return len(self.outbox)

    def on_subscribe(self, subscription: Any) -> None:
        self.upstream = subscription
        self.drain.enter()
        self.prepare()
        try:
            self.downstream.on_subscribe(self)
        except BaseException:
            self.leave()  # there is nobody
            raise
        self.first_turn()
        # Only now, so that what comes at once is not kept from whoever has asked for it.
        if not self.over:
            self.started()

    def poll(self) -> Any:
        try:
            return self.outbox.popleft()
        except IndexError:
            return EMPTY

    def exhausted(self) -> bool:
        return self.finished and not self.outbox

    def is_over(self) -> bool:
        return super().is_over() or self.exhausted()

    def held(self) -> list[Any]:
        held: list[Any] = []
        with suppress(IndexError):  # each has one taker
            while self.outbox:
                held.append(self.outbox.popleft())
        return held

    def closed(self) -> None:
        self._leave_others()
        if self.timer is not None:  # not before: its worker may be where the last items are emitted
            self.timer.close()
        self.scope.discard(self.held())  # first what came first
        # A handler may be at work with what the state holds.
        self.tell(nothing, None, self._let_go)

    def _leave_others(self) -> None:
        for other in self.others:
            other.cancel()

    def _let_go(self, _: None) -> None:
        self.scope.discard(self.kept())

    def halt(self) -> None:
        self.upstream.cancel()
        for other in self.others:
            other.cancel()

    # Its timer ----------------------------------------------------------------------------------

    def lost(self, error: Exception) -> None:
        """End the stream, whose worker will not run what it was given."""
        if not (self.done or self.cancelled):
            self._loss = self.blame(error)
            self.abort(self._loss)

    def drop_waiting(self, signalled: Exception | None = None) -> None:
        # A stream that is cancelled needs no worker any more: that there is none is no news.
        if self.cancelled and self.bad is self._loss:
            self.bad: Exception | None = None
        super().drop_waiting(signalled)


def nothing(_: Any) -> None:
    """Do nothing: for what is too late to matter."""


class Timer:
    """The one timer of a stage; its methods are for the stage's turn.

    One task at a time waits on the worker. A time that is moved on is looked at when that comes: a
    million items which each move it make no million tasks. `fire` is called in the turn, with the
    time, in the scheduler's seconds, for which it was set.
    """

    __slots__ = ("_armed", "_due", "_fire", "_hop", "_stage", "now")

    def __init__(
        self, stage: SerialStage, scheduler: Scheduler, fire: Callable[[float], object]
    ) -> None:
        self._stage: SerialStage | None = stage
        self._fire = fire
        self._armed: float | None = None
        self._due: float | None = None
        worker = scheduler.worker()
        # A loop may have a clock of its own, which a thread beside it does not see.
        self.now: Callable[[], float] = getattr(worker, "now", scheduler.now)
        self._hop = Hop(worker, stage.scope, stage.lost, stage.lost)
        stage.timer = self

    @property
    def due(self) -> float | None:
        """The time for which it is set; None: it is not."""
        return self._due

    def set(self, when: float) -> None:
        """Have it fire at `when`, and at no other time that it was set for before."""
        self._due = when
        if self._armed is None or when < self._armed:
            self._arm(when)

    def unset(self) -> None:
        """Have it not fire."""
        self._due = None

    def _arm(self, when: float) -> None:
        self._armed = when
        self._hop.run(partial(self._tick, when), when - self.now())

    def _tick(self, when: float) -> None:
        stage = self._stage
        if stage is not None:
            stage.tell_across(self._ticked, when, nothing)

    def _ticked(self, when: float) -> None:
        if when != self._armed:
            return  # a sooner one was armed after it
        self._armed = None
        if self._due is None:
            return
        if self._due > when:
            self._arm(self._due)
            return
        # Whatever the clock says: it is due that was armed for this time.
        due, self._due = self._due, None
        self._fire(due)

    def close(self) -> None:
        """Close the worker; one that has a task still keeps nothing of the stream by that (§3.13)."""
        self._hop.close()
        self._fire = nothing
        self._stage = None


class Other:
    """The Subscriber of a second flow of a stage: its signals are events in the stage's turn.

    It asks for `prefetch` items; whoever handles them asks for more. Its errors are the stage's.
    """

    __slots__ = ("_ended", "_item", "_over", "_prefetch", "_stage", "upstream")

    def __init__(
        self,
        stage: SerialStage,
        item: Callable[[Any], object],
        ended: Callable[[None], object] = nothing,
        prefetch: int = UNBOUNDED,
    ) -> None:
        self._stage = stage
        self._item = item
        self._ended = ended
        self._prefetch = prefetch
        # It may be cancelled before its Subscription comes, by another thread than that.
        self.upstream: Arbiter = Arbiter()
        self._over = False
        stage.others.append(self)

    def on_subscribe(self, subscription: Any) -> None:
        self.upstream.switch(subscription)
        self.upstream.request(self._prefetch)

    def on_next(self, item: Any) -> None:
        self._stage.tell_across(self._item, item, self._stage.refuse)

    def on_error(self, error: Exception) -> None:
        self._over = True
        self._stage.tell_across(self._stage.other_failed, error, self._stage.too_late)

    def on_complete(self) -> None:
        self._over = True
        self._stage.tell_across(self._ended, None, nothing)

    def cancel(self) -> None:
        """Cancel it, where it is not over."""
        if not self._over:
            self._over = True
            self.upstream.cancel()
