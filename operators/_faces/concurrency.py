"""Other threads, tasks and processes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any, overload

from typing_extensions import TypeVar

from operators._faces.face import Face, T_co, then
from operators.concurrency.map_async import MapAsync
from operators.concurrency.publish_on import PublishOn
from operators.concurrency.subscribe_on import SubscribeOn
from operators.schedulers import Scheduler

if TYPE_CHECKING:
    from operators.flow import Flow

R = TypeVar("R")


class Concurrency(Face[T_co]):
    """map_async, publish_on, subscribe_on."""

    __slots__ = ()

    @overload
    def map_async(
        self,
        fn: Callable[[T_co], Awaitable[R]],
        *,
        concurrency: int = 16,
        ordered: bool = True,
        executor: None = None,
    ) -> Flow[R]: ...
    @overload
    def map_async(
        self,
        fn: Callable[[T_co], R],
        *,
        concurrency: int = 16,
        ordered: bool = True,
        executor: Executor | None = None,
    ) -> Flow[R]: ...
    def map_async(
        self,
        fn: Callable[[T_co], Any],
        *,
        concurrency: int = 16,
        ordered: bool = True,
        executor: Executor | None = None,
    ) -> Flow[Any]:
        """Return a flow of fn(item) with up to `concurrency` calls in flight.

        Results come in the order of the items, or as they are ready with ordered=False. Calls in flight
        and results that wait are never more than `concurrency`: a place is free again when its result
        has been taken. Raises ValueError where that is under 1.

        A coroutine function, and whatever else gives an awaitable, runs as tasks of the running event
        loop, or of the library's own where none runs; a plain function runs on `executor` (threads or
        processes), or on threads that end with the flow. Which of them an undeclared callable is, a lambda
        say, is seen at its first calls: they are made on threads, and once one has given an awaitable, or
        has failed because no event loop ran there, the calls are made on the loop. Every call has a
        context of its own, with the context variables of the subscriber (but in a process).

        A call that raises ends the flow with that error and a note that names the item; what other calls
        in flight raise then is summed up in one more note. Raises TypeError for a coroutine function with
        `executor`.

        >>> list(Flow.of("a", "b").map_async(str.upper, concurrency=2))
        ['A', 'B']
        """
        return then(self, MapAsync(fn, concurrency, ordered, executor))

    def publish_on(self, scheduler: Scheduler, *, prefetch: int = 256) -> Flow[T_co]:
        """Return a flow whose items are delivered, in order, by a worker of `scheduler`.

        Upstream runs up to `prefetch` items ahead, and is asked again when three quarters are
        delivered. Raises ValueError for a prefetch under 1.

        >>> from operators.schedulers import thread
        >>> list(Flow.range(3).publish_on(thread(), prefetch=2))
        [0, 1, 2]
        """
        return then(self, PublishOn(scheduler, prefetch))

    def subscribe_on(self, scheduler: Scheduler) -> Flow[T_co]:
        """Return a flow whose source is subscribed to, and asked for items, by a worker of `scheduler`.

        >>> from operators.schedulers import thread
        >>> list(Flow.range(3).subscribe_on(thread()))
        [0, 1, 2]
        """
        return then(self, SubscribeOn(scheduler))
