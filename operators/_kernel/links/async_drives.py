"""Async drives: what pushes the items of an async generator, from a task of an event loop."""

from __future__ import annotations

import threading
from collections.abc import AsyncGenerator, Callable
from contextvars import copy_context
from typing import Any

from operators._kernel.failures.failure import brief, ended_by, subscriber_raised
from operators._kernel.fusing.bells import TaskRun
from operators._kernel.fusing.fusion import alet_go
from operators._kernel.hosts.cleanups import interrupt
from operators._kernel.hosts.loops import LoopLease
from operators._kernel.hosts.runtimes import (
    BEGUN,
    cancellations,
    current_task,
    is_cancellation,
    let_clean_up,
)
from operators._kernel.links.drives import tell_end
from operators._kernel.links.gate import Switch
from operators._kernel.subscription.demand import demand_error, plain
from operators._kernel.subscription.scope import Scope
from reactive_streams import UNBOUNDED


class AsyncDrive:
    """Pushes the items of a fused async generator from one task of an event loop."""

    __slots__ = (
        "__weakref__", "_context", "_delivering", "_demand", "_ending", "_introduced", "_items",
        "_lease", "_lock", "_over", "_pending", "_running", "_source", "_stop", "_subscriber",
        "_switch", "_task", "_waiter", "bad", "failure", "run",
    )  # fmt: skip

    def __init__(
        self,
        subscriber: Any,
        source: Any,
        scope: Scope,
        switch: Switch | None = None,
        *,
        away: bool = False,
        movable: bool = False,
    ) -> None:
        self._subscriber: Any = subscriber
        # What never began to be pulled is closed here: somebody else may have begun it.
        self._source: Any = source
        self._items: Any = None
        self._ending: Callable[[], bool] = bool
        self._lock = threading.Lock()
        self._demand = 0
        self._running = False
        self._over = False
        self._stop = False  # read once an item: set by cancel and by a bad request
        self.bad: Exception | None = None
        self.failure: Exception | None = None
        self.run: TaskRun = TaskRun()
        self._context = copy_context()
        self._lease = LoopLease(away=away, movable=movable)
        self._pending = scope.pending
        self._introduced = False
        self._task: Any = None
        self._delivering = False
        self._waiter: Any = None
        self._switch = switch

    def fail(self, error: Exception) -> None:
        """Take note of the error that the items are about to raise."""
        self.failure = error

    def request(self, n: int) -> None:
        n = plain(n)
        bad = demand_error(n)
        if bad is not None:
            self.end(bad)
            return
        with self._lock:
            if self._over:
                return
            self._demand = min(self._demand + n, UNBOUNDED)
            running, self._running = self._running, True
        if not running:
            self._wake()

    def end(self, error: Exception | None) -> None:
        """Complete, or fail, before the next item: it is drained, or asked for what cannot be."""
        with self._lock:
            if self._over:
                return
            self.bad = self.bad or error
            self._stop = True
            running, self._running = self._running, True
        if running:
            self._hurry()
        else:
            self._wake()

    def _advance(self, delivered: int) -> int:
        """Take a batch off the demand and return the next; at 0 the loop is no longer running.

        A negative number is returned where the loop has to stop.
        """
        with self._lock:
            if self._stop:
                return -1
            if self._demand != UNBOUNDED:
                self._demand -= delivered
            if self._demand == 0:
                self._running = False
            return self._demand

    def _conclude(self) -> Any:
        """Be over; return the Subscriber, of which no reference is kept (§3.13)."""
        with self._lock:
            cancelled, self._over = self._over, True
            self._running = True
        subscriber, self._subscriber = self._subscriber, None
        self._ending = bool
        if self._switch is not None:
            self._switch.leave(self)
        return None if cancelled else subscriber

    def start(self, items: AsyncGenerator[Any, None], ending: Callable[[], bool]) -> None:
        """Hand the Subscription over; the task starts with the first request."""
        self._items = items
        self._ending = ending
        self._running = True
        try:
            # From here on it is waited for; whatever comes, a Ctrl-C too, it ends by its task.
            self._lease.count_in(self._pending)
            self._introduce()
        except BaseException:
            self._over = self._stop = self._introduced = True
            self._wake()
            raise

    def _introduce(self) -> None:
        try:
            self._subscriber.on_subscribe(self)
        except Exception as error:
            self._over = self._stop = True
            subscriber_raised(error, f"on_subscribe of {brief(self._subscriber)}")
        self._introduced = True
        if self._switch is not None:
            self._switch.enter(self)
        if self._ending() or self._advance(0):
            self._wake()

    def _wake(self) -> None:
        self._lease.call(self._continue)

    def _hurry(self) -> None:
        # What stops it inside on_subscribe is looked at when that has returned (§1.3).
        if self._introduced:
            self._lease.call(self._interrupt)

    def _continue(self) -> None:
        if self._task is None:
            try:
                self._task = self._lease.spawn(self._pump(), self._context)
            except Exception as error:  # of a task factory, say, or of a run of trio that ends
                self._refused(error)
        elif self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _refused(self, error: Exception) -> None:
        subscriber = self._conclude()
        self._items = self._source = None
        try:
            if subscriber is not None:
                tell_end(subscriber, error)
        finally:
            self._lease.release()

    def cancel(self) -> None:
        with self._lock:
            if self._over:
                return
            self._over = self._stop = True
        self._hurry()

    def _interrupt(self) -> None:
        if self._task is None:
            self._continue()
        else:
            interrupt(self._task, self._break_off)

    def _break_off(self) -> None:
        task = self._task
        if self._delivering and task is not current_task(self._lease.loop):
            # It may be waiting for its source, or for demand. Before that and after, it is on its
            # way to the end; a task that is cancelled before it begins would never get there.
            task.cancel()

    async def _pump(self) -> None:
        try:
            await BEGUN
            self._delivering = True
            await self._deliver()
        except cancellations():
            if not (self._over or self._stop):
                self.failure = RuntimeError(
                    "the event loop cancelled the task that runs this source"
                )
        except Exception as error:
            if error is not self.failure:
                self._over = True
                subscriber_raised(error, f"on_next of {brief(self._subscriber)}")
        except BaseException as raised:
            if not (is_cancellation(raised) and (self._over or self._stop)):
                self.failure = ended_by(raised)
            raise
        finally:
            self._delivering = False
            let_clean_up()
            await self._finish()

    async def _deliver(self) -> None:
        items = self._items
        wanted = -1 if self._ending() else self._advance(0)
        while wanted >= 0:
            if wanted == 0:
                await self._requested()
                wanted = self._advance(0)
                continue
            delivered = 0
            on_next = self._subscriber.on_next
            async for item in items:
                on_next(item)
                delivered += 1
                if self._stop or delivered == wanted:
                    break
            if self._ending():
                return
            wanted = self._advance(delivered)

    async def _requested(self) -> None:
        self._waiter = waiter = self._lease.loop.create_future()
        with self._lock:
            if self._running or self._stop:
                return  # asked for between going idle and beginning to wait
        await waiter

    async def _finish(self) -> None:
        subscriber = self._conclude()
        items, self._items = self._items, None
        source, self._source = self._source, None
        try:
            await alet_go(items)
            await alet_go(source)
        finally:
            if subscriber is not None:
                tell_end(subscriber, self.bad or self.failure)
            self._lease.release()
