"""map_async: several calls in flight, of a coroutine function or on an executor."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any

from operators._kernel.assembly import Link
from operators._kernel.checks import (
    coroutine_error,
    is_coroutine_function,
    need_callable,
    need_count,
    need_methods,
)
from operators._kernel.contract import Contract
from operators._kernel.failure import brief, drop_error
from operators._kernel.loops import LoopLease, running_loop
from operators._kernel.node import Node
from operators._kernel.scope import Scope
from operators._kernel.stage import EMPTY, QueuedStage
from operators.schedulers import event_loop, thread


class MapAsync(Link):
    """fn of each item, with up to `concurrency` calls in flight.

    emits        the results, in the order of the items, or as they come where ordered=False
    backpressures  asks upstream for `concurrency` items, and for one more with each result that is
                 delivered; calls in flight and results that wait are never more than that
    completes    when upstream has and all results are delivered
    fails        when upstream does, or a call; other calls are cancelled, and their results discarded
    """

    __slots__ = ("concurrency", "executor", "fn", "is_coroutine", "ordered")
    name = "map_async"
    contract = Contract.CONCURRENT
    asynchronous = True

    def __init__(
        self, fn: Callable[[Any], Any], concurrency: int, ordered: bool, executor: Executor | None
    ) -> None:
        need_callable("map_async", "fn", fn, coroutine=True)
        need_count("map_async", "concurrency", concurrency)
        self.is_coroutine: bool = is_coroutine_function(fn)
        if executor is not None:
            need_methods("map_async", "concurrent.futures.Executor", executor, "submit", "shutdown")
            if self.is_coroutine:
                raise TypeError(
                    "map_async: a coroutine function runs on the event loop, not on executor="
                )
        self.fn: Callable[[Any], Any] = fn
        self.concurrency: int = concurrency
        self.ordered: bool = ordered
        self.executor: Executor | None = executor

    @property
    def holds(self) -> int:
        return self.concurrency

    @property
    def details(self) -> str:
        return f"concurrency={self.concurrency}, {'ordered' if self.ordered else 'as they come'}"

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        calls = _LoopCalls(self.fn) if self.is_coroutine else _PoolCalls(self)
        return _MapAsyncStage(self, calls, downstream, node, scope)


class _Call:
    """One item on its way: the call's future, and its outcome once there is one."""

    __slots__ = ("cancelled", "done", "error", "future", "item", "result")

    def __init__(self, item: Any) -> None:
        self.item = item
        self.future: Any = None
        self.done = False
        self.cancelled = False
        self.error: Exception | None = None
        self.result: Any = None

    def fail(self, error: Exception) -> None:
        """Take note that the call could not be made."""
        self.error = error
        self.done = True

    def settle(self, future: Any) -> None:
        """Take over the outcome of a future that is done; None: it was never begun."""
        if future is None or future.cancelled():
            self.cancelled = True
            self.error = RuntimeError("map_async: the call was cancelled")
        else:
            raised = future.exception()
            if raised is None:
                self.result = future.result()
                self.error = coroutine_error("map_async", "fn", self.result)
            elif isinstance(raised, Exception):
                self.error = raised
            else:  # SystemExit and the like are nobody's signal; that the call ended so, is
                self.error = RuntimeError(f"map_async: the call was ended by {brief(raised)}")
                self.error.__cause__ = raised
        self.future = None
        self.done = True


Settled = Callable[[], None]


class _LoopCalls:
    """Calls of a coroutine function, as tasks of an event loop, where results are delivered too."""

    def __init__(self, fn: Callable[[Any], Any]) -> None:
        self._fn = fn
        self._lease = LoopLease()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closed = False

    def start(self, call: _Call, settled: Settled) -> None:
        self._lease.call(self._start, call, settled)

    def _start(self, call: _Call, settled: Settled) -> None:
        if self._closed:
            call.settle(None)
            settled()
            return
        try:
            coroutine = self._fn(call.item)
        except Exception as error:  # a coroutine function that cannot be called with one argument
            call.fail(error)
            settled()
            return
        call.future = task = self._lease.loop.create_task(coroutine)
        self._tasks.add(task)

        def done(task: asyncio.Task[Any]) -> None:
            self._tasks.discard(task)
            call.settle(task)
            settled()
            if self._closed and not self._tasks:
                self._lease.release()

        task.add_done_callback(done)

    def deliver(self, run: Callable[[], None]) -> None:
        self._lease.call(run)

    def cancel(self, call: _Call) -> None:
        """Do nothing: `close` cancels all tasks at once, on their loop."""

    def close(self) -> None:
        self._lease.call(self._close)

    def _close(self) -> None:
        self._closed = True
        for task in list(self._tasks):
            task.cancel()
        if not self._tasks:
            self._lease.release()


