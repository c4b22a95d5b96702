"""A source of one's own."""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Generic

from operators._kernel.kinds import IterableSource
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators.custom.kinds import Out, need_plain

if TYPE_CHECKING:
    from operators.flow import Flow


class Source(Generic[Out]):
    """A source that makes its items when they are asked for; for what comes by itself there is `Flow.create`.

    For each run it is copied, and `on_start` makes the state. `on_pull` is called when an item is wanted: it
    calls `push`, once or several times (what is more waits), `complete`, or raises. `on_close` is called once
    at the end, in whatever way that comes. `flow()` is the flow of it; it is fused with what follows.

    >>> from operators.custom import Source
    >>> class Countdown(Source[int]):
    ...     def __init__(self, start):
    ...         self.left = start
    ...
    ...     def on_pull(self):
    ...         if self.left == 0:
    ...             self.complete()
    ...             return
    ...         self.push(self.left)
    ...         self.left -= 1
    >>> list(Countdown(3).flow().map(str))
    ['3', '2', '1']
    """

    name: str = ""
    """What it is called in errors and in explain(); by default after the class."""
    _pushed: deque[Any]
    _over: bool

    def on_start(self) -> None:
        """Make the state of one run."""

    def on_pull(self) -> None:
        """An item is wanted: `push` it, or `complete`."""
        raise NotImplementedError(f"{type(self).__name__} has no on_pull")

    def on_close(self) -> None:
        """The run is over: completed, failed or cancelled."""

    def push(self, item: Out) -> None:  # type: ignore[misc]  # a parameter, but not of the protocol
        """Give an item."""
        self._pushed.append(item)

    def complete(self) -> None:
        """End, when what was pushed is delivered."""
        self._over = True

    def flow(self) -> Flow[Out]:
        """Return the flow of its items, which runs anew for each Subscriber.

        Raises TypeError where a handler is a coroutine function: for those there is `AsyncSource`.
        """
        from operators.flow import Flow

        need_plain(self, "on_start", "on_pull", "on_close")
        return Flow(Node(_Operator(self)))


class _Operator(IterableSource):
    """The place of a source in a pipeline."""

    __slots__ = ("_source", "name")
    contract = Contract.ON_DEMAND

    def __init__(self, source: Source[Any]) -> None:
        self._source = source
        self.name: str = source.name or type(source).__name__.lower()

    def iterator(self) -> Iterator[Any]:
        return _items(copy.copy(self._source), self.name)


def _items(source: Any, name: str) -> Iterator[Any]:
    pushed = source._pushed = deque[Any]()
    source._over = False
    source.on_start()
    try:
        while not source._over:
            source.on_pull()
            if not pushed and not source._over:
                raise RuntimeError(
                    f"{name}: on_pull has neither pushed nor completed; for items that come later "
                    "there is Flow.create"
                )
            while pushed:
                yield pushed.popleft()
    finally:
        source.on_close()
