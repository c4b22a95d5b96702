"""Where flows begin."""

from __future__ import annotations

from asyncio import Future as AsyncFuture
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import TYPE_CHECKING, Any, Literal, Never, overload

from typing_extensions import TypeVar

from operators._faces.face import Face, T_co, source, sources_only
from operators._kernel.failures.checks import need_methods
from operators.schedulers import Scheduler
from operators.sources.async_iterable import FromAsyncIterable, need_async_iterable
from operators.sources.create import AsyncEmitter, Create, Emitter
from operators.sources.defer import Defer
from operators.sources.error import Error
from operators.sources.future import FromFuture
from operators.sources.generate import Generate
from operators.sources.iterable import Empty, FromIterable, Of, Range, need_iterable
from operators.sources.never import Never as NeverSource
from operators.sources.publisher import FromPublisher
from operators.sources.repeat_value import RepeatValue
from operators.sources.using import using
from reactive_streams import Publisher

if TYPE_CHECKING:
    from operators.flow import Flow

U = TypeVar("U")
S = TypeVar("S")
A = TypeVar("A")
Overflow = Literal["block", "drop_newest", "drop_oldest", "latest", "error"]


@sources_only
class Sources(Face[T_co]):
    """The sources, as class methods."""

    __slots__ = ()

    @classmethod
    def of(cls, *items: U) -> Flow[U]:
        """Return a flow of the given items; none of them may be None (§2.13).

        >>> list(Flow.of("a", "b"))
        ['a', 'b']
        """
        for item in items:
            if item is None:
                raise TypeError(
                    "of: None is not an element (§2.13); use another value for 'nothing'"
                )
        return source(Of(items, "of"))

    @classmethod
    def empty(cls) -> Flow[Never]:
        """Return a flow that completes at once, without an item and without demand (§1.5).

        >>> list(Flow.empty())
        []
        """
        return source(Empty((), "empty"))

    @classmethod
    def never(cls) -> Flow[Never]:
        """Return a flow that sends no item and no end; only a cancel, or a bad request, ends it.

        >>> Flow.never().timeout(0.001).on_error_return("nothing came").run()
        'nothing came'
        """
        return source(NeverSource())

    @classmethod
    def error(cls, error: Exception) -> Flow[Never]:
        """Return a flow that fails with `error` at once, without demand (§1.4).

        >>> list(Flow.error(ValueError("no luck")).on_error_return("well"))
        ['well']
        """
        return source(Error(error))

    @classmethod
    def range(cls, start: int, stop: int | None = None, step: int = 1) -> Flow[int]:
        """Return a flow of the integers of the built-in `range` with the same arguments.

        Completes with its last item (§1.5). Raises what `range` raises.

        >>> list(Flow.range(3)), list(Flow.range(8, 2, -3))
        ([0, 1, 2], [8, 5])
        """
        numbers = range(start) if stop is None and step == 1 else _range(start, stop, step)
        return source(Range(numbers, "range"))

    @classmethod
    def from_iterable(cls, items: Iterable[U]) -> Flow[U]:
        """Return a flow of the items of an iterable, which is never pulled ahead of demand (§1.1).

        Each Subscriber goes through it anew. A one-shot iterator, such as a generator, has one
        Subscriber; a second one gets a RuntimeError. A generator is closed when its Subscriber cancels.
        Raises TypeError where `items` cannot be iterated.

        >>> list(Flow.from_iterable({"one": 1, "two": 2}))
        ['one', 'two']
        """
        need_iterable(items)
        return source(FromIterable(items))

    @classmethod
    def from_async_iterable(cls, items: AsyncIterable[U]) -> Flow[U]:
        """Return a flow of the items of an async iterable, never pulled ahead of demand (§1.1).

        It runs on the event loop that runs where it is subscribed to, or else on the library's own, on
        a background thread. A one-shot async iterator has one Subscriber. Raises TypeError where
        `items` is no async iterable.

        >>> async def ticks():
        ...     for n in range(3):
        ...         yield n
        >>> list(Flow.from_async_iterable(ticks()))
        [0, 1, 2]
        """
        need_async_iterable(items)
        return source(FromAsyncIterable(items))

    @classmethod
    def from_publisher(cls, publisher: Publisher[U]) -> Flow[U]:
        """Return a flow of anybody's Publisher, which is held to the rules.

        What it sends is counted against what was asked for (§1.1), None is refused (§2.13), and what it
        raises is caught: a breach becomes a RuleViolation that names the rule. Raises TypeError where
        `publisher` has no `subscribe`.

        >>> list(Flow.from_publisher(Flow.of(1, 2)))
        [1, 2]
        """
        return source(FromPublisher(publisher))

    @classmethod
    def defer(cls, factory: Callable[[], Publisher[U]]) -> Flow[U]:
        """Return a flow that `factory` makes anew for each Subscriber.

        What the factory raises goes to that Subscriber as an error.

        >>> numbers = Flow.defer(lambda: Flow.from_iterable(iter([1, 2])))
        >>> list(numbers), list(numbers)
        ([1, 2], [1, 2])
        """
        return source(Defer(factory))

    @classmethod
    def generate(cls, seed: S, step: Callable[[S], tuple[U, S] | None]) -> Flow[U]:
        """Return a flow of what `step(state)` makes: it returns (item, next state), or None at the end.

        `step` is called once for each item asked for (§1.1), first with `seed`.

        >>> list(Flow.generate(1, lambda n: (n, n * 2)).take(5))
        [1, 2, 4, 8, 16]
        """
        return source(Generate(seed, step))

    @classmethod
    def using(
        cls,
        factory: Callable[[], AbstractContextManager[A] | AbstractAsyncContextManager[A]],
        fn: Callable[[A], Publisher[U]],
    ) -> Flow[U]:
        """Return a flow of the items of the flow fn(resource), with a resource of its own for each run.

        `factory()` gives a context manager, sync or async, which is entered when there is demand. It is
        left before the end is told, with the error where there is one, and at a cancel with a
        GeneratorExit; what it raises then is the flow's error. It cannot swallow an error.

        >>> from io import StringIO
        >>> Flow.using(lambda: StringIO("all of it"), lambda file: Flow.of(file.read())).run()
        'all of it'
        """
        from operators.flow import Flow

        return Flow(using(factory, fn))

    @classmethod
    def from_future(cls, future: Future[U] | AsyncFuture[U]) -> Flow[U]:
        """Return a flow of the result of a future, of asyncio or of concurrent.futures.

        A result of None is a flow without items. A cancel leaves the future as it is: others may wait for
        it. A future that is cancelled is an error. Raises TypeError for what is no future.

        >>> from concurrent.futures import Future
        >>> future = Future()
        >>> future.set_result(7)
        >>> Flow.from_future(future).run()
        7
        """
        return source(FromFuture(future))

    @classmethod
    def repeat_value(cls, value: U) -> Flow[U]:
        """Return a flow of `value`, again and again. Raises TypeError for None (§2.13).

        >>> list(Flow.repeat_value("a").take(3))
        ['a', 'a', 'a']
        """
        return source(RepeatValue(value))

    @overload
    @classmethod
    def create(
        cls,
        producer: Callable[[Emitter[U]], None],
        *,
        overflow: Overflow = "block",
        capacity: int = 256,
        scheduler: Scheduler | None = None,
    ) -> Flow[U]: ...
    @overload
    @classmethod
    def create(
        cls,
        producer: Callable[[AsyncEmitter[U]], Awaitable[None]],
        *,
        overflow: Overflow = "block",
        capacity: int = 256,
    ) -> Flow[U]: ...
    @classmethod
    def create(
        cls,
        producer: Callable[..., Any],
        *,
        overflow: Overflow = "block",
        capacity: int = 256,
        scheduler: Scheduler | None = None,
    ) -> Flow[Any]:
        """Return a flow that `producer` pushes into, through the emitter that it is called with.

        A plain function runs on a worker of `scheduler` (a thread of its own), a coroutine function on
        the event loop. Up to `capacity` items wait for demand (§1.1); then `overflow` decides: "block"
        has emit wait, "drop_newest" and "drop_oldest" drop an item, "latest" keeps the last one only,
        "error" fails with a BackpressureError.

        The stream ends with emitter.complete() or .error(e); when a coroutine function returns; and when
        a plain one has returned and nobody has the emitter any more: it may be kept for callbacks.
        A coroutine is cancelled when the stream is over, at its next await where it ended by its own
        emit. Where it ends the stream itself, or is told so by an emit that returns False, it has half a
        second for its cleanup first.

        >>> def count(emitter):
        ...     for n in range(3):
        ...         emitter.emit(n)
        ...     emitter.complete()
        >>> list(Flow.create(count))
        [0, 1, 2]
        """
        if scheduler is not None:
            need_methods("create", "Scheduler", scheduler, "now", "worker")
        return source(Create(producer, overflow, capacity, scheduler))


def _range(start: int, stop: int | None, step: int) -> range:
    return range(0, start, step) if stop is None else range(start, stop, step)
