"""create: a flow that is pushed by a function of the user's, through an emitter."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Generic

from typing_extensions import TypeVar

from operators._kernel.assembly import Source
from operators._kernel.checks import (
    coroutine_error,
    is_coroutine_function,
    need_callable,
    need_choice,
    need_count,
    need_exception,
)
from operators._kernel.contract import Contract
from operators._kernel.emitter import OVERFLOWS, Outlet
from operators._kernel.failure import ended_by
from operators._kernel.loops import LoopLease
from operators._kernel.node import Node
from operators._kernel.scope import Scope
from operators.schedulers import Scheduler, thread

T_contra = TypeVar("T_contra", contravariant=True)


class _Emitting(Generic[T_contra]):
    """What both kinds of emitter can do; all of it is thread-safe."""

    __slots__ = ("_outlet",)

    def __init__(self, outlet: Outlet) -> None:
        self._outlet = outlet

    @property
    def demand(self) -> int:
        """The items that the Subscriber waits for, beyond those already buffered; at least 0."""
        return max(0, self._outlet.demand.value - self._outlet.buffered)

    @property
    def cancelled(self) -> bool:
        """Whether the stream is over, so that nothing more will be delivered."""
        return self._outlet.over

    @property
    def dropped(self) -> int:
        """The number of items dropped by the overflow policy so far."""
        return self._outlet.dropped

    def complete(self) -> None:
        """End the stream, after what is buffered (§1.5); a second end has no effect."""
        self._outlet.complete()

    def error(self, error: Exception) -> None:
        """End the stream with an error, after what is buffered (§1.4)."""
        need_exception("error", error)
        self._outlet.complete(error)

    def on_cancel(self, fn: Callable[[], object]) -> None:
        """Have `fn` called once when the stream is over, in whichever way; at once where it is."""
        need_callable("on_cancel", "fn", fn)
        self._outlet.on_cancel(fn)

    def _check(self, item: object) -> None:
        if item is None:
            raise TypeError("emit: None is not an element (§2.13)")


class Emitter(_Emitting[T_contra]):
    """Pushes items from plain code; it may be handed to any thread."""

    __slots__ = ()

    def emit(self, item: T_contra) -> bool:
        """Return True when the item was taken in, False when the stream is over.

        With overflow="block" it blocks the calling thread while `capacity` items wait for demand.
        Raises TypeError for None (§2.13).
        """
        self._check(item)
        return self._outlet.push(item)


class AsyncEmitter(_Emitting[T_contra]):
    """Pushes items from a coroutine."""

    __slots__ = ()

    async def emit(self, item: T_contra) -> bool:
        """Return True when the item was taken in, False when the stream is over.

        With overflow="block" it waits while `capacity` items wait for demand; the event loop goes on.
        Raises TypeError for None (§2.13).
        """
        self._check(item)
        return await self._outlet.apush(item)


class Create(Source):
    """Items pushed by a producer through an emitter with a bounded buffer.

    emits        what the producer emits, when there is demand
    backpressures  up to `capacity` items wait; then the overflow policy decides
    completes    when the producer calls emitter.complete(), after what is buffered
    fails        when the producer raises or calls emitter.error(e), after what is buffered
    """

    __slots__ = ("_capacity", "_overflow", "_producer", "_scheduler")
    name = "create"
    contract = Contract.EMITTER
    asynchronous = True

    def __init__(
        self,
        producer: Callable[[Any], Any],
        overflow: str,
        capacity: int,
        scheduler: Scheduler | None,
    ) -> None:
        need_callable("create", "producer", producer)
        need_choice("create", "overflow", overflow, OVERFLOWS)
        need_count("create", "capacity", capacity)
        self._producer = producer
        self._overflow = overflow
        self._capacity = 1 if overflow == "latest" else capacity
        self._scheduler = scheduler

    @property
    def holds(self) -> int:
        return self._capacity

    @property
    def details(self) -> str:
        return f"overflow={self._overflow}, capacity={self._capacity}"

    def open(self, downstream: Any, node: Node, scope: Scope) -> None:
        outlet = Outlet(downstream, node, scope, self._capacity, self._overflow)
        is_async = is_coroutine_function(self._producer)
        lease = LoopLease() if is_async else None
        if scope.watcher is not None:
            scope.watcher.stage(node, outlet)
        outlet.open()
        if lease is not None:
            _Task(self._producer, outlet, lease).begin()
            return
        worker = (self._scheduler or thread("operators-create")).worker()
        outlet.on_cancel(worker.close)
        try:
            worker.schedule(lambda: self._produce(outlet))
        except RuntimeError as error:  # an executor that was shut down takes no more work
            outlet.complete(outlet.blame(error))

    def _produce(self, outlet: Outlet) -> None:
        emitter: Emitter[Any] = Emitter(outlet)
        try:
            wrong = coroutine_error("create", "producer", self._producer(emitter))
            if wrong is not None:
                outlet.complete(outlet.blame(wrong))
        except Exception as error:
            outlet.complete(outlet.blame(error))
        except BaseException as raised:
            if not outlet.over:
                outlet.complete(outlet.blame(ended_by(raised)))
            raise


class _Task:
    """Runs a coroutine producer as a task, which is cancelled when the stream is over."""

    def __init__(self, producer: Callable[[Any], Any], outlet: Outlet, lease: LoopLease) -> None:
        self._producer = producer
        self._outlet = outlet
        self._lease = lease
        self._task: asyncio.Task[None] | None = None
        self._producing = False

    def begin(self) -> None:
        self._lease.call(self._start)

    def _start(self) -> None:
        self._task = self._lease.loop.create_task(self._run())
        self._outlet.on_cancel(lambda: self._lease.call(self._stop))

    def _stop(self) -> None:
        # A task that is cancelled before it begins would never give the loop back.
        task = self._task
        if (
            task is not None
            and self._producing
            and task is not asyncio.current_task(self._lease.loop)
        ):
            task.cancel()

    async def _run(self) -> None:
        emitter: AsyncEmitter[Any] = AsyncEmitter(self._outlet)
        self._producing = True
        try:
            if not self._outlet.over:
                await self._producer(emitter)
        except asyncio.CancelledError:
            if not self._outlet.over:
                self._outlet.complete(RuntimeError("the event loop cancelled create's producer"))
        except Exception as error:
            self._outlet.complete(self._outlet.blame(error))
        except BaseException as raised:
            if not self._outlet.over:
                self._outlet.complete(self._outlet.blame(ended_by(raised)))
            raise
        finally:
            self._producing = False
            self._lease.release()
