"""Outlet: the bounded buffer between somebody who pushes and a Subscriber who asks."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, ClassVar

from operators._kernel.codegen import CHECKPOINT
from operators._kernel.ends import NOWHERE
from operators._kernel.failure import BackpressureError, drop_error
from operators._kernel.node import Node
from operators._kernel.scope import Scope
from operators._kernel.stage import EMPTY, QueuedStage

OVERFLOWS = ("block", "drop_newest", "drop_oldest", "latest", "error")


class Outlet(QueuedStage):
    """Holds up to `capacity` items and gives them out on demand; what overflows meets a policy."""

    __slots__ = ("_capacity", "_finished", "_items", "_on_cancel", "_on_drop", "_overflow", "_pushed",
                 "_room",
                 "_waiters", "dropped")  # fmt: skip

    crosses: ClassVar[bool] = True

    def __init__(
        self,
        downstream: Any,
        node: Node,
        scope: Scope,
        capacity: int,
        overflow: str,
        on_drop: Callable[[Any], object] | None = None,
    ) -> None:
        super().__init__(downstream, node, scope)
        self._items: deque[Any] = deque()
        self._capacity = capacity
        self._overflow = overflow
        self._on_drop = on_drop
        self._room = threading.Condition()
        self._waiters: deque[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = deque()
        self._finished = False
        self._pushed = 0
        self._on_cancel: list[Callable[[], object]] = []
        self.dropped: int = 0
        """Items dropped by the overflow policy."""

    @property
    def over(self) -> bool:
        """Whether nothing more will be delivered."""
        return self.done or self.cancelled or self._finished

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
        self.dispatch()
        # Only now, so that what comes at once is not kept from whoever has asked for it.
        if not self.cancelled:
            self.started()

    # Pushing in ---------------------------------------------------------------------------------

    def offer(self, item: Any) -> bool | None:
        """Take an item in, or drop one by the policy; None: there is no room and the policy is to wait.

        False says that the stream is over, and that the item was not taken in.
        """
        lost: Any = EMPTY
        overflowed = False
        with self._room:
            if self.over:
                return False
            if self._has_room():
                self._items.append(item)
            elif self._overflow == "block":
                return None
            elif self._overflow == "error":
                overflowed = True
            elif self._overflow == "drop_newest":
                lost = item
                self.dropped += 1
            else:
                lost = self._items.popleft()
                self._items.append(item)
                self.dropped += 1
        if overflowed:
            self.abort(self.overflow_error())
            return False
        if lost is not EMPTY:
            self._lose(lost)
        self.schedule()
        return True

    def _has_room(self) -> bool:
        held = len(self._items)
        # Where next to nothing is kept for later, what was asked for is let through all the same.
        return held < self._capacity or (self._capacity <= 1 and held < self.demand.value)

    def _lose(self, item: Any) -> None:
        if self._on_drop is None:
            self.scope.discard((item,))
        else:
            try:
                self._on_drop(item)
            except Exception as error:
                self.abort(self.blame(error, item))

    def overflow_error(self) -> BackpressureError:
        """Return the error for an item that found no room."""
        return BackpressureError(
            f"{self.node.title}, written at {self.node.where}, overflowed: its {self._capacity} places "
            f"were taken and demand was {self.demand.value}; ask for more, raise capacity=, or choose "
            "another overflow="
        )

    def push(self, item: Any) -> bool:
        """Take an item in, blocking while there is no room; return False once the stream is over."""
        while True:
            accepted = self.offer(item)
            if accepted is not None:
                return accepted
            with self._room:
                while not self.over and not self._has_room():
                    self._room.wait()

    async def apush(self, item: Any) -> bool:
        """Take an item in, waiting while there is no room; return False once the stream is over."""
        loop = asyncio.get_running_loop()
        self._pushed += 1
        if not self._pushed % CHECKPOINT:
            await asyncio.sleep(0)  # where there is always room, nobody else would get a turn
        while True:
            accepted = self.offer(item)
            if accepted is not None:
                return accepted
            with self._room:
                if self.over or self._has_room():
                    continue
                waiter = loop.create_future()
                self._waiters.append((loop, waiter))
            await waiter

    def complete(self, error: Exception | None = None) -> None:
        """End the stream after what is buffered; a second end goes to the hook if it is an error."""
        with self._room:
            late = self.over
            if not late:
                self._finished = True
                self.failure = error
                self._wake()
        if not late:
            self.schedule()
        elif error is not None:
            drop_error(error, f"in {self.node.title}, which was over; {self.node.where}")

    def on_cancel(self, function: Callable[[], object]) -> None:
        """Have the function called once when the stream is over, at once where it is."""
        with self._room:
            if not (self.done or self.cancelled):
                self._on_cancel.append(function)
                return
        function()

    # Giving out ---------------------------------------------------------------------------------

    def poll(self) -> Any:
        with self._room:
            if not self._items:
                return EMPTY
            item = self._items.popleft()
            # Settled before it is delivered: what comes meanwhile was not asked for by this demand.
            self.demand.settle(1)
            self._wake()
            return item

    def deliver(self, wanted: int) -> int:
        super().deliver(wanted)
        return 0  # settled one by one

    def exhausted(self) -> bool:
        return self._finished and not self._items

    def held(self) -> list[Any]:
        with self._room:
            held = list(self._items)
            self._items.clear()
            self._wake()
            return held

    def closed(self) -> None:
        with self._room:
            self._wake()
            functions, self._on_cancel = self._on_cancel, []
        for function in functions:
            try:
                function()
            except Exception as error:
                drop_error(error, f"raised when {self.node.title} was over; {self.node.where}")

    def _wake(self) -> None:
        # Called with the lock held: there is room, or the end.
        self._room.notify_all()
        while self._waiters:
            loop, waiter = self._waiters.popleft()
            if not loop.is_closed():
                loop.call_soon_threadsafe(_wake, waiter)


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
