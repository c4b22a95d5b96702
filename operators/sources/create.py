"""create: a flow that is pushed by a function of the user's, through an emitter."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextvars import Context, copy_context
from time import monotonic
from typing import Any, Generic

from typing_extensions import TypeVar

from operators._kernel.failures.checks import (
    is_coroutine_function,
    need_callable,
    need_choice,
    need_count,
    need_exception,
)
from operators._kernel.failures.failure import annotate
from operators._kernel.hosts.loops import LoopLease
from operators._kernel.hosts.waiting import kept_by
from operators._kernel.kinds import Source, refuse
from operators._kernel.links.emitter import OVERFLOWS, Outlet
from operators._kernel.links.producing import PlainCall, TaskCall
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators._kernel.subscription.scope import Scope
from operators.schedulers import ImmediateScheduler, Scheduler, thread

T_contra = TypeVar("T_contra", contravariant=True)


class _Emitting(Generic[T_contra]):
    """What both kinds of emitter can do; all of it is thread-safe."""

    __slots__ = ("_functions", "_outlet")

    def __init__(
        self, outlet: Outlet, functions: deque[Callable[[], object]] | None = None
    ) -> None:
        self._outlet = outlet
        self._functions = functions

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
        self._outlet.on_cancel(fn, self._functions)


def _none_error() -> TypeError:
    return TypeError("emit: None is not an element (§2.13)")


class Emitter(_Emitting[T_contra]):
    """Pushes items from plain code; it may be handed to any thread, and kept for callbacks.

    The stream stays open while somebody has it. When the producer has returned, and nobody has it
    any more, the stream completes by itself.
    """

    __slots__ = ("_call",)

    def __init__(self, call: PlainCall, outlet: Outlet) -> None:
        super().__init__(outlet, call.functions)
        self._call = call

    def emit(self, item: T_contra) -> bool:
        """Return True when the item was taken in, False when the stream is over.

        With overflow="block" it blocks the calling thread while `capacity` items wait for demand. It
        raises RuntimeError, and takes nothing in, where that thread would wait for itself: where it is
        delivering an item of this stream, or runs an event loop. Raises TypeError for None (§2.13).
        """
        if item is None:
            raise _none_error()
        taken = self._outlet.offer(item)
        return self._outlet.push(item) if taken is None else taken

    def __del__(self) -> None:
        if self._functions is not None:
            self._call.forgotten(self._functions)


class AsyncEmitter(_Emitting[T_contra]):
    """Pushes items from a coroutine; the stream is over when the producer returns."""

    __slots__ = ("_call",)

    def __init__(self, call: TaskCall, outlet: Outlet) -> None:
        super().__init__(outlet)
        self._call = call

    async def emit(self, item: T_contra) -> bool:
        """Return True when the item was taken in, False when the stream is over.

        With overflow="block" it waits while `capacity` items wait for demand; the event loop goes on.
        Where there is room it does not wait, but for giving the event loop its turn now and then. A
        producer that goes on emitting when it has been told False is cancelled here. Raises TypeError
        for None (§2.13).
        """
        if item is None:
            raise _none_error()
        call = self._call
        if monotonic() >= call.due and not self._outlet.over:
            await call.pause()
        taken = self._outlet.offer(item)
        if taken is None:
            taken = await self._outlet.apush(item)
        if not taken:
            await call.told()
        return taken

    def complete(self) -> None:
        """End the stream, after what is buffered (§1.5); a second end has no effect."""
        self._call.knows()
        super().complete()

    def error(self, error: Exception) -> None:
        """End the stream with an error, after what is buffered (§1.4)."""
        need_exception("error", error)
        self._call.knows()
        super().error(error)


class Create(Source):
    """Items pushed by a producer through an emitter with a bounded buffer.

    emits        what the producer emits, when there is demand
    backpressures  up to `capacity` items wait; then the overflow policy decides
    completes    when the producer calls emitter.complete(), after what is buffered
    fails        when the producer raises or calls emitter.error(e), after what is buffered; with
                 overflow="error" when it overflows, at once
    """

    __slots__ = ("_capacity", "_overflow", "_producer", "_scheduler")
    name = "create"
    never_none = True
    contract = Contract.EMITTER
    asynchronous = True
    polled = True

    def __init__(
        self,
        producer: Callable[[Any], Any],
        overflow: str,
        capacity: int,
        scheduler: Scheduler | None,
    ) -> None:
        need_callable("create", "producer", producer, coroutine=True)
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
        context = copy_context()
        outlet = Outlet(downstream, node, scope, self._capacity, self._overflow, context=context)
        if is_coroutine_function(self._producer):
            self._open_task(outlet, context.copy())
            return
        outlet.open()
        if not outlet.over:
            self._open_worker(outlet)

    def _open_task(self, outlet: Outlet, context: Context) -> None:
        try:
            lease = LoopLease()
        except Exception as error:  # no thread could be had for the library's own loop, say
            refuse(outlet.downstream, annotate(error, outlet.node))
            return
        try:
            lease.count_in(outlet.scope.pending)
            outlet.open()
            call = TaskCall(
                self._producer, outlet, lambda call: AsyncEmitter[Any](call, outlet), lease
            )
            call.begin(context)
        except BaseException:  # a Ctrl-C too: nobody else may have it yet
            lease.release()
            raise

    def _open_worker(self, outlet: Outlet) -> None:
        call = PlainCall(self._producer, outlet, lambda call: Emitter[Any](call, outlet))
        try:
            worker = self._scheduler_for(outlet).worker()
        except Exception as error:
            outlet.complete(outlet.blame(error))
        else:
            call.begin(worker)

    def _scheduler_for(self, outlet: Outlet) -> Scheduler:
        scheduler = self._scheduler
        if scheduler is None:
            return thread("operators-create")
        if (
            self._overflow == "block"
            and isinstance(scheduler, ImmediateScheduler)
            and kept_by(outlet)
        ):
            return thread("operators-create")
        return scheduler
