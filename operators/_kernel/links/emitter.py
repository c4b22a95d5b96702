"""Outlet: the bounded buffer between somebody who pushes and a Subscriber who asks."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator
from contextlib import suppress
from contextvars import Context, ContextVar
from functools import partial
from threading import get_ident
from time import monotonic
from typing import Any, ClassVar
from weakref import ref

from operators._kernel.failures.checks import need_result
from operators._kernel.failures.failure import BackpressureError, drop_error, drop_late
from operators._kernel.fusing.feed import Bell
from operators._kernel.hosts.loops import running_loop
from operators._kernel.hosts.slices import SLICE, next_turn
from operators._kernel.hosts.waiting import LoopBell, refuse_to_block
from operators._kernel.links.queued import EMPTY, QueuedStage
from operators._kernel.plan.node import Node
from operators._kernel.subscription.drain import Drain
from operators._kernel.subscription.ends import NOWHERE
from operators._kernel.subscription.scope import Scope
from reactive_streams import UNBOUNDED

OVERFLOWS = ("block", "drop_newest", "drop_oldest", "latest", "error")

INSIDE: ContextVar[Any] = ContextVar("operators_inside", default=None)
"""The `mark` of the outlet for whose producer the context of the subscription was copied."""


class Outlet(QueuedStage):
    """Holds up to `capacity` items and gives them out on demand; what overflows meets a policy.

    An item that finds nobody in the loop, nothing waiting, and demand, is delivered by whoever brings
    it, without being queued. `capacity` 0 keeps nothing: an item is taken only where there is demand
    and none is being delivered.

    The lock is a reentrant one: the collector may close an abandoned run, and so cancel, in the midst
    of whatever this thread does here.
    """

    __slots__ = (
        "_bells", "_capacity", "_claim", "_context", "_delivering", "_emit", "_finished", "_functions",
        "_items", "_lock", "_on_drop", "_others", "_overflow", "_own", "_resting",
        "_twin", "dropped", "mark", "offer", "opener", "refusal",
    )  # fmt: skip

    crosses: ClassVar[bool] = True

    def __init__(
        self,
        downstream: Any,
        node: Node,
        scope: Scope,
        capacity: int,
        overflow: str,
        on_drop: Callable[[Any], object] | None = None,
        context: Context | None = None,
    ) -> None:
        super().__init__(downstream, node, scope)
        self._emit: Callable[[Any], object] = downstream.on_next
        self._own: Drain = self.drain
        self._claim: Callable[[], bool] = self.drain.claim
        self._context: Context | None = context
        """What downstream sees of what emits from elsewhere; entered by who runs the loop only."""
        self.offer: Callable[[Any], bool | None] = self._offer
        """Takes an item in, or drops one by the policy; None: there is no room and the policy is to wait.

        False says that the stream is over, and that the item was not taken in. A function of its own, for
        the sake of speed: a loop that polls gets all by the queue.
        """
        self._lock: threading.RLock = threading.RLock()
        self._items: deque[Any] = deque()
        self._capacity: int = capacity
        self._overflow: str = overflow
        self._on_drop: Callable[[Any], object] | None = on_drop
        self._bells: deque[Any] = deque()
        self._functions: deque[Callable[[], object]] = deque()
        self._others: Callable[[], deque[Callable[[], object]] | None] = _none
        self._finished: bool = False
        self._delivering: bool = False
        self._resting: Any = None
        self.mark: object = object()
        """What the context of the producer is known by, and keeps nothing alive."""
        self.opener: int = 0
        """The thread that is inside of subscribe while the producer runs there; 0: none."""
        self.refusal: Exception | None = None
        """What was raised at whoever emits, and ends the stream already."""
        self._twin: Exception | None = None
        self.dropped: int = 0
        """Items dropped by the overflow policy."""

    @property
    def over(self) -> bool:
        """Whether nothing more is taken in."""
        return self._finished or self.cancelled or self.done or self.bad is not None

    @property
    def occupied(self) -> int:
        """Places taken of the capacity."""
        return len(self._items)

    @property
    def buffered(self) -> int:
        """Items that wait for demand."""
        return len(self._items)

    def open(self) -> None:
        """Hand the Subscription over."""
        self.on_subscribe(NOWHERE)

    def on_subscribe(self, subscription: Any) -> None:
        self.upstream = subscription
        self.drain.enter()
        self.downstream.on_subscribe(self)
        self.first_turn()
        # Only now, so that what comes at once is not kept from whoever has asked for it.
        if not self.cancelled:
            self.started()

    # Pushing in ---------------------------------------------------------------------------------

    def _offer(self, item: Any) -> bool | None:
        demand = self.demand
        # After a Ctrl-C there is another drain in place of ours.
        if not demand.value or self.drain is not self._own or not self._claim():
            return self._queue(item)
        # Whoever has the turn is the only one to take off the demand, or out of the queue.
        if self._items or not demand.value or self._finished or self.cancelled or self.done:
            taken = self._queue(item)
            self._run()
            return taken
        # Settled before it is delivered: what comes meanwhile was not asked for by this demand.
        if demand.value != UNBOUNDED:
            demand.settle(1)
        self._delivering = True
        self.runner: int = get_ident()
        try:
            if self._context is None or INSIDE.get() is self.mark:
                self._emit(item)
            else:
                self._context.run(self._emit, item)
        except BaseException as raised:
            self.interrupt(raised)
            raise
        self.runner = 0
        self._delivering = False
        while self._own.again():  # most often it is a request, made inside of on_next
            if self._items or self.over:
                self._run()
                break
        return True

    def _queue(self, item: Any) -> bool | None:
        items, overflow = self._items, self._overflow
        with self._lock:
            if self._finished or self.cancelled or self.done or self.bad is not None:
                return False
            wanted = self.demand.value
            lost = EMPTY
            if len(items) < self._capacity or (
                # Without room an item may still go straight on, by whoever is about to leave the loop.
                not self._capacity and wanted and not items and not self._delivering
            ):
                items.append(item)
                if self.polls:
                    self.demand.value = 0  # who polls is rung for once, and then looks by itself
            elif overflow == "block":
                return None
            elif overflow == "error":
                lost = self._overflow_error()
            elif overflow == "drop_newest":
                lost = item
                self.dropped += 1
            else:
                lost = self._oldest()
                items.append(item)
        if lost is EMPTY:
            if wanted:  # whoever ends the stream takes out what is there, by the same lock
                self._signal()
        elif overflow == "error":
            self.abort(lost)
            return False
        elif self._on_drop is None:  # whoever was to deliver one of those that wait still is
            self.scope.discard((lost,))
        else:
            self._tell(self._on_drop, lost)
        return True

    def _oldest(self) -> Any:
        """Return the oldest item for a newer one to have its place, or EMPTY if all were taken just now."""
        try:
            oldest = self._items.popleft()
        except IndexError:
            return EMPTY
        self.dropped += 1
        return oldest

    def _signal(self) -> None:
        if self.drain.enter():
            self._run()

    def _run(self) -> None:
        if self._context is None or INSIDE.get() is self.mark:
            self.dispatch()
        else:
            # The turn may be somebody else's a moment before the context is left.
            self._context.copy().run(self.dispatch)

    def _tell(self, on_drop: Callable[[Any], object], item: Any) -> None:
        try:
            need_result(self.node.operator.name, "on_drop", on_drop(item))
        except Exception as error:
            self.abort(self.blame(error, item))

    def _overflow_error(self) -> BackpressureError:
        return BackpressureError(
            f"{self.node.title}, written at {self.node.where}, overflowed: its {self._capacity} places "
            f"were taken and demand was {self.demand.value}; ask for more, raise capacity=, or choose "
            "another overflow="
        )

    def push(self, item: Any) -> bool:
        """Take an item in, blocking while there is no room; return False once the stream is over.

        Raises RuntimeError where this thread, or its event loop, is the one that would have to make room.
        """
        while (taken := self.offer(item)) is None:
            refuse_to_block(self, f"no room ({self._capacity} items wait)")
            bell = threading.Lock()
            bell.acquire()
            if self._hang(bell):
                try:
                    # Not for ever, where all that could go on waits for this thread.
                    self.scope.pending.block(partial(bell.acquire, True))
                except RuntimeError as error:
                    self.turn_down(error)
                    raise
                finally:
                    self._unhang(bell)
        return taken

    def turn_down(self, error: Exception) -> None:
        """Have the stream fail with what is raised at one who emits, whoever sees it there."""
        self.refusal = error
        if not self.over:
            self._twin = self.blame(RuntimeError(str(error)))
            self.complete(self._twin)

    def drop_waiting(self, signalled: Exception | None = None) -> None:
        if self.failure is self._twin:
            self.failure = None  # somebody has seen it, whoever leaves now
        super().drop_waiting(signalled)

    async def apush(self, item: Any) -> bool:
        """Take an item in, waiting while there is no room; return False once the stream is over."""
        while (taken := self.offer(item)) is None:
            bell = LoopBell()
            if self._hang(bell):
                try:
                    await bell.waiter
                finally:
                    self._unhang(bell)
        return taken

    def _hang(self, bell: Any) -> bool:
        with self._lock:
            # Hung up before it is looked whether there is room: whoever makes some looks for bells then.
            self._bells.append(bell)
            if self.over or len(self._items) < self._capacity:
                self._bells.pop()
                return False
            return True

    def _unhang(self, bell: Any) -> None:
        with self._lock, suppress(ValueError):  # it was rung
            self._bells.remove(bell)

    def _ring(self) -> None:
        while self._bells:
            with self._lock:
                bell = self._bells.popleft() if self._bells else None
            if bell is not None:
                bell.release()

    def complete(self, error: Exception | None = None) -> None:
        """End the stream after what is buffered; a second end goes to the hook if it is an error."""
        with self._lock:
            late = self.over
            if not late:
                self.failure = error  # first: whoever sees that it is finished looks for it
                self._finished = True
        if not late:
            self._ring()
            self._signal()
        elif error is not None:
            drop_late(error, self.node)

    def drained(self) -> None:
        """Take nothing more in, and end after what is buffered."""
        if not self.over:
            self.complete()

    def on_cancel(
        self, function: Callable[[], object], among: deque[Callable[[], object]] | None = None
    ) -> None:
        """Have the function called once when the stream is over, at once where it is.

        It is kept `among` those that `look_at` has been told of, or else by the outlet itself.
        """
        functions = self._functions if among is None else among
        with self._lock:
            functions.append(function)
            late = self.done or self.cancelled
        if late:
            self._call(functions)

    def look_at(self, functions: deque[Callable[[], object]]) -> None:
        """Call these functions too, if they are still there, when the stream is over."""
        self._others = ref(functions)

    def _call(self, functions: deque[Callable[[], object]]) -> None:
        while functions:
            try:
                functions.popleft()()
            except Exception as error:
                drop_error(error, f"raised when {self.node.title} was over; {self.node.where}")

    # Giving out ---------------------------------------------------------------------------------

    def poll(self) -> Any:
        if not self._items:
            return EMPTY
        with self._lock:
            try:
                item = self._items.popleft()
            except IndexError:
                return EMPTY
            if self.demand.value != UNBOUNDED:
                self.demand.settle(1)
        if self._bells:
            self._ring()
        return item

    def take_back(self) -> Any:
        """Remove and return an item that waits, or EMPTY; for who is the only one to offer."""
        with self._lock:
            try:
                return self._items.popleft()
            except IndexError:
                return EMPTY

    def polled_by(self, bell: Bell) -> None:
        super().polled_by(bell)
        self.offer = self._queue

    def deliver(self, wanted: int) -> int:
        loop = running_loop()
        if loop is not None and loop is self._resting:
            return 0
        due = monotonic() + SLICE if loop is not None else 0.0
        emit = self._emit
        while wanted:
            item = self.poll()
            if item is EMPTY:
                break
            self._delivering = True
            emit(item)
            self._delivering = False
            if self.cancelled or self.bad is not None:
                break
            wanted -= 1
            if loop is not None and monotonic() >= due:
                # Others may go on meanwhile; here nothing is delivered before the loop has gone round.
                self._resting = loop
                next_turn(self._rested, self._stranded)
                break
        return 0  # settled one by one

    def polled(self, pause: Callable[[], Any]) -> Generator[Any, None, None]:
        """Give the items to one who pulls, and who asks for one, by that, each time."""
        if running_loop() is None:
            self.runner = get_ident()  # the thread that is to take out what it would put in
        demand, items, lock, bells = self.demand, self._items, self._lock, self._bells
        while True:
            # What it takes needs no lock; and an error that ends it at once does not wait for what is held.
            while items and self.bad is None:
                try:
                    item = items.popleft()
                except IndexError:  # dropped, for a newer one
                    break
                if bells:
                    self._ring()
                yield item
            with lock:  # whoever brings an item either is seen here, or sees that one is waited for
                waits = not items or self.bad is not None
                demand.value = int(waits)
            if waits and (yield from self._rest(pause)):
                return
            demand.value = 0

    def is_over(self) -> bool:
        """Whether the next poll would find the end."""
        return self.done or self.bad is not None or self.exhausted()

    def _stranded(self, error: Exception) -> None:
        self._resting = None
        if not (self.done or self.cancelled):
            self.abort(self.blame(error))

    def _rested(self) -> None:
        self._resting = None
        self.schedule()

    def exhausted(self) -> bool:
        return self._finished and not self._items

    def held(self) -> list[Any]:
        held: list[Any] = []
        with self._lock, suppress(IndexError):
            while True:
                held.append(self._items.popleft())
        self._ring()
        return held

    def closed(self) -> None:
        with self._lock:  # whoever adds a function now finds that it is late
            others = self._others()
        self._ring()
        self._call(self._functions)
        if others is not None:
            self._call(others)


def _none() -> None:
    return None
