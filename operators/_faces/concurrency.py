"""Other threads, tasks and processes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Iterable
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any, Literal, overload

from typing_extensions import TypeVar

from operators._faces.face import Face, T_co, then
from operators.concurrency._batches import Bounds
from operators.concurrency.adaptive import Adaptive
from operators.concurrency.cancel_on import CancelOn
from operators.concurrency.map_async import MapAsync
from operators.concurrency.map_batches import MapBatches
from operators.concurrency.publish_on import PublishOn
from operators.concurrency.subscribe_on import SubscribeOn
from operators.schedulers import Scheduler

if TYPE_CHECKING:
    from operators.flow import Flow

R = TypeVar("R")


class Concurrency(Face[T_co]):
    """map_async, map_batches, publish_on, subscribe_on, cancel_on."""

    __slots__ = ()

    @overload
    def map_async(
        self,
        fn: Callable[[T_co], Awaitable[R]],
        *,
        concurrency: int | Adaptive = 16,
        ordered: bool = True,
        executor: None = None,
        key: Callable[[T_co], Hashable] | None = None,
    ) -> Flow[R]: ...
    @overload
    def map_async(
        self,
        fn: Callable[[T_co], R],
        *,
        concurrency: int | Adaptive = 16,
        ordered: bool = True,
        executor: Executor | Callable[[], Executor] | None = None,
        key: Callable[[T_co], Hashable] | None = None,
        chunk: int | Literal["auto"] | None = None,
        on_lost: Literal["error", "retry"] = "error",
        tries: int = 3,
    ) -> Flow[R]: ...
    def map_async(
        self,
        fn: Callable[[T_co], Any],
        *,
        concurrency: int | Adaptive = 16,
        ordered: bool = True,
        executor: Executor | Callable[[], Executor] | None = None,
        key: Callable[[T_co], Hashable] | None = None,
        chunk: int | Literal["auto"] | None = None,
        on_lost: Literal["error", "retry"] = "error",
        tries: int = 3,
    ) -> Flow[Any]:
        """Return a flow of fn(item) with up to `concurrency` calls in flight.

        Results come in the order of the items, or as they are ready with ordered=False. Calls in flight
        and results that wait are never more than `concurrency`: a place is free again when its result
        has been taken. Raises ValueError where that is under 1. With `concurrency=adaptive(min, max,
        target_latency=seconds)` it is as many as do not slow each other down, by how long calls take.

        With `key`, a call begins when the one before it for which `key(item)` is the same is over; those of
        different keys run side by side. An item that waits for that has a place too.

        A coroutine function, and whatever else gives an awaitable, runs in tasks of the running event
        loop, or of the library's own where none runs: a call that waits has one for itself, and those that
        wait for nothing share one. A plain function runs on `executor` (threads or processes), or on
        threads that end with the flow. Which of them an undeclared callable is, a lambda
        say, is seen at its first calls: they are made on threads, and once one has given an awaitable, or
        has failed because no event loop ran there, the calls are made on the loop. Every call has a
        context of its own, with the context variables of the subscriber (but in a process).

        On an executor `chunk` items are sent by one call, for functions that take less time than to send
        one; "auto" sends as many as make 20 ms of work, up to 256. There are `concurrency` chunks in
        flight then, and upstream runs ahead by one more; results come one by one, and an error is that of
        its item. Where a worker dies, the flow ends with an error that names the items in flight. With
        `on_lost="retry"` these are made again, one at a time, so that the one that a worker dies of is
        found out; it ends the flow when that has been so more than `tries` times. A ProcessPoolExecutor
        is broken by then: give as `executor` a function that makes one, which is called for each new pool.

        A call that raises ends the flow with that error and a note that names the item; what other calls
        in flight raise then is summed up in one more note. Raises TypeError for a coroutine function with
        `executor`.

        >>> list(Flow.of("a", "b").map_async(str.upper, concurrency=2))
        ['A', 'B']
        >>> log = []
        >>> def work(order):
        ...     log.append(order)
        ...     return order
        >>> orders = Flow.of(("ann", 1), ("bob", 1), ("ann", 2))
        >>> _ = orders.map_async(work, ordered=False, key=lambda order: order[0]).run()
        >>> [n for name, n in log if name == "ann"]
        [1, 2]
        """
        return then(self, MapAsync(fn, concurrency, ordered, executor, key, chunk, on_lost, tries))

    @overload
    def map_batches(
        self,
        fn: Callable[[list[T_co]], Awaitable[Iterable[R | Exception]]],
        *,
        max_size: int = 32,
        max_weight: float | None = None,
        weight: Callable[[T_co], float] | None = None,
        max_wait: float = 0.0,
        concurrency: int | Adaptive = 1,
        ordered: bool = True,
        bisect: bool = False,
        executor: None = None,
        scheduler: Scheduler | None = None,
    ) -> Flow[R]: ...
    @overload
    def map_batches(
        self,
        fn: Callable[[list[T_co]], Iterable[R | Exception]],
        *,
        max_size: int = 32,
        max_weight: float | None = None,
        weight: Callable[[T_co], float] | None = None,
        max_wait: float = 0.0,
        concurrency: int | Adaptive = 1,
        ordered: bool = True,
        bisect: bool = False,
        executor: Executor | Callable[[], Executor] | None = None,
        scheduler: Scheduler | None = None,
        on_lost: Literal["error", "retry"] = "error",
        tries: int = 3,
    ) -> Flow[R]: ...
    def map_batches(
        self,
        fn: Callable[[list[T_co]], Any],
        *,
        max_size: int = 32,
        max_weight: float | None = None,
        weight: Callable[[T_co], float] | None = None,
        max_wait: float = 0.0,
        concurrency: int | Adaptive = 1,
        ordered: bool = True,
        bisect: bool = False,
        executor: Executor | Callable[[], Executor] | None = None,
        scheduler: Scheduler | None = None,
        on_lost: Literal["error", "retry"] = "error",
        tries: int = 3,
    ) -> Flow[Any]:
        """Return a flow of what fn(items) gives, one result for each item, for lists of those that wait.

        `fn` is a model, say, or a bulk request: it takes a list of items and gives as many results, in
        their order. Up to `concurrency` calls are in flight, a number or what `adaptive` gives. When one
        may begin it gets what is there, up to `max_size` items: under load batches are full, and without
        any nobody waits. With `max_wait` a batch that is not full begins so many seconds after its first
        item came. With `max_weight` it is full as well when the next item would be too much, by
        weight(item), its tokens say; one that is heavier by itself goes alone. Upstream runs ahead by
        (concurrency + 1) * max_size items at most.

        Where calls are made is as with `map_async`: a coroutine function on the event loop, a plain one
        on `executor` (with `on_lost` and `tries` as there) or on threads that end with the flow.

        An Exception among the results is the error of that item: those before it are delivered, then the
        flow ends with it, and a note names the item. What fn raises is the error of the whole batch; with
        `bisect` the batch is called again in halves, down to the items that fail by themselves. Behind it
        `skip_errors` leaves out just these items. Raises ValueError for a max_size or concurrency under 1,
        TypeError for max_weight without weight, or a coroutine function with `executor`; a fn that gives
        not one result for each item is an error of the flow.

        >>> list(Flow.range(5).map_batches(lambda batch: [n * n for n in batch], max_size=2))
        [0, 1, 4, 9, 16]
        >>> sizes = []
        >>> def embed(texts):
        ...     sizes.append(sum(map(len, texts)))
        ...     return [text.upper() for text in texts]
        >>> texts = Flow.of("to", "be", "or", "not", "to")
        >>> list(texts.map_batches(embed, max_weight=6, weight=len))
        ['TO', 'BE', 'OR', 'NOT', 'TO']
        >>> max(sizes)
        6
        """
        bounds = Bounds(max_size, max_weight, weight, max_wait, scheduler)
        made = MapBatches(fn, bounds, concurrency, ordered, executor, bisect, on_lost, tries)
        return then(self, made)

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

    def cancel_on(self, scheduler: Scheduler) -> Flow[T_co]:
        """Return the same flow, whose upstream is cancelled by a worker of `scheduler`.

        It is for a source whose cancel takes its time, or belongs to a thread. Items, demand and the end
        pass as they come. Who cancels goes on at once; leaving a loop waits for it, as for all cleanup
        upstream. Where the worker takes nothing, the cancel goes up at once, on the thread that cancels.

        >>> from operators.schedulers import thread
        >>> list(Flow.range(9).cancel_on(thread()).take(2))
        [0, 1]
        """
        return then(self, CancelOn(scheduler))
