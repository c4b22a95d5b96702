"""QueuedStage: a stage that holds items, and emits them from a loop of its own, or is polled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Iterable
from threading import get_ident
from time import monotonic
from typing import Any, ClassVar

from operators._kernel.demand import Claim, Demand, demand_error, plain
from operators._kernel.drain import Drain
from operators._kernel.failure import drop_error, ended_by
from operators._kernel.feed import Bell
from operators._kernel.loops import running_loop
from operators._kernel.node import Node
from operators._kernel.scope import Scope
from operators._kernel.slices import SLICE
from operators._kernel.stage import Stage

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
        "bad",
        "cancelled",
        "demand",
        "drain",
        "due",
        "failure",
        "interrupted",
        "polls",
        "runner",
    )  # fmt: skip

    can_poll: ClassVar[bool] = True
    """Whether `poll` is all that it needs to give its items out."""
    crosses: ClassVar[bool] = False
    """Whether the loop runs where nobody but this stage sees what it raises."""

    def __init__(self, downstream: Any, node: Node, scope: Scope) -> None:
        super().__init__(downstream, node, scope)
        self.demand: Demand = Demand()
        self.drain: Any = Drain()
        self.polls: bool = False
        self.failure: Exception | None = None
        self.cancelled: bool = False
        self.bad: Exception | None = None
        self._aborted = Claim()  # it has one cause, whoever else comes with one at the same time
        self.interrupted: bool = False
        self.due: float = 0.0
        """When the event loop on which it runs is to have its turn; 0: it runs on none."""
        self.runner: int = 0
        """The thread that is inside the loop now, and so must not be kept waiting for it; 0: none."""

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

    def dispatch(self) -> None:
        """Run the loop; a stage that changes the thread overrides this."""
        self.run()

    def closed(self) -> None:
        """Take note that the stream is over, whatever way; called once."""

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
        self.dispatch()

    def on_error(self, error: Exception) -> None:
        self.abort(error)

    def request(self, n: int) -> None:
        bad = demand_error(n := plain(n))
        if bad is None:
            self.demand.add(n)
        elif self.done or self.cancelled or not self._aborted.take():
            return  # it is over (§3.6), or ends as it is
        else:
            self.bad = bad
        self.schedule()

    def cancel(self) -> None:
        if not self.cancelled:
            self.cancelled = True
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

    def abort(self, error: Exception) -> None:
        """End with an error at once: what is held is discarded; callable from any thread."""
        if self.interrupted:
            self.interrupted = False  # its loop never got to say so
            self.downstream.on_error(error)
        elif self.done or not self._aborted.take():
            drop_error(error, f"in {self.node.title}, which was over; {self.node.where}")
        else:
            self.bad = error
            self.schedule()

    def rests(self) -> bool:
        """Whether the loop, which has more to do, has run on an event loop for as long as it may."""
        return bool(self.due) and not (self.done or self.cancelled) and monotonic() >= self.due

    def go_on(self) -> None:
        """Have the loop go round in a later turn of the event loop."""
        asyncio.get_running_loop().call_soon(self.run)

    def run(self) -> None:
        """Be the loop, as the one whom `Drain.enter` has chosen."""
        me = get_ident()
        self.due = monotonic() + SLICE if running_loop() is not None else 0.0
        try:
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
            self.interrupt(raised)
            raise

    def interrupt(self, raised: BaseException) -> None:
        """End the stream for what is nobody's signal (Ctrl-C, SystemExit), so that nothing stays behind."""
        self.runner = 0
        self.interrupted = not self.done
        self.cancelled = True
        self._close()
        self.halt()
        if self.interrupted and self.crosses:
            self.abort(self.blame(ended_by(raised)))

    def _turn(self) -> None:
        if self._ended():
            return
        emitted = self.deliver(self.demand.value)
        if emitted:
            self.demand.settle(emitted)
            self.consumed(emitted)
        if not self._ended() and self.exhausted():
            self._terminate(self.failure)

    def _ended(self) -> bool:
        if self.done:
            self.drop_waiting()
            self.scope.discard(self.held())
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
        if not self.done:
            self.done = True
            self.closed()
        self.drop_waiting(signalled)
        self.scope.discard(self.held())

    def _terminate(self, error: Exception | None) -> None:
        self._close(error)
        if error is None:
            self.downstream.on_complete()
        else:
            self.downstream.on_error(error)

    def drop_waiting(self, signalled: Exception | None = None) -> None:
        """Hand the errors that wait to the hook, but for the one that is signalled."""
        waiting = (self.failure, self.bad)
        self.failure = self.bad = None
        for error in waiting:
            if error is not None and error is not signalled:
                Stage.on_error(self, error)  # it is over
