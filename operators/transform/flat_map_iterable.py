"""flat_map_iterable: the items of an iterable made of each item."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from operators._kernel.failures.checks import flow_of, need_callable, need_result, shown
from operators._kernel.failures.firsts import first
from operators._kernel.fusing.fusion import let_go
from operators._kernel.fusing.opening import Place
from operators._kernel.kinds import Link
from operators._kernel.links.queued import EMPTY, QueuedStage
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators._kernel.plan.step import Step
from operators._kernel.subscription.scope import Scope


class FlatMapIterable(Step, Link):
    """The items of fn(item), one iterable after another.

    emits        each item of each iterable, in order
    backpressures  asks upstream for one item when an iterable is at its end and there is demand
    completes    when upstream has completed and the last iterable is at its end
    fails        when upstream does, fn raises or gives no iterable, or an iterable raises
    """

    __slots__ = ("_fn", "parts")
    name = "flat_map_iterable"
    contract = Contract.SEQUENTIAL
    steady = True
    pushes = False
    nests = True
    body = """
$origin = $item
$inner = $iterate($item)
try:
    for $item in $inner:
        ...
finally:
    $close($inner)
"""

    def __init__(
        self, fn: Callable[[Any], Any], parts: Callable[[Any], Iterable[Any]] | None = None
    ) -> None:
        need_callable("flat_map_iterable", "fn", fn)
        self.parts: Callable[[Any], Iterable[Any]] | None = parts
        """Gives what an item that is held above, or here, is discarded as; None: as itself."""
        self._fn: Callable[[Any], Any] = first("flat_map_iterable", "fn", fn, self._settle)

    def _settle(self, fn: Callable[[Any], Any]) -> None:
        self._fn = fn

    @property
    def holds(self) -> int:
        return 1

    @property
    def prefetch_upstream(self) -> int:
        return 1

    def values(self) -> dict[str, Any]:
        return {"iterate": self.iterate, "close": None, "inner": None, "origin": None}

    def bound(self, place: Place) -> dict[str, Any]:
        return {"close": partial(_part_with, place.scope)}

    def scope(self, scope: Scope) -> Scope:
        parts = self.parts
        if parts is None or not scope.discards:
            return scope
        return scope.discarding(lambda item: scope.discard(parts(item)))

    def iterate(self, item: Any) -> Iterator[Any]:
        """Return the iterator over fn(item)."""
        made = self._fn(item)
        try:
            return iter(made)
        except TypeError:
            need_result("flat_map_iterable", "fn", made)
            raise TypeError(
                f"flat_map_iterable: fn must give an iterable, got {shown(made)}"
                f"{'' if made is None else f'; use {flow_of(made)} and flat_map'}"
            ) from None

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        return _IterableStage(self, downstream, node, scope)


def _part_with(scope: Scope, iterator: Iterator[Any]) -> None:
    """Close an iterator that nobody pulls any more; what a list still has is discarded."""
    if isinstance(iterator, _HELD):
        scope.discard(iterator)
    else:
        let_go(iterator)


_HELD: tuple[type, ...] = (type(iter([])), type(iter(())))
"""Iterators over what is all there already; of others nothing was accepted that was not pulled."""


class _IterableStage(QueuedStage):
    __slots__ = ("_asked", "_completed", "_current", "_operator", "_waiting")

    def __init__(
        self, operator: FlatMapIterable, downstream: Any, node: Node, scope: Scope
    ) -> None:
        super().__init__(downstream, node, scope)
        self._operator = operator
        self._waiting: deque[Any] = deque()
        self._current: tuple[Iterator[Any], Any] | None = None
        self._asked = False
        self._completed = False

    @property
    def occupied(self) -> int:
        """The item whose iterable is open, or is to be opened next."""
        return self.buffered + (self._current is not None)

    @property
    def buffered(self) -> int:
        """The item that waits for its iterable to be opened."""
        return len(self._waiting)

    def on_next(self, item: Any) -> None:
        self._waiting.append(item)
        self._asked = False
        self.schedule()

    def on_error(self, error: Exception) -> None:
        if self.done:
            self.abort(error)
            return
        self.failure = error
        self.on_complete()

    def on_complete(self) -> None:
        self._completed = True
        self.schedule()

    def poll(self) -> Any:
        origin: Any = None
        try:
            while True:
                if self._current is None:
                    if not self._waiting:
                        self._ask()
                        return EMPTY
                    origin = self._waiting.popleft()
                    self._current = self._operator.iterate(origin), origin
                iterator, origin = self._current
                for item in iterator:
                    return item
                self._current = None
        except Exception as error:
            self.abort(self.blame(error, origin))
            return EMPTY

    def _ask(self) -> None:
        if not self._asked and not self._completed:
            self._asked = True
            self.upstream.request(1)

    def exhausted(self) -> bool:
        return self._completed and not self._waiting and self._current is None

    def held(self) -> list[Any]:
        current, self._current = self._current, None
        if current is not None:
            _part_with(self.scope, current[0])
        held: list[Any] = list(self._waiting)
        self._waiting.clear()
        parts = self._operator.parts
        return held if parts is None else [each for item in held for each in parts(item)]