class _PoolCalls:
    """Calls on an executor; results are delivered on the event loop, or on a thread of our own.

    They are never delivered on the pool's threads: a slow consumer would keep the pool from working.
    """

    def __init__(self, operator: MapAsync) -> None:
        self._fn = operator.fn
        self._owned = operator.executor is None
        self._pool = operator.executor or ThreadPoolExecutor(
            operator.concurrency, thread_name_prefix="operators-map_async"
        )
        scheduler = event_loop() if running_loop() else thread("operators-map_async")
        self._worker = scheduler.worker()

    def start(self, call: _Call, settled: Settled) -> None:
        call.future = future = self._pool.submit(self._fn, call.item)

        def done(future: Any) -> None:
            call.settle(future)
            settled()

        future.add_done_callback(done)

    def deliver(self, run: Callable[[], None]) -> None:
        self._worker.schedule(run)

    def cancel(self, call: _Call) -> None:
        future = call.future
        if future is not None:
            future.cancel()

    def close(self) -> None:
        self._worker.close()
        if self._owned:
            self._pool.shutdown(wait=False, cancel_futures=True)


class _MapAsyncStage(QueuedStage):
    __slots__ = ("_calls", "_completed", "_delivered", "_operator", "_queue", "_started")
    crosses = True

    def __init__(
        self,
        operator: MapAsync,
        calls: _LoopCalls | _PoolCalls,
        downstream: Any,
        node: Node,
        scope: Scope,
    ) -> None:
        super().__init__(downstream, node, scope)
        self._operator = operator
        self._calls = calls
        self._queue: deque[_Call] = deque()
        self._started = 0  # counted by upstream
        self._delivered = 0  # counted by the drain
        self._completed = False

    @property
    def occupied(self) -> int:
        """Calls in flight, and results that wait."""
        return len(self._queue)

    @property
    def buffered(self) -> int:
        """Results that wait: for demand, or for an earlier call."""
        return sum([call.done for call in self._queue.copy()])

    def started(self) -> None:
        self.upstream.request(self._operator.concurrency)

    def dispatch(self) -> None:
        if self.done:  # nothing is delivered any more, only discarded
            self.run()
        else:
            self._calls.deliver(self.run)

    def on_next(self, item: Any) -> None:
        if self.done or self.cancelled or self.bad is not None:
            self.refuse(item)
            return
        call = _Call(item)
        self._started += 1
        self._queue.append(call)
        try:
            self._calls.start(call, self.schedule)
        except Exception as error:  # the executor takes no more work
            call.settle(None)
            self.abort(self.blame(error, item))

    def on_complete(self) -> None:
        self._completed = True
        self.schedule()

    def poll(self) -> Any:
        call = self._settled_call()
        if call is None:
            return EMPTY
        self._delivered += 1
        if call.error is not None:
            self.abort(self.blame(call.error, call.item))
            return EMPTY
        return call.result

    def _settled_call(self) -> _Call | None:
        queue = self._queue
        if self._operator.ordered:
            return queue.popleft() if queue and queue[0].done else None
        for _ in range(len(queue)):
            call = queue.popleft()
            if call.done:
                return call
            queue.append(call)
        return None

    def consumed(self, n: int) -> None:
        if not self._completed:
            self.upstream.request(n)

    def exhausted(self) -> bool:
        return self._completed and self._delivered == self._started

    def held(self) -> list[Any]:
        held: list[Any] = []
        running: list[_Call] = []
        while self._queue:
            call = self._queue.popleft()
            if not call.done:
                self._calls.cancel(call)
            if not call.done:
                running.append(call)  # looked at again when it is settled
            elif call.cancelled:
                held.append(call.item)
            elif call.error is not None:
                where = f"in {self.node.title}, which was over; {self.node.where}"
                drop_error(self.blame(call.error, call.item), where)
            else:
                held.append(call.result)
        self._queue.extend(running)
        return held

    def closed(self) -> None:
        self._calls.close()
