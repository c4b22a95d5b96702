"""Drives: the loops that push the items of an iterator, plain or async, as far as demand goes."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable
from contextvars import copy_context
from itertools import islice
from typing import Any

from operators._kernel.bells import TaskRun
from operators._kernel.demand import demand_error, plain
from operators._kernel.failure import brief, ended_by, subscriber_raised, user_frames
from operators._kernel.feed import PAUSE, Feed, Run
from operators._kernel.fusion import alet_go
from operators._kernel.loops import LoopLease, running_loop
from operators._kernel.scope import Scope
from reactive_streams import UNBOUNDED


class _Drive:
    """The Subscription over a fused source: demand, who runs the loop, and how it ended."""

    __slots__ = (
        "__weakref__", "_demand", "_ending", "_items", "_lock", "_over", "_running", "_source",
        "_stop", "_subscriber", "bad", "failure",
    )  # fmt: skip

    def __init__(self, subscriber: Any, source: Any) -> None:
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

    def fail(self, error: Exception) -> None:
        """Take note of the error that the items are about to raise."""
        self.failure = error

    def request(self, n: int) -> None:
        n = plain(n)
        bad = demand_error(n)
        with self._lock:
            if self._over:
                return
            if bad is None:
                self._demand = min(self._demand + n, UNBOUNDED)
            else:
                self.bad = self.bad or bad
                self._stop = True
            running, self._running = self._running, True
        if not running:
            self._wake()
        elif bad is not None:
            self._hurry()

    def _wake(self) -> None:
        raise NotImplementedError

    def _hurry(self) -> None:
        """Have the loop look at `_stop`, where it may be waiting for its source."""

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
        return None if cancelled else subscriber

    def _signal_end(self, subscriber: Any, error: Exception | None) -> None:
        if subscriber is None:
            return
        try:
            if error is None:
                subscriber.on_complete()
            else:
                subscriber.on_error(error.with_traceback(user_frames(error.__traceback__)))
        except Exception as raised:
            method = "on_complete" if error is None else "on_error"
            subscriber_raised(raised, f"{method} of {brief(subscriber)}")


_NOTHING = Feed(iter(()), bool, bool, pauses=False)


class IteratorDrive(_Drive):
    """Pushes the items of a feed; whoever requests runs the loop, or whoever rings when it has waited.

    On an event loop it runs in slices of time, and goes on in a later turn.
    """

    __slots__ = ("_beats", "_feed", "_loop", "_rung", "_runner", "run")

    def __init__(self, subscriber: Any, source: Feed) -> None:
        super().__init__(subscriber, source.items)
        self.run: Run = Run(self._itself)
        self._feed: Feed = source
        self._loop: asyncio.AbstractEventLoop | None = None
        self._beats = 1
        self._runner: int | None = None
        self._rung = False

    def start(self, feed: Feed) -> None:
        """Hand the Subscription over, and complete where it is known that nothing can come."""
        self._feed = feed
        self._items = feed.items
        self._ending = feed.ending
        self._running = True  # what is requested inside on_subscribe waits for it to return
        subscriber = self._subscriber
        try:
            subscriber.on_subscribe(self)
        except Exception as error:
            self._over = self._stop = True
            self._finish()
            subscriber_raised(error, f"on_subscribe of {brief(subscriber)}")
            return
        except BaseException:
            self._over = self._stop = True
            self._finish()
            raise
        if self._stop or not self._ending():
            self._wake()
            return
        try:
            self._exhaust()
        except Exception as error:
            if error is not self.failure:
                raise
        self._finish()

    def ring(self) -> None:
        """Have the loop look again: something has come for a feed that had nothing."""
        with self._lock:
            self._rung = True
            if self._over or self._running:
                return
            if not self._demand and not self._ending():
                return
            self._running = True
        self._wake()

    def _itself(self) -> IteratorDrive:
        return self

    def wait(self) -> None:
        """Refuse: a drive goes on when it is rung for."""
        raise RuntimeError("a loop that pushes does not wait")

    def _wake(self) -> None:
        self._loop = running_loop()
        if self._loop is not None:
            self.run.begin_slice()
        else:
            self.run.end_slices()
        self._run()

    def _hurry(self) -> None:
        self.run.halted = True

    def _run(self) -> None:
        self._runner = threading.get_ident()
        wanted = -1
        try:
            wanted = self._advance(0)
            if not wanted and self._ending():
                with self._lock:
                    if self._running or self._over:
                        return
                    self._running = True
                wanted = -1
                self._exhaust()
            while wanted > 0:
                delivered = self._deliver(wanted)
                if delivered < 0:
                    return
                if self._ending():
                    self._exhaust()
                    break
                wanted = self._advance(delivered)
        except Exception as error:
            if error is not self.failure:
                self._over = True
                subscriber = self._subscriber
                self._finish()
                subscriber_raised(error, f"on_next of {brief(subscriber)}")
                return
            wanted = -1
        except BaseException as raised:
            if self._loop is None:
                self._over = True
            else:  # whoever waits is not the one that it is raised at
                self.failure = ended_by(raised)
            self._finish()
            raise
        if wanted:
            self._finish()

    def _deliver(self, wanted: int) -> int:
        """Deliver up to `wanted` items and return how many it were; negative: it goes on later."""
        items = self._items
        on_next = self._subscriber.on_next
        # On a thread nothing pauses: what is opened in a feed that is driven is known to be pulled itself,
        # and nobody is waiting for a turn.
        if self._loop is None:
            for item in items if wanted == UNBOUNDED else islice(items, wanted):
                on_next(item)
                if self._stop:
                    break
            return wanted
        return self._deliver_in_slices(wanted)

    def _deliver_in_slices(self, wanted: int) -> int:
        on_next = self._subscriber.on_next
        delivered = 0
        for item in self._items:
            if item is PAUSE:
                self._beats = 0
            else:
                on_next(item)
                delivered += 1
                self._beats -= 1
            if self._beats <= 0:
                # Also for one who asks for a single item each time, and so has many short deliveries.
                self._beats = 0 if item is PAUSE else self.run.pace()
                if not self._beats:
                    if self._rest(delivered):
                        return -1
                    wanted, delivered = _less(wanted, delivered), 0
            if self._stop or delivered == wanted:
                break
        return delivered

    def _rest(self, delivered: int) -> bool:
        """Take note that there is nothing now, or that the time is up; return whether to stop running."""
        loop = self._loop
        with self._lock:
            if self._demand != UNBOUNDED:
                self._demand -= delivered
            if self._stop:
                return False
            if self._rung and loop is None:
                self._rung = False
                return False
            if not self._rung:
                self._running = False  # whoever rings, or asks for more, goes on
                return True
            self._rung = False
        assert loop is not None
        loop.call_soon(self._wake)
        return True

    def _exhaust(self) -> None:
        """Have a feed that is known to be at its end come there, and so tell how it ends."""
        for _ in self._items:
            break

    def cancel(self) -> None:
        with self._lock:
            if self._over:
                return
            self._over = self._stop = True
            if self._running and not self._interruptible():
                self.run.halted = True
                return  # the loop sees it before the next item
            self._running = True
        self._finish()

    def _interruptible(self) -> bool:
        # A cancel that comes out of on_next finds the items at rest. They are closed before it
        # returns, and so before the signal of a stage below that has ended the stream.
        return self._runner == threading.get_ident() and not self._items.gi_running

    def _finish(self) -> None:
        subscriber = self._conclude()
        feed, self._feed = self._feed, _NOTHING
        self._items = self._source = None
        feed.let_go()
        self._signal_end(subscriber, self.bad or self.failure)
        feed.told()


def _less(wanted: int, delivered: int) -> int:
    return wanted if wanted == UNBOUNDED else wanted - delivered


class AsyncDrive(_Drive):
    """Pushes the items of a fused async generator from one task of an event loop."""

    __slots__ = ("_context", "_delivering", "_introduced", "_lease", "_pending", "_task",
                 "_waiter", "run")  # fmt: skip

    def __init__(self, subscriber: Any, source: Any, scope: Scope) -> None:
        super().__init__(subscriber, source)
        self.run: TaskRun = TaskRun()
        self._context = copy_context()
        self._lease = LoopLease()
        self._pending = scope.pending
        self._introduced = False
        self._task: asyncio.Task[Any] | None = None
        self._delivering = False
        self._waiter: asyncio.Future[None] | None = None

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
            self._task = self._lease.spawn(self._pump(), self._context)
        elif self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def cancel(self) -> None:
        with self._lock:
            if self._over:
                return
            self._over = self._stop = True
        self._hurry()

    def _interrupt(self) -> None:
        task = self._task
        if task is None:
            self._continue()
        elif self._delivering and task is not asyncio.current_task(self._lease.loop):
            # It may be waiting for its source, or for demand. Before that and after, it is on its
            # way to the end; a task that is cancelled before it begins would never get there.
            task.cancel()

    async def _pump(self) -> None:
        self._delivering = True
        try:
            await self._deliver()
        except asyncio.CancelledError:
            if not self._over:
                self.failure = RuntimeError(
                    "the event loop cancelled the task that runs this source"
                )
        except Exception as error:
            if error is not self.failure:
                self._over = True
                subscriber_raised(error, f"on_next of {brief(self._subscriber)}")
        except BaseException as raised:
            self.failure = ended_by(raised)
            raise
        finally:
            self._delivering = False
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
            self._signal_end(subscriber, self.bad or self.failure)
            self._lease.release()
