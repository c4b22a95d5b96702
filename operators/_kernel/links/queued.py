"""QueuedStage: a stage that holds items, and emits them from a loop of its own, or is polled."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from threading import get_ident
from time import monotonic
from typing import Any, ClassVar

from operators._kernel.failures.failure import drop_late, ended_by
from operators._kernel.fusing.feed import Bell
from operators._kernel.hosts.loops import running_loop
from operators._kernel.hosts.slices import SLICE, next_turn
from operators._kernel.links.stage import Stage
from operators._kernel.plan.node import Node
from operators._kernel.subscription.demand import Claim, Demand, demand_error, plain
from operators._kernel.subscription.drain import Drain
from operators._kernel.subscription.home import Home
from operators._kernel.subscription.relay import forsake
from operators._kernel.subscription.scope import Scope
from reactive_streams import UNBOUNDED

EMPTY: Any = object()
"""What `poll` returns when there is nothing to emit."""


class _Ringing:
    """The drain of a stage that is polled: who would run its loop, or have it go round, rings the bell."""

    __slots__ = ("_ring",)

    def __init__(self, bell: Bell) -> None:
        self._ring = bell.ring

    def enter(self) -> bool:
        self._ring()
        return False

    def take(self) -> None:
        raise IndexError  # nobody runs it

    def forget(self) -> None:
        pass

    def again(self) -> bool:
        return False


class QueuedStage(Stage):
    """Emits what it holds from one serial loop, on demand; subclasses say what there is to emit.

    Where its consumer pulls, there is no loop: the consumer polls it.

    Subclasses override `poll` (the next item or EMPTY), `exhausted` (nothing more can come), `held`
    (what is to be discarded at a cancel), and `consumed` (to replenish). Two errors may wait for the
    loop: `bad` ends the stream at once, `failure` when all is delivered; who sets one schedules it.
    """

    __slots__ = (
        "_aborted",
        "_shut",
        "_untold",
        "bad",
        "cancelled",
        "demand",
        "drain",
        "due",
        "ebbs",
        "failure",
        "home",
        "interrupted",
        "polls",
        "runner",
    )  # fmt: skip

    keeps_count: ClassVar[bool] = True
    """Whether its demand and what it holds say what passes it; not of one that passes demand on."""
    can_poll: ClassVar[bool] = True
    """Whether `poll` is all that it needs to give its items out."""
    crosses: ClassVar[bool] = False
    """Whether the loop always runs where nobody but this stage sees what it raises."""

    def __init__(self, downstream: Any, node: Node, scope: Scope) -> None:
        super().__init__(downstream, node, scope)
        self.demand: Demand = Demand()
        self.drain: Any = Drain()
        self.home: Home = scope.home
        self.polls: bool = False
        self.failure: Exception | None = None
        self.cancelled: bool = False
        self.bad: Exception | None = None
        self._aborted = Claim()  # it has one cause, whoever else comes with one at the same time
        self._shut = False
        self._untold = False  # it is over, and had no room yet to say so
        self.interrupted: bool = False
        self.ebbs: bool = False
        """Whether what is upstream is over, or some of it, so that any item may be the last one."""
        self.due: float = 0.0
        """When the event loop on which it runs is to have its turn; 0: it runs on none."""
        self.runner: int = 0
        """The thread that is inside the loop now, and so must not be kept waiting for it; 0: none."""
        if scope.watcher is not None:
            scope.watcher.stage(node, self)

    # What subclasses say ------------------------------------------------------------------------

    def poll(self) -> Any:
        """Return the next item, or EMPTY."""
        raise NotImplementedError

    def exhausted(self) -> bool:
        """Whether the stream is over once `poll` has nothing; asked after `done`-ness is known."""
        raise NotImplementedError

    def held(self) -> Iterable[Any]:
        """Remove and return all items held, to be discarded."""
        return ()

    def deliver(self, wanted: int) -> int:
        """Emit up to `wanted` items and return how many it were; part of the loop."""
        emit = self.downstream.on_next
        emitted = 0
        while emitted != wanted:
            item = self.poll()
            if item is EMPTY:
                break
            emit(item)
            emitted += 1
            if self.cancelled or self.bad is not None:
                break
            if self.due and self.pauses():
                break
        return emitted

    def pauses(self) -> bool:
        """Whether the loop, before it is done, is to give the event loop its turn; it leaves a mark."""
        if not self.rests():
            return False
        self.drain.enter()
        return True

    def consumed(self, n: int) -> None:
        """Take note that `n` items were emitted; called between turns of the loop."""

    def first_turn(self) -> None:
        """Run the loop for the first time, at the end of on_subscribe."""
        # Its first turn sees what was asked for meanwhile. Where the thread stood still for a while it would
        # rest before another, and who brings items then would find it so.
        self.drain.forget()
        self.dispatch()

    def dispatch(self) -> None:
        """Run the loop; a stage that changes the thread overrides this."""
        self.run()

    def closed(self) -> None:
        """Take note that the stream is over, whatever way; called once, or again where it was broken off."""

    def started(self) -> None:
        """Ask upstream for the first items; called once downstream has its Subscription."""

    # The protocol -------------------------------------------------------------------------------

    def on_subscribe(self, subscription: Any) -> None:
        self.upstream = subscription
        self.drain.enter()  # nothing is emitted before both sides are ready
        try:
            self.downstream.on_subscribe(self)
        except BaseException:
            self.leave()  # there is nobody
            raise
        if not self.cancelled:
            self.started()
        self.first_turn()

    def on_error(self, error: Exception) -> None:
        self.abort(error)

    def request(self, n: int) -> None:
        bad = None if type(n) is int and n > 0 else demand_error(n := plain(n))
        if bad is None:
            self.demand.add(n)
        elif self.done or self.cancelled or not self._aborted.take():
            return  # it is over (§3.6), or ends as it is
        else:
            self.bad = bad
        if self.drain.enter():
            home = self.home
            if get_ident() == home.thread and running_loop() is None:
                self.dispatch()  # as `run_back` does
            else:
                home.run(self.dispatch)

    def cancel(self) -> None:
        if not self.cancelled:
            self.cancelled = True
            self.home.run_back(self._be_cancelled)

    def _be_cancelled(self) -> None:
        self.halt()
        self.schedule()

    def halt(self) -> None:
        """Cancel all that is upstream."""
        self.upstream.cancel()

    # Who pulls instead of being pushed to --------------------------------------------------------

    def polled_by(self, bell: Bell) -> None:
        """Take note, inside of on_subscribe, that whoever has this bell is going to poll."""
        self.polls = True
        self.drain = _Ringing(bell)

    def polled(self, pause: Callable[[], Any]) -> Generator[Any, None, None]:
        """Return the items, for one who polls; `pause` waits, or gives what is to be given instead."""
        while True:
            item = self.poll()
            if item is not EMPTY:
                self.consumed(1)  # it has left: its place is free while whoever pulls works on it
                yield item
            elif (yield from self._rest(pause)):
                return

    def _rest(self, pause: Callable[[], Any]) -> Generator[Any, None, bool]:
        """Look what there is when there is no item, an end or nothing now; return whether it is over."""
        if self.done:
            return True
        error = self.bad
        if error is not None:
            self.halt()
            self._close(error)
            raise error
        if self.exhausted():
            error = self.failure
            self._close(error)
            if error is not None:
                raise error
            return True
        if (waiting := pause()) is not None:
            yield waiting
        return False

    def is_over(self) -> bool:
        """Whether the next poll would find the end."""
        return self.done or self.bad is not None

    def leave(self) -> None:
        """Be cancelled by whoever polls."""
        if not self.done:
            self.cancelled = True
            self.halt()
        # What comes late is discarded by whoever brings it.
        self.polls = False
        self.drain = Drain()
        self.schedule()

    def schedule(self) -> None:
        """Have the loop go round, here or by whoever runs it now."""
        if self.drain.enter():
            self.dispatch()

    def serve(self) -> None:
        """Emit one item of what has just come, where that is all there is to do; else have the loop go round.

        For who brings items one by one to a stage whose loop runs wherever it is entered.
        """
        demand, drain = self.demand, self.drain
        if not demand.value:
            if self.polls or self.done or self.cancelled:  # else whoever asks looks
                self.schedule()
            return
        try:
            drain.take()
        except IndexError:
            self.schedule()
            return
        # Whatever else ends the stream leaves a mark, and is seen to before the next item comes.
        if self.done:
            self.run()
            return
        self.due = 0.0
        self.runner = get_ident()
        try:
            if (wanted := demand.value) and self.deliver(1) and wanted != UNBOUNDED:
                demand.settle(1)
        except BaseException as raised:
            try:
                self._unwound(raised)
            except RecursionError:
                drain.leave(None)
            raise
        self.runner = 0
        if self.ebbs:
            self.run()
            return
        drain.leave(None)
        if drain.marks and drain.revive():
            self.run()

    def abort(self, error: Exception) -> None:
        """End with an error at once: what is held is discarded; callable from any thread."""
        if self.interrupted:
            self.interrupted = False  # its loop never got to say so
            try:
                self.downstream.on_error(error)
            except RecursionError:
                self.interrupted = True  # nor is there room for it here
                raise
        elif self.done or not self._aborted.take():
            if error is not self.bad:  # several flows may tell of one error
                drop_late(error, self.node)
        else:
            self.bad = error
            self.schedule()

    def rests(self) -> bool:
        """Whether the loop, which has more to do, has run on an event loop for as long as it may."""
        return bool(self.due) and not (self.done or self.cancelled) and monotonic() >= self.due

    def go_on(self) -> None:
        """Have the loop go round in a later turn of the event loop."""
        next_turn(self.run, self.stranded)

    def stranded(self, error: Exception) -> None:
        """Be the loop, since the event loop on which it was to go on has been closed."""
        if not (self.done or self.cancelled):
            self.abort(self.blame(error))
        self.run()

    def run(self) -> None:
        """Be the loop, as the one whom `Drain.enter` has chosen."""
        me, drain = get_ident(), self.drain
        try:
            self.due = monotonic() + SLICE if running_loop() is not None else 0.0
            while True:
                self.runner = me
                self._turn()
                self.runner = 0
                if not self.drain.again():
                    return
                if self.rests():
                    self.go_on()
                    return
        except BaseException as raised:
            try:
                self._unwound(raised)
            except (
                RecursionError
            ):  # there was no room for it: whoever ends the stream finds the turn free
                drain.leave(None)
            raise

    def _unwound(self, raised: BaseException) -> None:
        self.interrupt(raised)
        self.drain = Drain()  # the turn may have been half given back
        self._ended()  # what comes late is discarded

    def interrupt(self, raised: BaseException) -> None:
        """End the stream for what is nobody's signal (Ctrl-C, SystemExit), so that nothing stays behind."""
        self.runner = 0
        self.interrupted = self._untold or not self.done
        self.cancelled = True
        self._close()
        self.halt()
        if self.interrupted and self.crossing():
            self.abort(self.blame(ended_by(raised)))
        elif self.interrupted and not isinstance(raised, Exception):
            self.interrupted = False
            forsake(self.downstream, raised)

    def crossing(self) -> bool:
        """Whether the loop runs, just now, where nobody but this stage sees what it raises."""
        return self.crosses

    def _turn(self) -> None:
        if self._ended():
            return
        wanted = self.demand.value
        while emitted := self.deliver(wanted):
            # What has no bound keeps none, and is not counted.
            left = wanted if wanted == UNBOUNDED else self.demand.settle(emitted)
            self.consumed(emitted)
            if not left or emitted < wanted or self.cancelled or self.bad is not None:
                break
            if self.rests():
                break
            wanted = left  # asked for meanwhile, by who asks for one at each
        if not self._ended() and self.exhausted():
            self._terminate(self.failure)

    def _ended(self) -> bool:
        if self.done:
            self._close()
            return True
        if self.cancelled:
            self._close()
            return True
        if self.bad is not None:
            self.halt()
            self._terminate(self.bad)
            return True
        return False

    def _close(self, signalled: Exception | None = None) -> None:
        self.done = True
        if not self._shut:
            self.closed()
            self._shut = True  # only now: what is broken off by a Ctrl-C is done once more
        self.drop_waiting(signalled)
        self.scope.discard(self.held())

    def _terminate(self, error: Exception | None) -> None:
        self._untold = True
        self._close(error)
        self._untold = False
        try:
            if error is None:
                self.downstream.on_complete()
            else:
                self.downstream.on_error(error)
        except RecursionError:
            self._untold = True
            raise

    def drop_waiting(self, signalled: Exception | None = None) -> None:
        """Hand the errors that wait to the hook, but for the one that is signalled."""
        waiting = (self.failure, self.bad)
        self.failure = self.bad = None
        for error in waiting:
            if error is not None and error is not signalled:
                Stage.on_error(self, error)  # it is over


class HomeStage(QueuedStage):
    """A queued stage to which anybody brings items: its loop runs in the context of whoever subscribed."""

    __slots__ = ("_context",)

    def __init__(self, downstream: Any, node: Node, scope: Scope) -> None:
        super().__init__(downstream, node, scope)
        self._context = scope.home.context

    def dispatch(self) -> None:
        self._context.copy().run(self.run)
