"""A sink: items go to somewhere else, in batches, and are passed on when they are there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager, aclosing
from typing import TYPE_CHECKING, Any, Generic

from typing_extensions import TypeVar

from operators._kernel.hosts.loops import running_loop
from operators._kernel.kinds import AsyncIterableSource
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators._kernel.running.pulling import apull
from operators._kernel.subscription.scope import Scope
from operators.backpressure.batch_while_waiting import BatchWhileWaiting
from operators.concurrency.subscribe_on import SubscribeOn
from operators.custom.async_source import of_asyncio, the_same
from operators.custom.kinds import Custom
from operators.schedulers import thread
from operators.schedulers.loop import LoopScheduler
from operators.transform.flat_map_iterable import FlatMapIterable

if TYPE_CHECKING:
    from operators._kernel.running.handle import Handle
    from reactive_streams import Subscription


T = TypeVar("T", default=Any)


class Sink(Custom[T, T], Generic[T]):
    """A place to write to: `flow.apply(sink)` gives the same items, each when it has been written.

    `open` gives an async context manager, entered for each run before anything is asked for; what it gives on
    entering is called with each batch of items, and is awaited. A batch is what has come while the one before
    was written: one item at least, `batch` of them at most. The manager is left before the end is told: as
    after a `with` block that went through when all is written, with the error where one came, with a
    GeneratorExit or a CancelledError at a cancel; so it can commit or roll back. What it raises fails the
    flow. At a cancel the items that wait go to `on_discard`, and those of the batch that is being written,
    some of which may have been.

    Where no event loop runs, upstream is run by a thread of its own, so that it may block.

    >>> from contextlib import asynccontextmanager
    >>> from operators import Flow
    >>> from operators.custom import Sink
    >>> class Printer(Sink[int]):
    ...     @asynccontextmanager
    ...     async def open(self):
    ...         async def write(items):
    ...             print(*items)
    ...
    ...         yield write
    ...         print("all is written")
    >>> Flow.of(7).apply(Printer()).run()
    7
    all is written
    7
    """

    name: str = ""
    """What it is called in errors and in explain(); by default after the class."""
    details: str = ""
    """Its settings, for explain()."""
    batch: int = 64
    """The largest number of items that wait for it; as many may be in its hands."""
    asyncio_only: bool | None = None
    """Whether on trio it is to run on the library's own loop, as for an AsyncSource."""

    def open(self) -> AbstractAsyncContextManager[Callable[[list[T]], Awaitable[object]]]:
        """Return the context manager of one run, which gives the function that writes a batch."""
        raise NotImplementedError(f"{type(self).__name__} has no open")

    def place(self, upstream: Node) -> Node:
        """Return the node that ends with it."""
        gathered = Node(_Gather(self.batch), upstream)
        return Node(FlatMapIterable(the_same, _items_of), Node(_Operator(self, gathered)))

    def subscriber(self) -> SinkSubscriber[T]:
        """Return a Subscriber that writes here what a Publisher sends, for any Publisher's `subscribe`.

        It takes one Publisher, a second one is cancelled (§2.5), and has at most `batch` items more in
        hand. Its
        `handle` can be awaited, asked for its result, which raises what went wrong, or cancelled.
        """
        return SinkSubscriber(self)


class SinkSubscriber(Generic[T]):
    """The Subscriber of a sink; `handle` is its run."""

    __slots__ = ("_processor", "handle")

    def __init__(self, sink: Sink[Any]) -> None:
        from operators.processors import Unicast

        # Its requests are serial (§2.7), whichever thread has written a batch.
        self._processor: Unicast[T] = Unicast(sink.batch)
        self.handle: Handle = self._processor.apply(sink).for_each(_nothing)

    def on_subscribe(self, subscription: Subscription) -> None:
        """Take the Subscription (§2.5)."""
        self._processor.on_subscribe(subscription)

    def on_next(self, item: T) -> None:
        """Take an item, which is written soon."""
        self._processor.on_next(item)

    def on_error(self, error: Exception) -> None:
        """Take the error, which the handle raises."""
        self._processor.on_error(error)

    def on_complete(self) -> None:
        """Take the end; the handle is done when all is written."""
        self._processor.on_complete()


def _nothing(item: object) -> None:
    pass


class _Operator(AsyncIterableSource):
    """The place of a sink in a pipeline: its flow of batches is inside of it."""

    __slots__ = ("_batches", "_sink", "name")
    contract = Contract.ON_DEMAND

    def __init__(self, sink: Sink[Any], batches: Node) -> None:
        self._sink = sink
        self._batches = batches
        self.name: str = sink.name or type(sink).__name__.lower()

    @property
    def details(self) -> str:
        return self._sink.details

    @property
    def asyncio_only(self) -> bool:
        return of_asyncio(self._sink)

    @property
    def holds(self) -> int:
        return self._sink.batch

    @property
    def flows(self) -> tuple[Node, ...]:
        return (self._batches,)

    def aiterator_in(self, scope: Scope) -> AsyncIterator[Any]:
        node = self._batches
        if running_loop() is None:
            node = Node(SubscribeOn(thread(f"operators-{self.name}")), node)
        elif self.away:  # what is upstream runs here
            node = Node(SubscribeOn(LoopScheduler(running_loop())), node)
        return self._written(node, scope)

    async def _written(self, node: Node, scope: Scope) -> AsyncIterator[Any]:
        async with self._sink.open() as write, aclosing(apull(node, scope)) as batches:
            async for batch in batches:
                try:
                    await write(batch)
                except Exception:
                    raise
                except BaseException:  # a cancel: how much of it is written only the sink knows
                    scope.discard((batch,))
                    raise
                yield batch


class _Batch(list[Any]):
    """Items that are written together; nobody else's lists are taken for it."""


def _items_of(held: Any) -> Iterable[Any]:
    """Return what is discarded of what is held above: the items of a batch, or one that waits for that."""
    return held if type(held) is _Batch else (held,)


class _Gather(BatchWhileWaiting):
    __slots__ = ()
    kind = _Batch
