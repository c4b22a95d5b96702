"""A source that waits: an async generator of batches."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import TYPE_CHECKING, Any, Generic

from operators._kernel.kinds import AsyncIterableSource
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators.custom.kinds import Out
from operators.transform.flat_map_iterable import FlatMapIterable

if TYPE_CHECKING:
    from operators.flow import Flow


def the_same(batch: Any) -> Any:
    """Return what was given."""
    return batch


def _items_of(batch: Any) -> Iterable[Any]:
    """Return the items of a batch; of one that makes them as they are taken there are none yet."""
    given: Iterable[Any] = batch
    return given if isinstance(batch, _LISTS) else ()


_LISTS: tuple[type, ...] = (list, tuple)


def of_asyncio(made: Any) -> bool:
    """Whether a source or a sink is for asyncio alone."""
    said: bool | None = made.asyncio_only
    return _is_ours(made) if said is None else said


def _is_ours(made: Any) -> bool:
    return type(made).__module__.startswith("operators.connectors.")


class AsyncSource(Generic[Out]):
    """A source whose items are waited for: its `batches` is an async generator, begun anew for each run.

    It is asked for a batch when an item is wanted and the batch before is used up; so a batch of one is
    demand to the item (§1.1), and a larger one is what it holds. It runs on the event loop that runs where
    the flow is subscribed to, or on the library's own. At the end, whichever, the generator is closed, and
    its
    `finally` is waited for; what it raises fails the flow, with a note of where.

    >>> from operators.custom import AsyncSource
    >>> class Ticks(AsyncSource[int]):
    ...     async def batches(self):
    ...         for n in range(3):
    ...             await asyncio.sleep(0)
    ...             yield [n]
    >>> import asyncio
    >>> list(Ticks().flow())
    [0, 1, 2]
    """

    name: str = ""
    """What it is called in errors and in explain(); by default after the class."""
    details: str = ""
    """Its settings, for explain()."""
    holds: int = 1
    """The largest number of items in a batch."""
    asyncio_only: bool | None = None
    """Whether on trio it is to run on the library's own loop, which is one of asyncio.

    None: the connectors of the library are, which use asyncio; others run on whichever runs.
    """

    any_thread: bool | None = None
    """Whether it may go on on another thread after an await, while its event loop remains the same.

    Then a plain `for` runs that loop itself while it waits, in place of crossing to the library's thread
    and back for each batch. What is bound to a thread (greenlets, as of SQLAlchemy, a connection of
    sqlite3) is not to be used then. None: the connectors of the library may; others say so.
    """

    def batches(self) -> AsyncIterator[Iterable[Out]]:
        """Return the batches of one run: an async generator."""
        raise NotImplementedError(f"{type(self).__name__} has no batches")

    def flow(self) -> Flow[Out]:
        """Return the flow of its items, which runs anew for each Subscriber."""
        from operators.flow import Flow

        return Flow(Node(FlatMapIterable(the_same, _items_of), Node(_Operator(self))))


class _Operator(AsyncIterableSource):
    """The place of a source in a pipeline."""

    __slots__ = ("_source", "name")
    contract = Contract.ON_DEMAND

    def __init__(self, source: AsyncSource[Any]) -> None:
        self._source = source
        self.name: str = source.name or type(source).__name__.lower()

    @property
    def details(self) -> str:
        return self._source.details

    @property
    def asyncio_only(self) -> bool:
        return of_asyncio(self._source)

    @property
    def any_thread(self) -> bool:
        said = self._source.any_thread
        return _is_ours(self._source) if said is None else said

    @property
    def holds(self) -> int:
        return self._source.holds - 1  # one of a batch is on its way already

    def aiterator(self) -> AsyncIterator[Any]:
        return self._source.batches()
